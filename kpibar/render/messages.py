"""Words for people in English and French: the tables of TOML files, and the few rules that pick from them."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib.resources import files

from kpibar.kpis.compute import NO_ORDER, UNKNOWN
from kpibar.render.numbers import format_number, format_value

_COUNTS = frozenset({"base", "doubtful", "least", "named", "rows"})
# Where the texts stand: those of reports, of each question that has an answer of its own, of the other commands.
_FILES = (
    "messages", "headline", "order", "explain", "wismo", "query", "files", "html",
    "ingest", "listings", "passport", "removal",
)  # fmt: skip
_IN_UNIT = frozenset({"low", "high", "weighted"})
# Rows of which a dimension says nothing: the key of their segment in the data and the message that names it.
_WITHOUT_NAME = {UNKNOWN: "unknown", NO_ORDER: "no_order"}


@lru_cache(maxsize=1)
def messages() -> Mapping[str, Mapping[str, str]]:
    """Every message by id, then by language."""
    folder = files("kpibar.render")
    tables = [tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")) for name in _FILES]
    return {key: texts for table in tables for key, texts in table.items()}


def is_message(key: str) -> bool:
    """Whether there is a message of that id."""
    return key in messages()


def say(key: str, lang: str, /, **values: object) -> str:
    """The message in a language, its placeholders filled. KeyError: unknown id, language or placeholder."""
    return messages()[key][lang].format(**values)


def number(value: float, lang: str) -> str:
    """A whole number with grouped thousands: "12,345", "12 345"."""
    return format_number(value, 0, lang)


def is_single(count: float, lang: str) -> bool:
    """Whether a number of things is named in the singular: 1, in French all below 2."""
    return count < 2 if lang == "fr" else count == 1


def say_count(key: str, lang: str, count: float, /, **values: object) -> str:
    """The message of a number of things, `count` in it with grouped thousands: that of `key_one` for a single one.

    ``say_count("ingest_files", "fr", 0)`` is "0 fichier": French has no plural below two.
    """
    return say(f"{key}_one" if is_single(count, lang) else key, lang, count=number(count, lang), **values)


def table_name(table: str, lang: str) -> str:
    """What the records of a canonical table are: "orders", "commandes"."""
    return say("files_table_orders" if table == "orders" else f"table_{table}", lang)


def title(titles: Mapping[str, str], lang: str) -> str:
    """The title in a language; in English when a user's own KPI has no other."""
    return titles.get(lang, titles["en"])


def segment_name(dimension: str | None, key: str, lang: str) -> str:
    """The name of a segment: a word for channels, reasons and what is unknown; others as in the data."""
    if key in _WITHOUT_NAME:
        return say(_WITHOUT_NAME[key], lang)
    message = messages().get(f"{dimension}_{key}") if dimension in ("channel", "reason") else None
    return message[lang] if message else key


def dimension_name(dimension: str, lang: str) -> str:
    """The name of a dimension, or the column itself when a user's own KPI is over another."""
    message = messages().get(f"dimension_{dimension}")
    return message[lang] if message else dimension


def day_name(day: date, lang: str) -> str:
    """A day without its year: "17 October", "17 octobre", "1er octobre"."""
    key = "first_day" if day.day == 1 else "day"
    return say(key, lang, day=day.day, month=say(f"month_{day.month}", lang))


def inputs(needs: Sequence[str], lang: str) -> str:
    """The inputs a KPI lacks: "parcels.promised_from, parcels.first_attempt_at or parcels.attempts"."""
    or_word = f" {say('or', lang)} "
    return ", ".join(or_word.join(need.split("|")) for need in needs)


def note_text(code: str, values: Mapping[str, str | int | float], lang: str) -> str:
    """The text of a note from its code and values; of bounds with the figure weighted by channel it has one more."""
    ending = "_weighted" if "weighted" in values else ""
    return say(f"note_{code}{ending}", lang, **note_values(values, lang))


def note_values(values: Mapping[str, str | int | float], lang: str) -> dict[str, str]:
    """The values of a note as written: counts with grouped thousands, an end day by its name, bounds in their unit."""
    texts = {name: _value_text(name, value, lang) for name, value in values.items()}
    if "unit" in values:
        texts |= {
            name: format_value(float(values[name]), str(values["unit"]), lang) for name in _IN_UNIT & values.keys()
        }
    return texts


def months_name(stretches: str, lang: str) -> str:
    """Months and intervals of months in words: "March 2025, June 2025 to September 2025"."""
    return ", ".join(_stretch(stretch.split("/"), lang) for stretch in stretches.split(", "))


def _stretch(ends: Sequence[str], lang: str) -> str:
    days = [date.fromisoformat(f"{end}-01") for end in ends]
    names = [say("month_of", lang, month=say(f"month_{day.month}", lang), year=day.year) for day in days]
    return names[0] if len(names) == 1 else say("months_of", lang, first=names[0], last=names[-1])


def _value_text(name: str, value: str | int | float, lang: str) -> str:
    if name == "missing":
        return months_name(str(value), lang)
    if name == "dimension":
        return dimension_name(str(value), lang).lower()
    if name == "table":
        return say(f"table_{value}", lang)
    if name == "coverage":
        # A KPI of the settings may rest on a share of its own, which has its id alone.
        return say(f"coverage_{value}", lang) if is_message(f"coverage_{value}") else str(value)
    if name == "channel":
        return say("in_channel", lang, channel=segment_name("channel", str(value), lang)) if value else ""
    if name in _COUNTS:
        return format_value(float(value), "count", lang)
    return day_name(date.fromisoformat(str(value)), lang) if name == "end" else str(value)
