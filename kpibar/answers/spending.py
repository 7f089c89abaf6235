"""What was spent on each channel in the months of a year, and what one contact cost by it: the amounts of these months
over all contacts of the channel in exactly these months.

All contacts are those that KPIs count, whatever they were about: not spam, not merged, not sent by the company itself.
So the prices of a channel's contacts add up to what was spent on it. A month whose contacts are not all held has no
price: the contacts that are missing would make the others dear.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Literal

from kpibar.database.engine import Engine
from kpibar.kpis.compute import within
from kpibar.kpis.estimates import Window

# Why a month that has an amount has no price: its contacts are not all held yet, or not from its beginning, or none is;
# what it was spent on or in which currency is not known.
Gap = Literal["not_over", "begun_before", "no_contacts", "of_several_brands", "no_currency"]
GAPS: tuple[Gap, ...] = ("not_over", "begun_before", "no_contacts", "of_several_brands", "no_currency")
# A whole export may have no contact in the first days of a month, as in those of a year; not for longer than a week.
_FIRST_DAYS = 7


@dataclass(frozen=True)
class Expense:
    """What was spent on a channel in `months` of a year, and all its contacts in these months; `currency` is None where
    no month has a price. `gaps` are the other months that have an amount, by why they are left out.

    Example: 1200.00 for 400 contacts in 9 months is 3.00 for a contact.
    """

    channel: str
    amount: Decimal
    contacts: int
    months: int
    currencies: frozenset[str]
    gaps: Mapping[Gap, int] = field(default_factory=dict)

    @property
    def per_contact(self) -> float | None:
        """What one contact cost; None where no month tells."""
        return float(self.amount) / self.contacts if self.contacts else None


@dataclass(frozen=True)
class _Amount:
    """What was spent on a channel in the month that begins on a day, for the contacts of a brand or (None) of all."""

    channel: str
    begins_on: date
    brand: str | None
    amount: Decimal
    currency: str | None


@dataclass(frozen=True)
class _Contacts:
    """The counted contacts of a channel: by month and brand, and the days that the exports with any of it tell of."""

    by_month: Mapping[date, Mapping[str | None, int]]
    first: date | None
    last: date | None


@dataclass(frozen=True)
class _Month:
    """The amount of a month, its contacts and its currency, or why it is left out."""

    amount: Decimal = Decimal(0)
    contacts: int = 0
    currencies: frozenset[str] = frozenset()
    gap: Gap | None = None


def expenses(engine: Engine, window: Window, brand: str | None) -> dict[str, Expense]:
    """What the table of costs has of each channel in the months of a window, of all brands or one."""
    amounts = _amounts(engine, window, brand)
    if not amounts:
        return {}
    contacts = _contacts(engine, window)
    nobody = _Contacts({}, None, None)
    by_channel = groupby(amounts, key=lambda entry: entry.channel)
    return {
        channel: _expense(channel, entries, contacts.get(channel, nobody), window, brand)
        for channel, entries in by_channel
    }


def _amounts(engine: Engine, window: Window, brand: str | None) -> list[_Amount]:
    """The amounts of the months that begin in the window, those of a channel and month beside each other."""
    rows = engine.rows(f"""
        SELECT channel, begins_on, brand, currency, sum(amount)
        FROM costs
        WHERE {within("begins_on", [window])}
        GROUP BY channel, begins_on, brand, currency
        ORDER BY channel, begins_on, brand, currency
    """)
    amounts = [_Amount(channel, day, name, amount, currency) for channel, day, name, currency, amount in rows]
    return [entry for entry in amounts if brand is None or entry.brand in (None, brand)]


def _contacts(engine: Engine, window: Window) -> dict[str, _Contacts]:
    counts: dict[str, dict[date, dict[str | None, int]]] = {}
    for channel, month, name, count in engine.rows(f"""
        SELECT channel, CAST(date_trunc('month', created_on) AS DATE), brand, count(*)
        FROM fact_contacts
        WHERE counted AND channel IS NOT NULL AND {within("created_on", [window])}
        GROUP BY 1, 2, 3
    """):
        counts.setdefault(channel, {}).setdefault(month, {})[name] = int(count)
    # A channel may have few contacts: from which day on they are told is a matter of the exports that hold any of it.
    days = engine.rows("""
        WITH exports AS (
            SELECT source, min(created_on) AS first_on, max(coalesce(brand_as_of_on, as_of_on, created_on)) AS last_on
            FROM fact_contacts
            WHERE counted AND created_on IS NOT NULL
            GROUP BY source
        ),
        channels AS (
            SELECT DISTINCT channel, source
            FROM fact_contacts
            WHERE counted AND channel IS NOT NULL
        )
        SELECT channels.channel, min(exports.first_on), max(exports.last_on)
        FROM channels
        JOIN exports ON exports.source = channels.source
        GROUP BY channels.channel
    """)
    return {channel: _Contacts(counts.get(channel, {}), first, last) for channel, first, last in days}


def _expense(
    channel: str, amounts: Iterable[_Amount], contacts: _Contacts, window: Window, brand: str | None
) -> Expense:
    months = [
        _month(day, list(entries), contacts, window, brand)
        for day, entries in groupby(amounts, key=lambda entry: entry.begins_on)
    ]
    months_with_price = [month for month in months if month.gap is None]
    gaps = {gap: count for gap in GAPS if (count := sum(month.gap == gap for month in months))}
    return Expense(
        channel=channel,
        amount=sum((month.amount for month in months_with_price), Decimal(0)),
        contacts=sum(month.contacts for month in months_with_price),
        months=len(months_with_price),
        currencies=frozenset().union(*(month.currencies for month in months_with_price)),
        gaps=gaps,
    )


def _month(day: date, amounts: list[_Amount], contacts: _Contacts, window: Window, brand: str | None) -> _Month:
    """What was spent in the month that begins on a day, and for how many contacts.

    An amount of no brand is that of all brands together: beside it those of single brands are parts of what was spent
    on all, and what the other brands cost is not known.
    """
    by_brand = contacts.by_month.get(day, {})
    is_general = any(entry.brand is None for entry in amounts)
    if is_general:
        count = sum(by_brand.values())
    else:
        # Contacts of a brand of which no amount is known are left out, and so are amounts of a brand without contacts.
        amounts = [entry for entry in amounts if by_brand.get(entry.brand)]
        count = sum(by_brand[name] for name in {entry.brand for entry in amounts})
    last_day = day.replace(day=monthrange(day.year, day.month)[1])
    checks: dict[Gap, Callable[[], bool]] = {
        "not_over": lambda: last_day > min(window.end, contacts.last or window.end),
        "begun_before": lambda: contacts.first is not None and contacts.first > day.replace(day=_FIRST_DAYS),
        "no_contacts": lambda: not count,
        "of_several_brands": lambda: brand is not None and is_general and any(entry.brand for entry in amounts),
        "no_currency": lambda: any(entry.currency is None for entry in amounts),
    }
    gap = next((name for name, applies in checks.items() if applies()), None)
    if gap is not None:
        return _Month(gap=gap)
    currencies = frozenset(entry.currency for entry in amounts if entry.currency is not None)
    return _Month(sum((entry.amount for entry in amounts), Decimal(0)), count, currencies)
