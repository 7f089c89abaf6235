"""The file of a sample with labels, as people send it back: a CSV or a workbook, saved by any spreadsheet."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kpibar.audit.errors import LabelsInvalid
from kpibar.read.columns import normal
from kpibar.read.export import Export, open_export
from kpibar.read.tables import Row

KEY, LABEL = "key", "wismo"
# What `audit draw` writes, by which the header is known again.
COLUMNS = (KEY, "source", "contact_id", "created_on", "channel", "lang", "subject", "body", LABEL)
_KEY = re.compile(r"([0-9]{4})-([0-9a-f]{6})-([0-9a-f]{15})")
_YES = frozenset({"yes", "y", "oui", "o", "true", "vrai", "1", "x"})
_NO = frozenset({"no", "n", "non", "false", "faux", "0"})
_OPEN = frozenset({"", "?"})


@dataclass(frozen=True)
class Label:
    """What a person says of a contact: whether it asks where an order is; None: nothing, or that nobody can tell."""

    line: int
    key: str
    is_wismo: bool | None


@dataclass(frozen=True)
class Labels:
    """The labels of one sample; `mark` is that of the strata it was drawn from."""

    path: Path
    year: int
    mark: str
    labels: tuple[Label, ...]


def read_labels(path: Path) -> Labels:
    """The labels of a file. Raises LabelsInvalid and what `open_export` raises."""
    export = open_export(path, frozenset(map(normal, COLUMNS)))
    names = [column.normal for column in export.columns]
    for name in (KEY, LABEL):
        if names.count(name) != 1:
            why = f'expected one column "{name}", {names.count(name)} are there; use the file that `audit draw` wrote'
            raise LabelsInvalid(path, max(export.header_line, 1), why)
    labels: list[Label] = []
    draws: dict[tuple[int, str], int] = {}
    for line, cells in _rows(export):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            raise LabelsInvalid(path, line, f"expected {len(names)} cells, {len(cells)} are there")
        draw, label = _label(path, line, cells[names.index(KEY)], cells[names.index(LABEL)])
        draws.setdefault(draw, line)
        labels.append(label)
    return _join_labels(path, export, draws, labels)


def _join_labels(path: Path, export: Export, draws: dict[tuple[int, str], int], labels: list[Label]) -> Labels:
    """The labels of one draw. Raises LabelsInvalid where there is none, several, or a contact has two labels."""
    if not draws:
        raise LabelsInvalid(path, export.first_line, "expected a line a contact, there is none")
    if len(draws) > 1:
        raise LabelsInvalid(path, max(draws.values()), "another sample begins here; apply each in a file of its own")
    lines: dict[str, int] = {}
    for label in labels:
        if label.key in lines:
            raise LabelsInvalid(path, label.line, f"the contact is in line {lines[label.key]} too; keep one of them")
        lines[label.key] = label.line
    ((year, mark),) = draws
    return Labels(path, year, mark, tuple(labels))


def _label(path: Path, line: int, key: str, text: str) -> tuple[tuple[int, str], Label]:
    """The draw and the label of a line. Raises LabelsInvalid."""
    match = _KEY.fullmatch(key.strip())
    if match is None:
        raise LabelsInvalid(path, line, f'column "{KEY}" is not as `audit draw` wrote it; copy it from there')
    word = text.strip().casefold()
    if word not in _YES | _NO | _OPEN:
        raise LabelsInvalid(path, line, f'column "{LABEL}": expected yes or no, or nothing where nobody can tell')
    return (int(match[1]), match[2]), Label(line, match[3], None if word in _OPEN else word in _YES)


def _rows(export: Export) -> Iterator[Row]:
    """The rows after the header, with the number of their first line. Raises what `Export.blocks` and `rows` raise."""
    if export.read_rows is not None:
        yield from export.rows()
        return
    text = io.StringIO(b"".join(export.blocks()).decode("utf-8"), newline="")
    records = csv.reader(text, delimiter=export.delimiter, quotechar=export.quote or '"')
    line = export.first_line
    for cells in records:
        yield line, cells
        line = export.first_line + records.line_num
