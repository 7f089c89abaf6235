"""What contacts cost, by what was spent on each channel or, where that is not known, by what the settings state of it.
A channel without a price costs an unknown amount, never 0: how many contacts have a known cost stands beside every
amount.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kpibar.answers.spending import Expense
from kpibar.config import Settings


@dataclass(frozen=True)
class Prices:
    """What one contact costs by channel, in one currency; no channel without a price."""

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
class Sources:
    """Where the prices of a year come from.

    `expenses` has what the table of costs has of each channel, `settings_prices` the prices of the settings and
    `stated_in` their currency. The table wins: it is what was spent in these months, the settings are what somebody
    believes of them.
    """

    expenses: Mapping[str, Expense]
    settings_prices: Mapping[str, float]
    stated_in: str | None

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those of the table; several are not added up, and then the table has no price."""
        return tuple(sorted(frozenset().union(*(entry.currencies for entry in self.expenses.values()))))

    @property
    def expenses_in_use(self) -> dict[str, Expense]:
        """The channels that have their price from the table."""
        return {name: entry for name, entry in self.expenses.items() if entry.contacts} if self.is_one_currency else {}

    @property
    def is_one_currency(self) -> bool:
        """Whether the amounts of the table can be added up."""
        return len(self.currencies) == 1

    @property
    def currency(self) -> str | None:
        """The currency of the prices; None where there is none."""
        return self.currencies[0] if self.is_one_currency else self.stated_in

    @property
    def used_of_settings(self) -> dict[str, float]:
        """The channels that have their price from the settings."""
        if self.stated_in != self.currency:
            return {}
        return {name: price for name, price in self.settings_prices.items() if name not in self.expenses_in_use}


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
    def without_price(self) -> tuple[ChannelCost, ...]:
        """The channels whose contacts cost an unknown amount: with any, the amount is the least that all cost."""
        return tuple(entry for entry in self.channels if entry.amount is None)

    @property
    def amount(self) -> float | None:
        """What these cost."""
        return sum(entry.amount for entry in self.channels if entry.amount is not None) if self.known else None


def sources_of(settings: Settings, year: int, expenses: Mapping[str, Expense]) -> Sources:
    """What the table of costs and the settings have of a year."""
    settings_prices = settings.costs.of_year(year) if settings.costs else {}
    return Sources(expenses, settings_prices, settings.costs.currency if settings.costs and settings_prices else None)


def prices_of(sources: Sources) -> Prices | None:
    """The price of each channel that has one; None where none has.

    Example: 1200.00 EUR for 400 calls in the table is 3.00 for a call, also where the settings say `phone = 4.5`.
    """
    of_table = {
        name: entry.per_contact for name, entry in sources.expenses_in_use.items() if entry.per_contact is not None
    }
    by_channel = sources.used_of_settings | of_table
    return Prices(sources.currency, by_channel) if sources.currency and by_channel else None


def total_cost(prices: Prices | None, contacts: Iterable[tuple[str | None, int]]) -> TotalCost:
    """What the contacts of each channel cost, those of the most contacts first."""
    by_channel: dict[str | None, int] = {}
    for channel, count in contacts:
        by_channel[channel] = by_channel.get(channel, 0) + count
    settings_prices = prices.by_channel if prices else {}
    entries = []
    for channel, count in sorted(by_channel.items(), key=lambda pair: (-pair[1], pair[0] or "~")):
        price = settings_prices.get(channel) if channel else None
        entries.append(ChannelCost(channel, count, price, None if price is None else price * count))
    return TotalCost(tuple(entries))
