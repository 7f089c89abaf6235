"""The file of a sample with labels, as people send it back: a CSV or a workbook, saved by any spreadsheet."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kpibar.audit.errors import LabelsInvalid
from kpibar.audit.strata import Key, parse_key
from kpibar.read.columns import normal
from kpibar.read.export import Export, open_export
from kpibar.read.tables import Row

# What `audit draw` writes, by which the header is known again.
COLUMNS = ("key", "wismo", "contact", "created_on", "channel", "lang", "subject", "body")
KEY, LABEL = COLUMNS[:2]
_YES = frozenset({"yes", "y", "oui", "true", "vrai", "1"})
_NO = frozenset({"no", "n", "non", "false", "faux", "0"})
_NONE = frozenset({"", "?"})
_LONGEST_WORD = 20
# No draw is larger; what is longer is another file.
_MOST_LINES = 100_000


@dataclass(frozen=True)
class Label:
    """What a person says of a contact: whether it asks where an order is; None: nothing, or that nobody can tell."""

    line: int
    key: Key
    is_wismo: bool | None


@dataclass(frozen=True)
class LabelFile:
    """The labels of one sample, a contact each."""

    path: Path
    labels: tuple[Label, ...]

    @property
    def year(self) -> int:
        """The year the sample was drawn from."""
        return self.labels[0].key.year


def read_labels(path: Path) -> LabelFile:
    """The labels of a file. Raises LabelsInvalid and what `open_export` raises."""
    export = open_export(path, frozenset(map(normal, COLUMNS)))
    names = [column.normal for column in export.columns]
    for name in (KEY, LABEL):
        if names.count(name) != 1:
            why = f'expected one column "{name}", {names.count(name)} are there; use the file that `audit draw` wrote'
            raise LabelsInvalid(path, max(export.header_line, 1), why)
    labels: dict[str, Label] = {}
    for line, cells in _rows(export):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names):
            raise LabelsInvalid(path, line, f"expected {len(names)} cells, {len(cells)} are there")
        # A spreadsheet leaves out the empty cells at the end of a line.
        label = _label(path, line, cells + [""] * (len(names) - len(cells)), names)
        _refuse_other_sample(path, label, next(iter(labels.values()), label))
        before = labels.setdefault(label.key.contact, label)
        if before.is_wismo != label.is_wismo:
            raise LabelsInvalid(path, line, f"the contact has another label in line {before.line}; keep one of them")
        if len(labels) > _MOST_LINES:
            raise LabelsInvalid(path, line, f"expected {_MOST_LINES:,} contacts at most, as `audit draw` writes them")
    if not labels:
        raise LabelsInvalid(path, export.first_line, "expected a line a contact, there is none")
    return LabelFile(path, tuple(labels.values()))


def _refuse_other_sample(path: Path, label: Label, first: Label) -> None:
    """Refuse a line of another sample than that of the first line. Raises LabelsInvalid."""
    if (label.key.year, label.key.total) != (first.key.year, first.key.total):
        raise LabelsInvalid(path, label.line, "another sample begins here; apply each in a file of its own")


def _label(path: Path, line: int, cells: list[str], names: list[str]) -> Label:
    """The label of a line. Raises LabelsInvalid."""
    if any("\n" in cell or "\r" in cell for cell in cells):
        raise LabelsInvalid(
            path, line, "a cell goes on in the next line, perhaps by a quote; copy the line from before"
        )
    key, word = parse_key(cells[names.index(KEY)]), cells[names.index(LABEL)].strip().casefold()
    if key is None:
        raise LabelsInvalid(path, line, f'column "{KEY}" is not as `audit draw` wrote it; copy it from there')
    if word not in _YES | _NO | _NONE:
        why = "expected yes or no (oui, non), or nothing where nobody can tell"
        raise LabelsInvalid(path, line, f'column "{LABEL}": "{word[:_LONGEST_WORD]}": {why}')
    return Label(line, key, None if word in _NONE else word in _YES)


def _rows(export: Export) -> Iterator[Row]:
    """The rows after the header, with the number of their first line.

    Raises LabelsInvalid and what `Export.blocks` and `rows` raise.
    """
    if export.read_rows is not None:
        yield from export.rows()
        return
    text = io.StringIO(b"".join(export.blocks()).decode("utf-8"), newline="")
    records = csv.reader(text, delimiter=export.delimiter, quotechar=export.quote or '"', strict=True)
    line = export.first_line
    try:
        for cells in records:
            yield line, cells
            line = export.first_line + records.line_num
    except csv.Error as error:
        raise LabelsInvalid(
            export.path, line, f"its quotes do not pair ({error}); copy the line from before"
        ) from error
