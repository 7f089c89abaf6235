"""A layout that reads one value of each kind, and the way from cells to what the database then holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kpibar.load.outcome import Outcome, limit
from tests.intake import config, held, take, write

LAYOUT = """
name = "notes"
fills = "contacts"
grain = "case"
detect = ["note", "at"]
{more}
[select]
contact_id = 'text("note")'
created_at = "TIMESTAMP '2001-01-01 00:00:00'"
updated_at = 'instant("at")'
case_id = 'text("case")'
order_ref = 'text("order")'
transfers = 'whole("whole")'
spam = 'flag("flag")'
answered = 'flag("flag")'
[also.orders]
where = '"amount" IS NOT NULL'
[also.orders.select]
order_ref = 'text("note")'
value = 'money("amount")'
# A score may be negative, as a duration may be written; what a contact waits may not.
[also.surveys]
where = 'TRUE'
[also.surveys.select]
survey_id = 'text("note")'
kind = "'csat'"
score = 'coalesce(duration("spoken"), hms("clock"), secs("seconds"))'
"""
HELD = {
    "at": "SELECT contact_id, updated_at FROM contacts",
    "spoken": "SELECT survey_id, score FROM surveys",
    "clock": "SELECT survey_id, score FROM surveys",
    "seconds": "SELECT survey_id, score FROM surveys",
    "whole": "SELECT contact_id, transfers FROM contacts",
    "flag": "SELECT contact_id, answered FROM contacts",
    "amount": "SELECT order_ref, value FROM orders",
}


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def taken(folder: Path, cells: dict[str, Sequence[str]], more: str = "", zone: str = "UTC", **options: Any) -> Outcome:
    """Ingest one file with these columns (of equal length; the notes are 0, 1, ...) by the layout of one's own."""
    write(folder, "layouts/notes.toml", LAYOUT.replace("{more}", more))
    cells = cells if "at" in cells else cells | {"at": [""] * len(next(iter(cells.values())))}
    rows = zip(*cells.values(), strict=True)
    lines = [",".join(["note", *cells]), *(",".join([str(n), *map(_quoted, row)]) for n, row in enumerate(rows))]
    settings = config(folder, f'timezone = "{zone}"\n')
    (folder / "test.duckdb").unlink(missing_ok=True)
    return take(
        folder,
        write(folder, "notes.csv", "\n".join(lines) + "\n"),
        settings=settings,
        **{"max_rejects": limit("100%"), **options},
    )[0]


def read(folder: Path, column: str, cells: Sequence[str], more: str = "", **options: Any) -> list[Any]:
    """What each cell of a column is held as; "rejected" where its record was not loaded. Errors are raised."""
    outcome = taken(folder, {column: [*cells, GOOD[column]]}, more, **options)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.counts.records == len(cells) + 1 == outcome.counts.added + outcome.counts.rejected
    known = dict(held(folder, HELD[column]))
    return [known.get(str(n), "rejected") for n in range(len(cells))]


# A cell of each column that is always read, so that a file is never refused for having nothing to read.
GOOD = {
    "at": "2025-01-01", "spoken": "1s", "clock": "00:00:01", "seconds": "1", "whole": "1", "flag": "yes", "amount": "1",
}  # fmt: skip
