"""What WISMO contacts cost, in words: the least where a price is missing, and where each price comes from."""

from collections.abc import Iterator
from typing import Any

from kpibar.answers.costs import Sources, TotalCost
from kpibar.answers.spending import GAPS, Expense
from kpibar.answers.wismo import Wismo
from kpibar.kpis.compute import UNKNOWN
from kpibar.render.messages import say, segment_name
from kpibar.render.numbers import format_number, format_value


def amount_text(amount: float, lang: str) -> str:
    """An amount without its currency: with decimals where it is small."""
    return format_number(amount, 0 if abs(amount) >= 100 else 2, lang)


def least_note(costs: TotalCost, currency: str, lang: str) -> str | None:
    """That the amount is the least that all contacts cost, and the channels without a price; None where it is all."""
    if not costs.without_price or costs.amount is None:
        return None
    channels = [
        _say(
            "contacts_one" if entry.contacts == 1 else "contacts",
            lang,
            channel=_channel(entry.channel, lang),
            count=_count(entry.contacts, lang),
        )
        for entry in costs.without_price
    ]
    return _say("least", lang, amount=_money(costs.amount, currency, lang), channels="; ".join(channels))


def source_notes(wismo: Wismo, lang: str) -> list[str]:
    """Where the price of each channel with WISMO contacts comes from, and what else there is and why it is not used."""
    return list(_source_notes(wismo, lang))


def _source_notes(wismo: Wismo, lang: str) -> Iterator[str]:
    sources, year = wismo.costs.sources, wismo.edition.year
    channels = [entry.channel for entry in wismo.costs.whole.channels if entry.channel]
    for channel in channels:
        if channel in sources.expenses_in_use:
            yield _spent_note(channel, wismo, lang)
    names = ", ".join(_channel(channel, lang) for channel in channels if channel in sources.used_of_settings)
    if names:
        yield _say("by_settings", lang, channels=names)
    if len(sources.currencies) > 1:
        yield _say("currencies", lang, year=year, currencies=", ".join(sources.currencies))
    elif sources.stated_in and sources.stated_in != sources.currency:
        yield _say("other_currency", lang, stated=sources.stated_in, currency=sources.currency)
    for channel, expense in sources.expenses.items():
        for gap in GAPS:
            if count := expense.gaps.get(gap):
                words = {"channel": _channel(channel, lang), "count": _count(count, lang), "year": year}
                yield _say(f"gap_{gap}", lang, **words)


def _spent_note(channel: str, wismo: Wismo, lang: str) -> str:
    """What was spent on a channel for how many contacts; and the price of the settings, which is not used."""
    sources = wismo.costs.sources
    expense, currency = sources.expenses_in_use[channel], sources.currency or ""
    texts = {
        "channel": _channel(channel, lang),
        "amount": _money(float(expense.amount), currency, lang),
        "contacts": _count(expense.contacts, lang),
        "months": _count(expense.months, lang),
        "of": _count(wismo.edition.window.end.month, lang),
    }
    settings_price = sources.settings_prices.get(channel)
    if settings_price is None:
        return _say("by_table", lang, **texts)
    price = f"{format_number(settings_price, 2, lang)}\u00a0{sources.stated_in}"
    return _say("by_table_not_settings", lang, stated=price, **texts)


def _say(key: str, lang: str, /, **values: object) -> str:
    return say(f"wismo_cost_{key}", lang, **values)


def _channel(channel: str | None, lang: str) -> str:
    return segment_name("channel", channel or UNKNOWN, lang)


def _count(number: float, lang: str) -> str:
    return format_value(number, "count", lang)


def _money(amount: float, currency: str, lang: str) -> str:
    return f"{amount_text(amount, lang)}\u00a0{currency}"


# JSON


def channel_source(channel: str | None, sources: Sources) -> dict[str, str | None]:
    """Where the price of a channel comes from: table, settings, or nowhere."""
    origin = (
        "table" if channel in sources.expenses_in_use else "settings" if channel in sources.used_of_settings else None
    )
    return {"price_source": origin}


def sources_json(wismo: Wismo) -> dict[str, Any]:
    """What the table and the settings have of the prices, used or not; amounts as they were added up."""
    sources = wismo.costs.sources
    return {
        "months": wismo.edition.window.end.month,
        "table_currencies": list(sources.currencies),
        "table": [_expense_json(entry, sources) for entry in sources.expenses.values()],
        "settings_currency": sources.stated_in,
        "settings": [
            {"channel": channel, "each": price, "used": channel in sources.used_of_settings}
            for channel, price in sources.settings_prices.items()
        ],
    }


def _expense_json(expense: Expense, sources: Sources) -> dict[str, Any]:
    return {
        "channel": expense.channel,
        "amount": float(expense.amount),
        "contacts": expense.contacts,
        "each": expense.per_contact,
        "months": expense.months,
        "months_left_out": {gap: expense.gaps.get(gap, 0) for gap in GAPS},
        "used": expense.channel in sources.expenses_in_use,
    }
