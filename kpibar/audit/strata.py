"""The contacts of a year in strata: by language, channel, and what the recorded reason says of WISMO.

A sample is drawn in each stratum, so that rare languages, channels and reasons are in it. The key of a line of the
sample tells its stratum, so that a label counts as it was drawn, whatever is recorded of the contact later.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kpibar.database.store import Store
from kpibar.kpis.compute import within
from kpibar.measure.period import find_edition
from kpibar.measure.report import Edition

# What the recorded reason of a contact says: it asks where an order is, it asks something else, or nothing is known.
Reason = Literal["wismo", "other", "unknown"]
REASONS: tuple[Reason, ...] = ("wismo", "other", "unknown")
# Languages of fewer contacts are one: a sample of each would be larger than what it tells.
_LEAST_LANGUAGE = 100
SMALL_LANGUAGES, UNKNOWN = "other", "unknown"

# SQL of the language of a contact without its country ("fr" of "fr-BE"), of its channel, and of what its reason says.
_LANGUAGE_CODE = "^([a-z]{2,3})([-_].*)?$"
_LANGUAGE = f"coalesce(nullif(regexp_extract(lower(trim(lang)), '{_LANGUAGE_CODE}', 1), ''), '{UNKNOWN}')"
_REASON = "CASE WHEN wismo THEN 'wismo' WHEN classified THEN 'other' ELSE 'unknown' END"
STRATUM_SQL = f"{_LANGUAGE} AS language, coalesce(channel, '{UNKNOWN}') AS channel, {_REASON} AS reason"


@dataclass(frozen=True, order=True)
class Stratum:
    """Contacts of one language and channel whose recorded reason says the same."""

    language: str
    channel: str
    reason: Reason

    def code(self, year: int) -> str:
        """Six signs that stand for it in a key, and do not tell the reason to who reads the contact."""
        text = f"{year} {self.language} {self.channel} {self.reason}"
        return hashlib.sha256(text.encode()).hexdigest()[:6]


@dataclass(frozen=True)
class Key:
    """What the key of a line of a sample tells.

    The year, the code of the contact's stratum, how many contacts of the stratum were drawn and how many it holds, how
    many contacts the year holds, and fifteen signs that stand for the contact. As text all but the year and the contact
    is mixed with a hash of the contact: lines of one stratum look no more alike than others to who reads them.
    """

    year: int
    stratum: str
    drawn: int
    contacts: int
    total: int
    contact: str

    def __str__(self) -> str:
        content = f"{self.stratum}{self.drawn:08x}{self.contacts:08x}{self.total:08x}"
        return f"{self.year}-{_mix(content, self.contact)}-{self.contact}"


_KEY = re.compile(r"([1-9][0-9]{3})-([0-9a-f]{30})-([0-9a-f]{15})")


def parse_key(text: str) -> Key | None:
    """The key that a text is, None for any other text."""
    match = _KEY.fullmatch(text.strip().lower())
    if match is None:
        return None
    content = _mix(match[2], match[3])
    drawn, contacts, total = (int(content[place : place + 8], 16) for place in (6, 14, 22))
    return Key(int(match[1]), content[:6], drawn, contacts, total, match[3]) if 0 < drawn <= contacts <= total else None


def _mix(digits: str, contact: str) -> str:
    """Hexadecimal digits mixed with a hash of a contact; mixed again they are what they were."""
    other = hashlib.sha256(contact.encode()).hexdigest()[: len(digits)]
    return f"{int(digits, 16) ^ int(other, 16):0{len(digits)}x}"


@dataclass(frozen=True)
class Frame:
    """The contacts of a year that the report counts, by stratum; `languages` are those that stay apart."""

    edition: Edition
    contacts: Mapping[Stratum, int]
    languages: frozenset[str]

    @property
    def year(self) -> int:
        """The year of the report."""
        return self.edition.year

    @property
    def total(self) -> int:
        """All contacts."""
        return sum(self.contacts.values())

    def stratum(self, language: str, channel: str, reason: Reason) -> Stratum:
        """The stratum of a contact of a language, however few speak it."""
        return Stratum(language if language in self.languages else SMALL_LANGUAGES, channel, reason)


def contact_sql(year: int) -> str:
    """SQL of fifteen signs that stand for a contact and sort the contacts of a year by chance, always alike."""
    return f"substr(md5('{year} ' || contact_uid), 1, 15)"


def from_sql(edition: Edition) -> str:
    """SQL of the contacts of a year that the report counts, from FROM on."""
    return f"FROM fact_contacts WHERE counted AND {within('created_on', [edition.window])}"


def load_frame(store: Store, year: int | None = None) -> Frame:
    """The strata of a year, of the last one where none is named. Raises what `find_edition` raises."""
    edition = find_edition(store, year)
    rows = store.engine.rows(f"SELECT {STRATUM_SQL}, count(*) {from_sql(edition)} GROUP BY 1, 2, 3")
    by_language: Counter[str] = Counter()
    for language, _, _, count in rows:
        by_language[language] += int(count)
    languages = frozenset(name for name, count in by_language.items() if count >= _LEAST_LANGUAGE) | {UNKNOWN}
    contacts: Counter[Stratum] = Counter()
    for language, channel, reason, count in rows:
        contacts[Stratum(language if language in languages else SMALL_LANGUAGES, channel, reason)] += int(count)
    return Frame(edition, dict(contacts), languages)
