"""Which sign stands before the decimals of a column of numbers: what all its cells show, else what the layout states.

12,5 and 12,50 are decimals after a comma, 0,125 too; 12.50 are decimals after a point. 1,234 and 1.234 show nothing,
1,234,567 shows that the comma sets thousands apart.
A column that shows the sign the layout does not state, and never the one it states, is read with what it shows; one
that shows both is read as the layout states, and its other cells are rejected.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kpibar.database.engine import Engine
from kpibar.read.columns import normal
from kpibar.values.notation import AnyNotation

CODE = "decimal_sign"
# Behind one of the signs: digits that are no group of three, or three of them behind a zero.
_SHOWS = "[0-9]{sign}([0-9]{{1,2}}|[0-9]{{4,}})([^0-9.,]|$)|(^|[^0-9.,])0{sign}[0-9]{{3}}([^0-9.,]|$)"
# A group of three that may be thousands or decimals.
_AMBIGUOUS = "(^|[^0-9.,])[1-9][0-9]{{0,2}}{sign}[0-9]{{3}}([^0-9.,]|$)"
# Two groups of three: the sign sets thousands apart.
_THOUSANDS = "[0-9]{sign}[0-9]{{3}}{sign}[0-9]{{3}}([^0-9]|$)"
# Of so many cells that may be either, one at least must show decimals, else those that do are slips among thousands.
_EITHER_PER_SHOWN = 50
_NAMES = {",": "a comma", ".": "a point"}


@dataclass(frozen=True)
class _Signs:
    """How many cells of a column show decimals after the sign not stated, after the stated one, or may be thousands.

    `thousands` are those that show the sign not stated between thousands.
    """

    contrary_signs: int
    layout_signs: int
    ambiguous: int
    thousands: int

    @property
    def alone(self) -> bool:
        """Whether the column shows the other sign and never the stated one."""
        return (
            self.contrary_signs > 0 and self.ambiguous <= self.contrary_signs * _EITHER_PER_SHOWN and not self.contrary
        )

    @property
    def contrary(self) -> bool:
        """Whether a cell shows that the stated sign stands before decimals, or the other one between thousands."""
        return self.layout_signs > 0 or self.thousands > 0


def signs_shown(cells: Iterable[str]) -> str:
    """SQL aggregate: whether any of some cells has a sign that may be a decimal one."""
    signs = " OR ".join(f"contains({cell}, '.') OR contains({cell}, ',')" for cell in cells)
    return f"coalesce(bool_or({signs or 'FALSE'}), FALSE)"


def settle_decimals(
    engine: Engine, cells: Mapping[str, str], notation: AnyNotation
) -> tuple[AnyNotation, Counter[str]]:
    """The notation of a file whose first batch is `staged`, and how many of its records have a sign not stated.

    `cells` are the columns of numbers by header name, as SQL; the count is by what the remark is about. A column that
    shows nothing, as 1,234 does, follows the others of its file if these agree on the sign that is not stated, and if
    as many of their cells show it.
    """
    records: Counter[str] = Counter()
    if not cells:
        return notation, records
    opposite = "." if notation.decimal == "," else ","
    column_counts = ", ".join(
        f"count(*) FILTER (WHERE contains({cell}, '{sign}') AND regexp_matches({cell}, '{pattern}'))"
        for cell in cells.values()
        for sign, pattern in (
            (opposite, _pattern(_SHOWS, opposite)),
            (notation.decimal, _pattern(_SHOWS, notation.decimal)),
            (opposite, _pattern(_AMBIGUOUS, opposite)),
            (opposite, _pattern(_THOUSANDS, opposite)),
        )
    )
    counts = engine.rows(f"SELECT {column_counts} FROM staged")[0]
    signs = {name: _Signs(*counts[4 * place : 4 * place + 4]) for place, name in enumerate(cells)}
    alone = [name for name, counts_of_column in signs.items() if counts_of_column.alone]
    is_consistent = not any(
        counts_of_column.contrary or (counts_of_column.contrary_signs and not counts_of_column.alone)
        for counts_of_column in signs.values()
    )
    cells_shown = sum(signs[name].contrary_signs for name in alone)
    columns = [
        name for name in cells if name in alone or (alone and is_consistent and signs[name].ambiguous <= cells_shown)
    ]
    for name in columns:
        if number := signs[name].contrary_signs + signs[name].ambiguous:
            records[f'{_NAMES[opposite]} in "{name}"'] += number
    return replace(notation, decimals={normal(name): opposite for name in columns}), records


def _pattern(form: str, sign: str) -> str:
    return form.format(sign=f"[{sign}]")
