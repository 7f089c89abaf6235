"""How many hits there would be if the rows of which it is not known whether they are hits were like the others.

Not like all others, but like those of their class: where a class records more than another, the rows of which
something is known are mostly its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from kpibar.kpis.estimates import Measure
from kpibar.kpis.masking import mask_remainders

# Classes of too few known rows hold this part of all rows at most, or nothing is said.
_LARGEST_PART = 0.1


@dataclass(frozen=True)
class WeightClass:
    """The rows of a class: all of them, those of which it is known whether they are hits, and the hits of these."""

    rows: float
    known_rows: float
    hits: float

    @property
    def unknown_rows(self) -> float:
        """The rows of which it is not known whether they are hits."""
        return self.rows - self.known_rows

    @property
    def expected_hits(self) -> float:
        """The hits among all its rows, if those of which it is not known were like the others of the class."""
        return self.rows * self.hits / self.known_rows


def expected_hits(classes: Sequence[WeightClass], minimum: int) -> float | None:
    """The hits among all rows, if those of which it is not known were like the others of their class.

    The sum over the classes of rows * hits / known rows. Classes of fewer known rows than `minimum` are one together,
    and with them the next smallest from whose share theirs could be told; of such without any known row the rows are
    like those of the other classes. None where classes of too few known rows hold more than a tenth of all rows.
    Source: Little and Rubin (2002), Statistical Analysis with Missing Data, section 3.3, weighting classes.
    """
    figures = mask_remainders([Measure(base=int(entry.known_rows)) for entry in classes], minimum)
    is_large = [figure.base > 0 and not figure.low_base for figure in figures]
    large = list(compress(classes, is_large))
    small = _sum_classes([entry for entry, has_share in zip(classes, is_large, strict=True) if not has_share])
    guesses = sum(entry.rows for entry in classes if entry.known_rows < minimum and entry.unknown_rows)
    rows, hits = sum(entry.rows for entry in large), sum(entry.expected_hits for entry in large)
    if guesses > _LARGEST_PART * (rows + small.rows) or 0 < small.known_rows < minimum:
        return None
    if small.known_rows:
        return hits + small.expected_hits
    return hits + small.rows * hits / rows if rows else None


def _sum_classes(classes: Sequence[WeightClass]) -> WeightClass:
    return WeightClass(
        sum(entry.rows for entry in classes),
        sum(entry.known_rows for entry in classes),
        sum(entry.hits for entry in classes),
    )
