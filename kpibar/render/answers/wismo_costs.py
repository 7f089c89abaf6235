"""What WISMO contacts cost, in words: the least where a price is missing, and where each price comes from."""

from collections.abc import Iterator
from typing import Any

from kpibar.answers.costs import Sources, TotalCost
from kpibar.answers.spending import GAPS, Spending
from kpibar.answers.wismo import Wismo
from kpibar.kpis.compute import UNKNOWN
from kpibar.render.messages import say, segment_name
from kpibar.render.numbers import format_number, format_value


def amount_text(amount: float, lang: str) -> str:
    """An amount without its currency: with decimals where it is small."""
    return format_number(amount, 0 if abs(amount) >= 100 else 2, lang)


def least_note(costs: TotalCost, currency: str, lang: str) -> str | None:
    """That the amount is the least that all contacts cost, and the channels without a price; None where it is all."""
    if not costs.unpriced or costs.amount is None:
        return None
    channels = [
        _say(
            "contacts_one" if entry.contacts == 1 else "contacts",
            lang,
            channel=_channel(entry.channel, lang),
            count=_count(entry.contacts, lang),
        )
        for entry in costs.unpriced
    ]
    return _say("least", lang, amount=_money(costs.amount, currency, lang), channels="; ".join(channels))


def source_notes(wismo: Wismo, lang: str) -> list[str]:
    """Where the price of each channel with WISMO contacts comes from, and what else there is and why it is not used."""
    return list(_source_notes(wismo, lang))


def _source_notes(wismo: Wismo, lang: str) -> Iterator[str]:
    sources, year = wismo.costs.sources, wismo.edition.year
    channels = [entry.channel for entry in wismo.costs.whole.channels if entry.channel]
    for channel in channels:
        if channel in sources.used:
            yield _spent_note(channel, wismo, lang)
    names = ", ".join(_channel(channel, lang) for channel in channels if channel in sources.used_of_settings)
    if names:
        yield _say("by_settings", lang, channels=names)
    if len(sources.currencies) > 1:
        yield _say("currencies", lang, year=year, currencies=", ".join(sources.currencies))
    elif sources.stated_in and sources.stated_in != sources.currency:
        yield _say("other_currency", lang, stated=sources.stated_in, currency=sources.currency)
    for channel, spending in sources.spent.items():
        for gap in GAPS:
            if count := spending.gaps.get(gap):
                words = {"channel": _channel(channel, lang), "count": _count(count, lang), "year": year}
                yield _say(f"gap_{gap}", lang, **words)


def _spent_note(channel: str, wismo: Wismo, lang: str) -> str:
    """What was spent on a channel for how many contacts; and the price of the settings, which is not used."""
    sources = wismo.costs.sources
    spending, currency = sources.used[channel], sources.currency or ""
    texts = {
        "channel": _channel(channel, lang),
        "amount": _money(float(spending.amount), currency, lang),
        "contacts": _count(spending.contacts, lang),
        "months": _count(spending.months, lang),
        "of": _count(wismo.edition.window.end.month, lang),
    }
    stated = sources.stated.get(channel)
    if stated is None:
        return _say("by_table", lang, **texts)
    price = f"{format_number(stated, 2, lang)}\u00a0{sources.stated_in}"
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
    origin = "table" if channel in sources.used else "settings" if channel in sources.used_of_settings else None
    return {"price_source": origin}


def sources_json(wismo: Wismo) -> dict[str, Any]:
    """What the table and the settings have of the prices, used or not; amounts as they were added up."""
    sources = wismo.costs.sources
    return {
        "months": wismo.edition.window.end.month,
        "table_currencies": list(sources.currencies),
        "table": [_spending_json(entry, sources) for entry in sources.spent.values()],
        "settings_currency": sources.stated_in,
        "settings": [
            {"channel": channel, "each": price, "used": channel in sources.used_of_settings}
            for channel, price in sources.stated.items()
        ],
    }


def _spending_json(spending: Spending, sources: Sources) -> dict[str, Any]:
    return {
        "channel": spending.channel,
        "amount": float(spending.amount),
        "contacts": spending.contacts,
        "each": spending.each,
        "months": spending.months,
        "months_left_out": {gap: spending.gaps.get(gap, 0) for gap in GAPS},
        "used": spending.channel in sources.used,
    }
