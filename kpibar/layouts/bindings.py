"""Which cells of a file a layout's helper calls read, and what an expression over the typed records calls them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from kpibar.layouts.expression import Program
from kpibar.layouts.origins import has_value
from kpibar.read.columns import Column, normal
from kpibar.values.helpers import HELPERS
from kpibar.values.notation import Call


@dataclass(frozen=True)
class Cells:
    """The columns of a file by normalised name, as staged (c0, c1, ...), and the typed column of each helper call.

    `names` are the header's names as shown to the user, `aliases` the typed columns (h0, h1, ...) in order. `has_times`
    tells that a date whose time, in a column of its own, is empty is no instant; else it is its day's first moment.
    `masks` are the typed columns of what is stored in the place of cells that are also asked (see masks.py).
    """

    positions: Mapping[str, int]
    names: tuple[str, ...]
    aliases: Mapping[Call, str]
    has_times: bool = False
    masks: Mapping[Call, str] = field(default_factory=dict)

    def cell(self, column: str) -> str | None:
        """The staged column of a header name, None where the file lacks it."""
        position = self.positions.get(normal(column))
        return None if position is None else f"c{position}"

    def value(self, call: Call) -> str | None:
        """SQL of what a helper reads: a cell, or a date and a time set side by side.

        Where the time is empty, a promise is one of the whole day.
        """
        if call.formula:
            return self._formula(call)
        cells = [self.cell(name) for name in call.columns]
        if cells[0] is None or len(cells) == 1 or cells[1] is None:
            return cells[0]
        date, time = cells
        if call.helper != "instant" or not self.has_times:
            return f"CASE WHEN {date} IS NOT NULL THEN concat_ws(' ', {date}, {time}) END"
        return f"CASE WHEN {time} IS NOT NULL THEN {date} || ' ' || {time} WHEN contains({date}, ':') THEN {date} END"

    def halves(self) -> dict[str, str]:
        """SQL of whether an instant in two columns lacks its time or its date, by the name of a typed column."""
        halves = {}
        for call, alias in self.present("instant").items():
            date, time = (*map(self.cell, () if call.formula else call.columns), None, None)[:2]
            if time is not None:
                halves[f"{alias}_no_time"] = f"{time} IS NULL AND NOT contains({date}, ':')"
                halves[f"{alias}_no_date"] = f"{date} IS NULL AND {time} IS NOT NULL"
        return halves

    def incomplete(self, expressions: Iterable[Program]) -> list[tuple[str, str, str]]:
        """The instants of expressions that may lack half: the code of a remark, what it is about, the typed column."""
        halves, conditions = self.halves(), []
        for call in dict.fromkeys(call for expression in expressions for call in expression.calls):
            alias = self.aliases[call]
            if f"{alias}_no_time" in halves:
                code = "time_missing" if self.has_times else "time_missing_first_moment"
                conditions += [
                    (code, self.excerpt(call), f"{alias}_no_time"),
                    ("date_missing", self.excerpt(call), f"{alias}_no_date"),
                ]
        return conditions

    def _formula(self, call: Call) -> str | None:
        """SQL of what a helper reads where that is an expression over cells; None where the file lacks these."""
        cells = [self.cell(name) for name in call.names]
        absent = [number for number, cell in enumerate(cells) if cell is None]
        texts = Program(call.formula, tuple(Call("text", name) for name in call.names))
        if absent and not has_value(texts, absent):
            return None
        sql = call.formula.format(*(cell or "CAST(NULL AS VARCHAR)" for cell in cells))
        return f"nullif(trim(CAST(({sql}) AS VARCHAR)), '')"

    def excerpt(self, call: Call) -> str:
        """The header's own name of the column a call reads; of several the first that is there."""
        return next(self.names[self.positions[normal(name)]] for name in call.columns if self.cell(name))

    def present(self, helper: str = "") -> dict[Call, str]:
        """The calls (of one helper) whose column the file has, with their typed columns."""
        columns = {call: alias for call, alias in self.aliases.items() if not helper or call.helper == helper}
        return {call: alias for call, alias in columns.items() if self.value(call)}

    def absent(self, program: Program) -> tuple[int, ...]:
        """The helper calls of an expression, by number, whose column the file lacks."""
        return tuple(number for number, call in enumerate(program.calls) if self.value(call) is None)

    def name(self, call: Call) -> str:
        """How an expression over the typed records refers to a call; nothing, where the file lacks its column."""
        return f"t.{self.aliases[call]}" if self.value(call) else f"CAST(NULL AS {HELPERS[call.helper].type})"

    def fill(self, program: Program) -> str:
        """SQL of an expression over the typed records."""
        return program.template.format(*map(self.name, program.calls))

    def fill_stored(self, program: Program, places: Collection[int]) -> str:
        """The same of an expression whose value is stored, with what is stored in the place of some of its calls."""
        names = [
            f"coalesce(t.{self.masks[call]}, {self.name(call)})"
            if number in places and call in self.masks
            else self.name(call)
            for number, call in enumerate(program.calls)
        ]
        return program.template.format(*names)


def cells_of(header: Iterable[Column], expressions: Iterable[Program], *, has_times: bool = False) -> Cells:
    """The cells that expressions read in a file with this header; of columns with one name the first."""
    columns = tuple(header)
    positions: dict[str, int] = {}
    for position, column in enumerate(columns):
        positions.setdefault(column.normal, position)
    calls = dict.fromkeys(call for expression in expressions for call in expression.calls)
    aliases = {call: f"h{number}" for number, call in enumerate(calls)}
    return Cells(positions, tuple(column.name for column in columns), aliases, has_times)
