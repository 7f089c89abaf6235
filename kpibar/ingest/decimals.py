"""Which sign stands before the decimals of a column of numbers: what all its cells show, else what the layout states.

12,5 and 12,50 are decimals after a comma, 0,125 too; 12.50 are decimals after a point. 1,234 and 1.234 show nothing.
A column that shows the sign the layout does not state, and never the one it states, is read with what it shows; one
that shows both is read as the layout states, and its other cells are rejected.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from kpibar.engine import Engine
from kpibar.ingest.header import normal
from kpibar.ingest.reading import Reading

CODE = "decimal_sign"
# Behind one of the signs: digits that are no group of three, or three of them behind a zero.
_SHOWS = "[0-9]{sign}([0-9]{{1,2}}|[0-9]{{4,}})([^0-9.,]|$)|(^|[^0-9.,])0{sign}[0-9]{{3}}([^0-9.,]|$)"
_NAMES = {",": "a comma", ".": "a point"}


def settle_decimals(engine: Engine, cells: Mapping[str, str], reading: Reading) -> tuple[Reading, Counter[str]]:
    """The reading of a file whose first batch is `staged`, and how many of its records show a sign not stated.

    `cells` are the columns of numbers by header name, as SQL; the count is by what the remark is about. A column that
    shows nothing, as 1,234 does, follows the others of its file if these agree on the sign that is not stated.
    """
    records: Counter[str] = Counter()
    if not cells:
        return reading, records
    other = "." if reading.decimal == "," else ","
    listed = ", ".join(
        f"count(*) FILTER (WHERE contains({cell}, '{other}') AND regexp_matches({cell}, '{_pattern(other)}')), "
        f"count(*) FILTER (WHERE contains({cell}, '{reading.decimal}') "
        f"AND regexp_matches({cell}, '{_pattern(reading.decimal)}'))"
        for cell in cells.values()
    )
    counts = engine.rows(f"SELECT {listed} FROM staged")[0]
    shown = {name: (counts[2 * place], counts[2 * place + 1]) for place, name in enumerate(cells)}
    alone = {name: other_sign for name, (other_sign, stated) in shown.items() if other_sign and not stated}
    agreed = len(alone) > 0 and not any(stated for _, stated in shown.values())
    for name, number in alone.items():
        records[f'{_NAMES[other]} in "{name}"'] += number
    columns = shown if agreed else alone
    return replace(reading, decimals={normal(name): other for name in columns}), records


def _pattern(sign: str) -> str:
    return _SHOWS.format(sign=f"[{sign}]")
