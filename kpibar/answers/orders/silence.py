"""Silences: stretches in which a customer was owed a word and got none.

A customer is owed a word from the end of a promise until its parcel comes, and from a contact until the next word or
its solution. Any word ends a silence, whatever it is about: a notice, an event of a parcel, a reply, an answered call.
A stretch of a whole day or more is a silence: whoever waits for a parcel may expect to hear of it once a day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

SILENCE = timedelta(hours=24)
Cause = Literal["promise", "contact"]


@dataclass(frozen=True)
class Debt:
    """From when a customer was owed a word, and until when (None: it was never paid)."""

    cause: Cause
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Silence:
    """A stretch without a word that was owed, with what it was owed for. `open`: it lasts when the exports end."""

    start: datetime
    end: datetime
    causes: tuple[Cause, ...]
    open: bool

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start).total_seconds()


def silences(
    debts: Iterable[Debt], words: Iterable[datetime], until: datetime | None, shortest: timedelta = SILENCE
) -> tuple[Silence, ...]:
    """The silences up to the end of the exports, in the order of time; none where that is unknown."""
    if until is None:
        return ()
    inner = {word for word in words if word < until}
    spans = [(debt.start, min(_end(debt, inner, until), until), debt.cause) for debt in debts]
    owed = [span for span in spans if span[0] < span[1]]
    cuts = sorted(inner | {end for start, end, _ in owed} | {start for start, _, _ in owed})
    stretches: list[list[tuple[datetime, datetime, frozenset[Cause]]]] = []
    for start, end in pairwise(cuts):
        causes = frozenset(cause for first, last, cause in owed if first <= start and end <= last)
        if not causes:
            continue
        if stretches and stretches[-1][-1][1] == start and start not in inner:
            stretches[-1].append((start, end, causes))
        else:
            stretches.append([(start, end, causes)])
    spans_of_silence = ((pieces[0][0], pieces[-1][1], pieces) for pieces in stretches)
    return tuple(
        Silence(start, end, _main_causes(pieces), end == until)
        for start, end, pieces in spans_of_silence
        if end - start >= shortest
    )


def _main_causes(pieces: Iterable[tuple[datetime, datetime, frozenset[Cause]]]) -> tuple[Cause, ...]:
    """The causes that held for half of a silence at least; else the one that held longest."""
    lengths: dict[Cause, timedelta] = {}
    whole = timedelta()
    for start, end, causes in pieces:
        whole += end - start
        for cause in causes:
            lengths[cause] = lengths.get(cause, timedelta()) + (end - start)
    longest = max(lengths.values())
    return tuple(sorted(cause for cause, length in lengths.items() if 2 * length >= min(whole, 2 * longest)))


def _end(debt: Debt, words: Iterable[datetime], until: datetime) -> datetime:
    """When it is paid: what is owed for a contact by the next word too."""
    next_word = min((word for word in words if word > debt.start), default=until)
    end = debt.end or until
    return min(end, next_word) if debt.cause == "contact" else end
