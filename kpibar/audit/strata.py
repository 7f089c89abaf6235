"""The contacts of a year in strata: by language, channel, and what the recorded reason says of WISMO.

A sample is drawn in each stratum, so that rare languages, channels and reasons are in it, and the number of contacts
of the stratum gives its labels their weight.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kpibar.database.store import Store
from kpibar.kpis.compute import within
from kpibar.kpis.estimates import Window

# What the recorded reason of a contact says: it asks where an order is, it asks something else, or nothing is known.
Reason = Literal["wismo", "other", "unknown"]
# Languages of fewer contacts are one: a sample of each would be larger than what it tells.
_LEAST_LANGUAGE = 100
SMALL_LANGUAGES, NO_LANGUAGE, NO_CHANNEL = "other", "unknown", "unknown"

# SQL of the language of a contact without its country ("fr" of "fr-BE"), of its channel, and of what its reason says.
LANGUAGE = f"coalesce(nullif(lower(substr(trim(lang), 1, 2)), ''), '{NO_LANGUAGE}')"
CHANNEL = f"coalesce(channel, '{NO_CHANNEL}')"
REASON = "CASE WHEN wismo THEN 'wismo' WHEN classified THEN 'other' ELSE 'unknown' END"
COLUMNS = f"{LANGUAGE} AS language, {CHANNEL} AS channel, {REASON} AS reason"


@dataclass(frozen=True, order=True)
class Stratum:
    """Contacts of one language and channel whose recorded reason says the same."""

    language: str
    channel: str
    reason: Reason


@dataclass(frozen=True)
class Frame:
    """The contacts of a year that are counted: how many each stratum holds, and the languages that stay apart."""

    year: int
    contacts: Mapping[Stratum, int]
    languages: frozenset[str]

    def language(self, text: str) -> str:
        """The language of a stratum, of that of a contact."""
        return text if text in self.languages else SMALL_LANGUAGES

    @property
    def total(self) -> int:
        """All contacts."""
        return sum(self.contacts.values())

    @property
    def mark(self) -> str:
        """Six signs that change when contacts are added or recorded reasons change."""
        text = repr(sorted((stratum, count) for stratum, count in self.contacts.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:6]


def contacts_of(year: int) -> str:
    """SQL of the contacts of a year that are counted, from FROM on."""
    window = Window(date(year, 1, 1), date(year, 12, 31))
    return f"FROM fact_contacts WHERE counted AND {within('created_on', [window])}"


def key_of(year: int) -> str:
    """SQL of fifteen signs that stand for a contact and sort the contacts of a year by chance, always alike."""
    return f"substr(md5('{year} ' || contact_uid), 1, 15)"


def load_frame(store: Store, year: int) -> Frame:
    """The strata of a year."""
    rows = store.engine.rows(f"SELECT {COLUMNS}, count(*) {contacts_of(year)} GROUP BY 1, 2, 3")
    speakers: Counter[str] = Counter()
    for language, _, _, count in rows:
        speakers[language] += int(count)
    languages = frozenset(name for name, count in speakers.items() if count >= _LEAST_LANGUAGE) | {NO_LANGUAGE}
    empty = Frame(year, {}, languages)
    contacts: Counter[Stratum] = Counter()
    for language, channel, reason, count in rows:
        contacts[Stratum(empty.language(language), channel, reason)] += int(count)
    return Frame(year, dict(contacts), languages)
