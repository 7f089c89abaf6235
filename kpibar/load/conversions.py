"""What the cells of a record become: every helper call as a typed column, with the text it was made from.

Step by step, each a SELECT over the one before: what the engine itself makes of a cell, and whether that is what is
meant; where it is not, the values of all columns that are read by the same SQL; then the typed columns, and of these
what is plausible. Nothing here touches the database.
"""

from collections.abc import Iterable, Sequence

from kpibar.layouts.bindings import Cells
from kpibar.load.identifiers import person_of
from kpibar.values.helpers import HELPERS
from kpibar.values.notation import Call, Reading

# Helpers that cannot fail on a non-empty cell.
TOTAL = ("text", "pii", "enum")
# No duration, score or amount of a contact is larger: thirty years in seconds.
_LARGEST = "1e9"


def converted(rows: str, kept: Sequence[str], cells: Cells, reading: Reading) -> str:
    """The statement over trimmed cells that gives the typed columns, and `<column>_raw` of those that can fail.

    `kept` is what else is taken from `rows`.
    """
    for added in (_casts(cells), _forms(cells, reading), _read_together(cells, reading)):
        rows = _selected(["*", *added], rows)
    return _selected([_plausible_values(cells)], _selected([*kept, *_conversions(cells, reading)], rows))


def _selected(columns: Iterable[str], rows: str) -> str:
    return f"SELECT {', '.join(columns)}\nFROM ({rows})"


def _casts(cells: Cells) -> list[str]:
    """What the engine itself makes of the cells of which that may be the value."""
    return [
        f"try_cast({cells.value(call)} AS {direct.type}) AS {alias}_cast"
        for call, alias in cells.present().items()
        if (direct := HELPERS[call.helper].direct) is not None
    ]


def _forms(cells: Cells, reading: Reading) -> list[str]:
    """Which of its direct forms a cell has, by number; 0 where it has none of them."""
    found = []
    for call, alias in cells.present().items():
        if (direct := HELPERS[call.helper].direct) is not None:
            cell, forms = cells.value(call), direct.forms(f"{alias}_cast", call, reading)
            cases = " ".join(f"WHEN {text} = {cell} THEN {number}" for number, text in enumerate(forms, 1))
            found.append(f"CASE {cases} WHEN {cell} IS NOT NULL THEN 0 END AS {alias}_form")
    return found


def _alike(cells: Cells, reading: Reading) -> dict[str, list[tuple[Call, str]]]:
    """The columns read by one and the same SQL, where this is long, by that SQL over `cell`."""
    found: dict[str, list[tuple[Call, str]]] = {}
    for call, alias in cells.present().items():
        if call.helper not in TOTAL:
            found.setdefault(HELPERS[call.helper].sql("cell", call, reading), []).append((call, alias))
    return {sql: read for sql, read in found.items() if len(read) > 1 and "regexp_" in sql}


def _together(cells: Cells, reading: Reading) -> dict[str, str]:
    """Where the value of a column stands that is read together with others, by typed column."""
    return {
        alias: f"together_{number}[{place}]"
        for number, read in enumerate(_alike(cells, reading).values())
        for place, (_, alias) in enumerate(read, 1)
    }


def _read_together(cells: Cells, reading: Reading) -> list[str]:
    """The columns read by the same SQL, one list for each: the engine prepares it once, which costs what it is long."""
    found = []
    for number, (sql, read) in enumerate(_alike(cells, reading).items()):
        listed = [
            f"CASE WHEN {alias}_form = 0 THEN {cells.value(call)} END"
            if HELPERS[call.helper].direct
            else str(cells.value(call))
            for call, alias in read
        ]
        some = f"coalesce({', '.join(listed)}) IS NOT NULL"
        found.append(
            f"CASE WHEN {some} THEN list_transform([{', '.join(listed)}], lambda cell: {sql}) END AS together_{number}"
        )
    return found


def _conversions(cells: Cells, reading: Reading) -> list[str]:
    """The typed columns, and beside those that can fail the text they were made from."""
    found, together = [], _together(cells, reading)
    for call, alias in cells.present().items():
        cell = cells.value(call) or ""
        long = together.get(alias) or HELPERS[call.helper].sql(cell, call, reading)
        found.append(f"{_conversion(cell, call, alias, long, reading)} AS {alias}")
        if call.helper == "enum" or call.helper not in TOTAL:
            found.append(f"{cell} AS {alias}_raw")
    return found


def _conversion(cell: str, call: Call, alias: str, long: str, reading: Reading) -> str:
    """The typed value of a cell, `long` where it has no direct form; of identifiers, what its pseudonym is made of."""
    direct = HELPERS[call.helper].direct
    if call.helper == "pii":
        return f"CASE WHEN {cell} IS NOT NULL THEN {person_of(cell, reading.calling_code)} END"
    if direct is None:
        return long
    meant = direct.forms(f"{alias}_cast", call, reading).values()
    short = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(meant, 1))
    return f"CASE {alias}_form {short} WHEN 0 THEN {long} END"


def _plausible_values(cells: Cells) -> str:
    """The typed columns without the values no customer relationship has."""
    limited = [f"{value} AS {alias}" for call, alias in cells.present().items() if (value := _limited(call, alias))]
    return "*" if not limited else f"* REPLACE ({', '.join(limited)})"


def _limited(call: Call, value: str) -> str | None:
    """An instant far away is none: a slip of a digit, or a tool's largest date."""
    type = HELPERS[call.helper].type
    if type == "DOUBLE":
        return f"CASE WHEN abs({value}) <= {_LARGEST} THEN {value} END"
    if type == "TIMESTAMP":
        return f"CASE WHEN {value} BETWEEN TIMESTAMP '1990-01-01' AND TIMESTAMP '2100-01-01' THEN {value} END"
    return None
