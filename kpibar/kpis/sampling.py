"""Shares of a population from a sample of it that was drawn by strata: pure functions over counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kpibar.kpis.intervals import Interval, wilson


@dataclass(frozen=True)
class Tally:
    """A stratum: the records it holds, how many of them somebody judged, and how many of these are hits."""

    records: int
    judged: int
    hits: int

    @property
    def share(self) -> float:
        """The share of hits among those that were judged. ValueError without any."""
        if not self.judged:
            raise ValueError("nothing of the stratum was judged")
        return self.hits / self.judged


def stratified_share(tallies: Sequence[Tally]) -> float | None:
    """The share of hits in all records: each stratum counts by its records; None where nothing was judged.

    A stratum of which nothing was judged is taken to have the share of the others.
    """
    known = [tally for tally in tallies if tally.judged]
    records = sum(tally.records for tally in known)
    return sum(tally.records * tally.share for tally in known) / records if records else None


def stratified_interval(tallies: Sequence[Tally], level: float = 0.95, *, variation: bool = True) -> Interval | None:
    """Interval of the share of hits in all records of some strata, from 0 to 1; None where nothing was judged.

    The Wilson intervals of the strata, added in squares; source: Zou and Donner (2008), Statistics in Medicine 27. A
    stratum that was judged to a large part is known better: its n judged records count as n (N - 1) / (N - n); source:
    Cochran (1977), Sampling Techniques. A stratum of which nothing was judged may hold no hit or nothing else; as such
    strata may be alike, their ranges add up as they are. `variation` adds how much the share of so many records varies
    from year to year by chance.

    >>> stratified_interval([Tally(400, 400, 100)], variation=False)
    Interval(low=0.25, high=0.25)
    """
    value = stratified_share(tallies)
    if value is None:
        return None
    total = sum(tally.records for tally in tallies)
    chance = wilson(value * total, total, level) if variation else Interval(value, value)
    assert chance is not None, "there are records"
    below, above, lowest, highest = (value - chance.low) ** 2, (chance.high - value) ** 2, value, value
    for tally in tallies:
        weight = tally.records / total
        if not tally.judged:
            lowest -= weight * value
            highest += weight * (1 - value)
            continue
        limits = _limits(tally, level)
        below += (weight * (tally.share - limits.low)) ** 2
        above += (weight * (limits.high - tally.share)) ** 2
    return Interval(max(0.0, lowest - math.sqrt(below)), min(1.0, highest + math.sqrt(above)))


def _limits(tally: Tally, level: float) -> Interval:
    if tally.judged == tally.records:
        return Interval(tally.share, tally.share)
    size = tally.judged * (tally.records - 1) / (tally.records - tally.judged)
    interval = wilson(tally.share * size, size, level)
    assert interval is not None, "something was judged"
    return interval


def sensitivity(positives: Sequence[Tally], negatives: Sequence[Tally]) -> float | None:
    """Of all hits, the share a classifier calls positive: strata it calls so, and the others.

    None without hits, or where something of a stratum that counts was not judged.
    """
    return _share_of_kind(_hits(positives), _hits(negatives))


def specificity(positives: Sequence[Tally], negatives: Sequence[Tally]) -> float | None:
    """Of all records that are no hits, the share a classifier calls negative; None as for `sensitivity`."""
    return _share_of_kind(_misses(negatives), _misses(positives))


def _share_of_kind(right: float | None, wrong: float | None) -> float | None:
    return None if right is None or wrong is None or right + wrong == 0 else right / (right + wrong)


def _hits(tallies: Sequence[Tally]) -> float | None:
    return sum(tally.records * tally.share for tally in tallies) if all(tally.judged for tally in tallies) else None


def _misses(tallies: Sequence[Tally]) -> float | None:
    hits = _hits(tallies)
    return None if hits is None else sum(tally.records for tally in tallies) - hits
