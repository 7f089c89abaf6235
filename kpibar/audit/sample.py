"""A sample of the contacts of a year, drawn by strata, to be read by people who do not see the recorded reason.

The draw is by chance and yet always the same: contacts are sorted by a hash of their id. A larger sample of the same
contacts holds the smaller one.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kpibar.audit.errors import SampleImpossible
from kpibar.audit.strata import COLUMNS, Frame, Stratum, contacts_of, key_of, load_frame
from kpibar.database.engine import Row
from kpibar.database.store import Store

# So many contacts are drawn of a stratum at least, as far as it has them.
_LEAST = 20


@dataclass(frozen=True)
class SampleContact:
    """A contact to read: its key, and what helps to find it in its tool.

    `subject` and `body` are there where the exports were read with --keep-text, without names and numbers.
    """

    key: str
    source: str
    contact_id: str
    created_on: date
    channel: str
    language: str
    subject: str
    body: str


@dataclass(frozen=True)
class Sample:
    """The contacts drawn of a year, in the order of their keys, which is one of chance."""

    frame: Frame
    contacts: tuple[SampleContact, ...]


def draw(store: Store, year: int, size: int) -> Sample:
    """A sample of the contacts of a year: of each language `size` with the reason WISMO, and as many of the others.

    Channels are in it in proportion to their contacts. Raises SampleImpossible.
    """
    strata = load_frame(store, year)
    if not strata.contacts:
        raise SampleImpossible(year)
    quotas, taken = _quotas(strata, size), dict.fromkeys(strata.contacts, 0)
    contacts = []
    for language, channel, reason, *values in _rows(store, year, max(quotas.values())):
        stratum = Stratum(strata.language(language), channel, reason)
        if taken[stratum] < quotas[stratum]:
            taken[stratum] += 1
            contacts.append(_contact(strata, values, channel, stratum.language))
    return Sample(strata, tuple(contacts))


def _contact(strata: Frame, values: list[Any], channel: str, language: str) -> SampleContact:
    key, source, contact_id, created_on, subject, body = values
    name = f"{strata.year}-{strata.mark}-{key}"
    return SampleContact(name, source, contact_id, created_on, channel, language, subject or "", body or "")


def _quotas(strata: Frame, size: int) -> Mapping[Stratum, int]:
    """How many contacts to draw of each stratum."""
    groups: dict[tuple[str, bool], list[Stratum]] = defaultdict(list)
    for stratum in strata.contacts:
        groups[stratum.language, stratum.reason == "wismo"].append(stratum)
    quotas: dict[Stratum, int] = {}
    for members in groups.values():
        counts = [strata.contacts[stratum] for stratum in members]
        quotas |= dict(zip(members, allocate(size, counts), strict=True))
    return quotas


def allocate(size: int, counts: list[int]) -> list[int]:
    """How many of `size` records to draw of strata that hold so many: in proportion, 20 of each at least, or all.

    >>> allocate(100, [900, 90, 10])
    [90, 20, 10]
    """
    total = sum(counts)
    return [min(count, max(_LEAST, math.ceil(size * count / total))) for count in counts]


def _rows(store: Store, year: int, most: int) -> list[Row]:
    """The first contacts of each stratum by their keys, of languages as they are recorded."""
    return store.engine.rows(
        f"""
        WITH contacts_by_key AS (
            SELECT {COLUMNS}, {key_of(year)} AS key, source, contact_id, created_on
            {contacts_of(year)}
        ),
        places AS (
            SELECT *, row_number() OVER (PARTITION BY language, channel, reason ORDER BY key) AS place
            FROM contacts_by_key
        )
        SELECT p.language, p.channel, p.reason, p.key, p.source, p.contact_id, p.created_on, c.subject, c.body
        FROM places AS p
        LEFT JOIN contacts AS c ON c.source = p.source AND c.contact_id = p.contact_id
        WHERE p.place <= {most}
        ORDER BY p.key
        """
    )
