"""What contacts cost, by what the settings state of each channel. A channel of which nothing is stated costs an unknown
amount, never 0: how many contacts have a known cost stands beside every amount.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kpibar.config import Settings


@dataclass(frozen=True)
class Prices:
    """What one contact costs by channel, in a currency; no channel where the settings state none."""

    currency: str
    by_channel: Mapping[str, float]

    @property
    def amount_sql(self) -> str:
        """SQL of what a contact costs, 0 where it is not known."""
        return self._case({channel: f"{price:.6f}" for channel, price in self.by_channel.items()}, "CAST({} AS DOUBLE)")

    @property
    def known_sql(self) -> str:
        """SQL of 1 where it is known what a contact costs, else 0."""
        return self._case(dict.fromkeys(self.by_channel, "1"), "{}")

    def _case(self, values: Mapping[str, str], form: str) -> str:
        if not values:
            return form.format("0")
        branches = " ".join(f"WHEN '{channel}' THEN {form.format(value)}" for channel, value in values.items())
        return f"CASE channel {branches} ELSE {form.format('0')} END"


@dataclass(frozen=True)
class ChannelCost:
    """The contacts of a channel (None: unknown), what each costs and what they cost; None where it is not stated."""

    channel: str | None
    contacts: int
    each: float | None
    amount: float | None


@dataclass(frozen=True)
class TotalCost:
    """What contacts cost in all, of those of which it is known; None where it is known of none."""

    channels: tuple[ChannelCost, ...]

    @property
    def contacts(self) -> int:
        """All contacts."""
        return sum(entry.contacts for entry in self.channels)

    @property
    def known(self) -> int:
        """Those whose cost is known."""
        return sum(entry.contacts for entry in self.channels if entry.amount is not None)

    @property
    def amount(self) -> float | None:
        """What these cost."""
        return sum(entry.amount for entry in self.channels if entry.amount is not None) if self.known else None


def prices_of(settings: Settings, year: int) -> Prices | None:
    """What the settings state of a year; None where they state nothing of any channel."""
    by_channel = settings.costs.of_year(year) if settings.costs else {}
    return Prices(settings.costs.currency, by_channel) if settings.costs and by_channel else None


def total_cost(prices: Prices | None, contacts: Iterable[tuple[str | None, int]]) -> TotalCost:
    """What the contacts of each channel cost, those of the most contacts first."""
    by_channel: dict[str | None, int] = {}
    for channel, count in contacts:
        by_channel[channel] = by_channel.get(channel, 0) + count
    stated = prices.by_channel if prices else {}
    entries = []
    for channel, count in sorted(by_channel.items(), key=lambda pair: (-pair[1], pair[0] or "~")):
        price = stated.get(channel) if channel else None
        entries.append(ChannelCost(channel, count, price, None if price is None else price * count))
    return TotalCost(tuple(entries))
