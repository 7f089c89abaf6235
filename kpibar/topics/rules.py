"""Contact reasons: which canonical reason a vendor's reason, or the text of a contact, stands for.

The rules are data (kpibar/topics/*.toml): per language and reason, regular expressions over the vendor's reason
and over the text. The languages are merged, the order of the English file is the priority, and each reason
and language becomes one alternation, which the engine evaluates in one pass over the raw text. (One alternation
over all languages outgrows the memory the regular-expression engine gives itself on long texts, and slows down.)
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from kpibar.values.notation import quote

_KINDS = ("vendor", "text", "unless", "vendor_unless")


@dataclass(frozen=True)
class Topic:
    """One canonical reason and its alternations, one per language that has a rule.

    `vendor` and `vendor_unless` read the reason that was recorded, `text` and `unless` what the customer wrote.
    """

    reason: str
    vendor: tuple[str, ...]
    text: tuple[str, ...]
    unless: tuple[str, ...]
    vendor_unless: tuple[str, ...]


@lru_cache(maxsize=1)
def topics() -> tuple[Topic, ...]:
    """The topics of all languages merged, in order of priority."""
    words: dict[str, dict[str, list[str]]] = {}
    folder = files("kpibar").joinpath("topics")
    for name in ("en.toml", "fr.toml"):
        for entry in tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))["topic"]:
            patterns = words.setdefault(entry["reason"], {kind: [] for kind in _KINDS})
            for kind, alternations in patterns.items():
                if entry.get(kind):
                    alternations.append("|".join(entry[kind]))
    return tuple(
        Topic(reason, **{kind: tuple(alternations) for kind, alternations in kinds.items()})
        for reason, kinds in words.items()
    )


def reasons() -> tuple[str, ...]:
    """Every canonical reason a contact can carry."""
    return (*(topic.reason for topic in topics()), "other")


def by_vendor(raw: str) -> str:
    """SQL of the canonical reason of a reason that was recorded, by the rules; NULL when no rule applies."""
    rules = " ".join(f"WHEN {_names(topic, raw)} THEN {quote(topic.reason)}" for topic in topics() if topic.vendor)
    return f"CASE WHEN {raw} IS NULL THEN NULL {rules} END"


def by_text(text: str) -> str:
    """SQL of the canonical reason found in a text, NULL when no rule applies."""
    rules = " ".join(f"WHEN {_applies(topic, text)} THEN {quote(topic.reason)}" for topic in topics() if topic.text)
    return f"CASE WHEN {text} IS NULL THEN NULL {rules} END"


def _applies(topic: Topic, text: str) -> str:
    matches = _matches(text, topic.text)
    return f"{matches} AND NOT {_matches(text, topic.unless)}" if topic.unless else matches


def _names(topic: Topic, raw: str) -> str:
    matches = _matches(raw, topic.vendor)
    return f"{matches} AND NOT {_matches(raw, topic.vendor_unless)}" if topic.vendor_unless else matches


def _matches(text: str, alternations: tuple[str, ...]) -> str:
    """SQL: one of the alternations matches, whatever the case."""
    tests = (f"regexp_matches({text}, {quote(alternation)}, 'i')" for alternation in alternations)
    return "(" + " OR ".join(tests) + ")"
