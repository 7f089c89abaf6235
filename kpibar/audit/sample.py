"""A sample of the contacts of a year, drawn by strata, to be read by people who do not see the recorded reason.

The draw is by chance and yet always the same: contacts are sorted by a hash of their id. A larger sample of the same
contacts holds the smaller one.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kpibar.audit.errors import SampleImpossible
from kpibar.audit.strata import STRATUM_SQL, Frame, Key, Stratum, contact_sql, from_sql, load_frame
from kpibar.database.engine import Row
from kpibar.database.store import Store

# So many contacts are drawn of a stratum at least, as far as it has them.
_LEAST = 20


@dataclass(frozen=True)
class SampleContact:
    """A contact to read: its key, and what helps to find it in its tool; `contact` is the source and its id there.

    `subject` and `body` are there where the exports were read with --keep-text, without names and numbers.
    """

    key: Key
    contact: str
    created_on: date
    channel: str
    language: str
    subject: str
    body: str


@dataclass(frozen=True)
class Sample:
    """The contacts drawn of a year, in an order of chance."""

    frame: Frame
    contacts: tuple[SampleContact, ...]


def draw(store: Store, year: int | None, size: int) -> Sample:
    """A sample of the contacts of a year: of each language `size` with the reason WISMO, and as many of the others.

    Channels are in it in proportion to their contacts, with 20 of each at least. Raises SampleImpossible and what
    `find_edition` raises.
    """
    frame = load_frame(store, year)
    if not frame.contacts:
        raise SampleImpossible(frame.year)
    quotas, numbers = _quotas(frame, size), Counter[Stratum]()
    contacts = []
    for row in _rows(store, frame, max(quotas.values())):
        language, channel, reason, contact_key, contact, created_on, subject, body = row
        stratum = frame.stratum(language, channel, reason)
        numbers[stratum] += 1
        if numbers[stratum] <= quotas[stratum]:
            counts = quotas[stratum], frame.contacts[stratum], frame.total
            key = Key(frame.year, stratum.code(frame.year), *counts, contact_key)
            contacts.append(SampleContact(key, contact, created_on, channel, language, subject or "", body or ""))
    return Sample(frame, tuple(contacts))


def _quotas(frame: Frame, size: int) -> Mapping[Stratum, int]:
    """How many contacts to draw of each stratum."""
    groups: dict[tuple[str, bool], list[Stratum]] = defaultdict(list)
    for stratum in frame.contacts:
        groups[stratum.language, stratum.reason == "wismo"].append(stratum)
    quotas: dict[Stratum, int] = {}
    for members in groups.values():
        counts = [frame.contacts[stratum] for stratum in members]
        quotas |= dict(zip(members, allocate(size, counts), strict=True))
    return quotas


def allocate(size: int, counts: list[int]) -> list[int]:
    """How many of `size` records to draw of strata that hold so many: in proportion, 20 of each at least, or all.

    >>> allocate(100, [900, 90, 10])
    [90, 20, 10]
    """
    total = sum(counts)
    return [min(count, max(_LEAST, math.ceil(size * count / total))) for count in counts]


def _rows(store: Store, frame: Frame, most: int) -> list[Row]:
    """The first contacts of each stratum by chance, of each language that is recorded, in an order of chance."""
    return store.engine.rows(
        f"""
        WITH contacts_of_year AS (
            SELECT {STRATUM_SQL}, {contact_sql(frame.year)} AS contact_key, contact_uid, source, contact_id, created_on
            {from_sql(frame.edition)}
        ),
        ranks AS (
            SELECT *, row_number() OVER (PARTITION BY language, channel, reason ORDER BY contact_key) AS contact_rank
            FROM contacts_of_year
        )
        SELECT r.language, r.channel, r.reason, r.contact_key, r.contact_uid, r.created_on, c.subject, c.body
        FROM ranks AS r
        LEFT JOIN contacts AS c ON c.source = r.source AND c.contact_id = r.contact_id
        WHERE r.contact_rank <= {most}
        ORDER BY r.contact_key
        """
    )
