"""Figures of too small a base, of which the base alone is shown; and what would give such a figure away.

Each rule takes the figures of one whole (its months, its segments, or one alone) and the smallest base.
"""

from collections.abc import Sequence

from kpibar.kpis.estimates import Measure, Reason

# A category of a mix of the settings has so many records at least, or is not shown.
_FEWEST = 10


def base_alone(measure: Measure, reason: Reason) -> Measure:
    """A figure of which the base alone is shown, and why; one that is masked already keeps its reason."""
    why = measure.reason if measure.low_base else reason
    return Measure(denominator=measure.denominator, base=measure.base, immature=measure.immature, reason=why)


def mask_nothing(figures: Sequence[Measure], minimum: int) -> list[Measure]:
    """The figures as they are: a count is a base itself."""
    return list(figures)


def mask_bases(figures: Sequence[Measure], minimum: int) -> list[Measure]:
    """The figures as they may be shown: of too small a base, the base alone."""
    return [
        figure if figure.base == 0 or figure.base >= minimum else base_alone(figure, "small_base") for figure in figures
    ]


def mask_remainders(figures: Sequence[Measure], minimum: int) -> list[Measure]:
    """The parts of a figure as they may be shown beside the whole.

    What is left of the whole when the parts that are shown are taken away is a figure too: where it would be of too
    small a base, the smallest of the others lose their value as well.
    """
    parts = mask_bases(figures, minimum)
    rest = sum(part.base for part in parts if part.low_base)
    for place in sorted(range(len(parts)), key=lambda place: parts[place].base):
        if not 0 < rest < minimum:
            break
        if parts[place].base and not parts[place].low_base:
            rest += parts[place].base
            parts[place] = base_alone(parts[place], "remainder")
    return parts


def mask_categories(figures: Sequence[Measure], minimum: int) -> list[Measure]:
    """The categories of a mix of the settings: its column may be one of nearly as many words as records.

    Those of fewer records lose their share, and the next smallest where they are fewer together.
    """
    fewest = min(_FEWEST, minimum)
    parts, rest = mask_bases(figures, minimum), 0.0
    for place in sorted(range(len(parts)), key=lambda place: parts[place].numerator or 0):
        records = parts[place].numerator or 0
        if records and (records < fewest or 0 < rest < fewest):
            rest += records
            parts[place] = base_alone(parts[place], "few_records")
    return parts
