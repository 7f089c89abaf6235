"""Which cells of a file a layout's helper calls read, and what an expression over the typed records calls them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kpibar.ingest.expressions import HELPERS, Call, Compiled
from kpibar.ingest.header import Column, normal


@dataclass(frozen=True)
class Cells:
    """The columns of a file by normalised name, as staged (c0, c1, ...), and the typed column of each helper call.

    `names` are the header's names as shown to the user, `aliases` the typed columns (h0, h1, ...) in order.
    """

    positions: Mapping[str, int]
    names: tuple[str, ...]
    aliases: Mapping[Call, str]

    def cell(self, column: str) -> str | None:
        """The staged column of a header name, None where the file lacks it."""
        position = self.positions.get(normal(column))
        return None if position is None else f"c{position}"

    def value(self, call: Call) -> str | None:
        """SQL of what a helper reads: a cell, or a date and a time set side by side."""
        cells = [self.cell(name) for name in call.columns]
        if cells[0] is None or len(cells) == 1 or cells[1] is None:
            return cells[0]
        return f"CASE WHEN {cells[0]} IS NOT NULL THEN concat_ws(' ', {cells[0]}, {cells[1]}) END"

    def shown(self, call: Call) -> str:
        """The header's own name of the column a call reads."""
        return self.names[self.positions[normal(call.column)]]

    def present(self, helper: str = "") -> dict[Call, str]:
        """The calls (of one helper) whose column the file has, with their typed columns."""
        wanted = {call: alias for call, alias in self.aliases.items() if not helper or call.helper == helper}
        return {call: alias for call, alias in wanted.items() if self.value(call)}

    def absent(self, compiled: Compiled) -> tuple[int, ...]:
        """The helper calls of an expression, by number, whose column the file lacks."""
        return tuple(number for number, call in enumerate(compiled.calls) if self.value(call) is None)

    def name(self, call: Call) -> str:
        """How an expression over the typed records refers to a call; nothing, where the file lacks its column."""
        return f"t.{self.aliases[call]}" if self.value(call) else f"CAST(NULL AS {HELPERS[call.helper].type})"

    def fill(self, compiled: Compiled) -> str:
        """SQL of an expression over the typed records."""
        return compiled.template.format(*map(self.name, compiled.calls))


def cells_of(header: Iterable[Column], expressions: Iterable[Compiled]) -> Cells:
    """The cells that expressions read in a file with this header; of columns with one name the first."""
    columns = tuple(header)
    positions: dict[str, int] = {}
    for position, column in enumerate(columns):
        positions.setdefault(column.normal, position)
    calls = dict.fromkeys(call for expression in expressions for call in expression.calls)
    aliases = {call: f"h{number}" for number, call in enumerate(calls)}
    return Cells(positions, tuple(column.name for column in columns), aliases)
