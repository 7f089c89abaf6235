"""Hostile text costs time and memory in proportion to its bytes, or is refused early, in words.

Each text is read at a size and at twice that size; time is that of the processor. `python -m tests.test_costs` prints
seconds and memory for larger sizes.
"""

import gzip
import io
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xlsxwriter

from kpibar.errors import KpibarError
from kpibar.layouts import last_record, shapes
from kpibar.layouts.layout import shelf
from kpibar.load.repair import repairer
from kpibar.privacy import disclosure
from kpibar.read import columns, lines, mojibake, quotes
from kpibar.read.errors import FileDamaged, FileTooLarge
from kpibar.read.export import open_export
from kpibar.read.quotes import other_readings
from kpibar.read.reader import Reader
from kpibar.read.scan import Dialect
from kpibar.values.notation import Notation
from tests.intake import write
from tests.support import cpu_seconds

HEADER = "contact_id,created_at,channel,subject\n"
GOOD = "1,2025-03-01 10:00:00,email,hello\n"


def repeated(text: str, size: int) -> str:
    return text * (size // len(text) + 1)


def nested(size: int) -> str:
    inner = ",".join(f'"k{number}":1' for number in range(size // 10))
    return '[{"contact_id":1,"a":' + '{"a":' * 200 + "{" + inner + "}" * 202 + "]"


TEXTS: dict[str, Callable[[int], str | bytes]] = {
    "one line": lambda size: "x" * size,
    "one line, packed": lambda size: gzip.compress(b"x," * (size // 2)),
    "a long line": lambda size: HEADER + GOOD + "x" * size + "\n",
    "a long line of delimiters": lambda size: HEADER + GOOD + "," * size + "\n",
    "an open quote before lines": lambda size: HEADER + '1,2025-03-01,email,"hello\n' + repeated(GOOD, size),
    "quotes alone": lambda size: '"' * size,
    "quotes behind a header": lambda size: HEADER + GOOD + '"' * size,
    "a quote a line": lambda size: HEADER + GOOD + repeated('"\n', size),
    "two quotes a line": lambda size: HEADER + GOOD + repeated('""\n', size),
    "quotes within cells": lambda size: HEADER + GOOD + "1,2025-03-01 10:00:00,email," + repeated('a"b ', size) + "\n",
    "blank lines": lambda size: HEADER + GOOD + "\n" * size + GOOD,
    "carriage returns": lambda size: HEADER + GOOD + "\r" * size,
    "line feeds within cells of lines that end in carriage returns": lambda size: (
        HEADER.replace("\n", "\r") + repeated('1,2025-03-01 10:00:00,email,"a\nb"\r', size)
    ),
    "broken lines": lambda size: HEADER + repeated(GOOD, 9000) + repeated("1,2025-03-01,e" + "a b " * 99 + "\n", size),
    "lines of totals": lambda size: HEADER + repeated(GOOD, 9000) + repeated("Total," + "1 2 " * 99 + "\n", size),
    "encoded twice": lambda size: HEADER + GOOD + "1,2025-03-01 10:00:00,email," + "Ã©" * (size // 4) + "\n",
    "brackets": lambda size: "[" * size,
    "small objects": lambda size: "[" + "{}," * (size // 3) + "{}]",
    "a long list": lambda size: '[{"contact_id":1,"created_at":[' + "1," * (size // 2) + "1]}]",
    "objects within objects": nested,
    "a long text in a line": lambda size: '{"contact_id":1,"created_at":"2025-03-01"}\n{"a":"' + "x" * size + '"}\n',
}  # fmt: skip


def read(path: Path) -> str:
    """Read a file as an ingest does, without the engine; what came of it."""
    known = shelf(None)
    layout = known.get("kpibar-contacts")
    try:
        export = open_export(path, known.vocabulary())
        reading = Notation("UTC", "UTC", {}, layout.formats, layout.decimal, layout.enum, "", layout.date_order)
        reader = Reader(
            export.dialect, export.first_line, lambda: repairer(layout, export.columns, reading, export.dialect)
        )
        batches = reader.batches(export.blocks()) if export.kind == "text" else reader.rows(export.rows())
        return f"{sum(batch.records for batch in batches)} records"
    except KpibarError as error:
        return f"{type(error).__name__}: {error}"


def seconds(folder: Path, make: Callable[[int], str | bytes], size: int) -> float:
    path = write(folder, "text.csv", make(size))
    return cpu_seconds(lambda: read(path))


@pytest.mark.sample(2)
@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
def test_twice_the_bytes_take_about_twice_the_time(folder: Path, make: Callable[[int], str | bytes]) -> None:
    shelf(None).vocabulary()
    small, large = seconds(folder, make, 150_000), list[float]()
    # Four times the bytes take sixteen times the time of what grows with the square, each time.
    while len(large) < 3 and not (large and large[-1] < 9 * small + 0.4):
        large.append(seconds(folder, make, 600_000))
    assert large[-1] < 9 * small + 0.4, (small, large)


def test_lines_are_put_together_once() -> None:
    """Each text is copied once, wherever lines end: a carriage return at the end of a text may begin a line end."""
    pieces = ["a", "b\r", "\nc", "\r", "d", "\n", "\n", "e" * 3, "f"]
    assert list(lines.streamed_lines(pieces)) == ["ab\r\n", "c\r", "d\n", "\n", "eeef"]
    whole = "".join(pieces)
    for cut in range(len(whole)):
        assert "".join(lines.streamed_lines([whole[:cut], whole[cut:]])) == whole
        assert list(lines.streamed_lines([whole[:cut], whole[cut:]])) == list(lines.streamed_lines([whole]))


def test_the_readings_of_many_quotes_are_still_found() -> None:
    dialect = Dialect(",", '"', 3)
    found = list(other_readings('a"b "c,d","x"e"f"\n', ['a"b "c', 'd"', 'x"e"f"'], dialect))
    assert ['a"b ', 'c,d', 'x"e"f"'] in found  # fmt: skip


@pytest.mark.long
def test_quotes_that_never_close_are_refused_in_words(folder: Path) -> None:
    """Each line opens a quote that the next one closes and opens again: of each, 2,000 lines would be read."""
    path = write(folder, "quotes.csv", HEADER + GOOD + 'a","b\n' * 200_000)
    answers = list[str]()
    assert cpu_seconds(lambda: answers.append(read(path))) < 60
    assert "quotes before and in line" in answers[0]


def test_too_many_columns_are_refused_with_their_number(folder: Path) -> None:
    names = ",".join(f"c{number}" for number in range(6_000))
    rows = "".join(f"{number},2025-03-01 10:00:00,email,{'1,' * 5_999}1\n" for number in range(3))
    path = write(folder, "wide.csv", f"contact_id,created_at,channel,{names}\n{rows}")
    with pytest.raises(FileTooLarge, match="has 6,003 columns, of which at most 5,000 are read"):
        open_export(path, shelf(None).vocabulary())
    wide = "{" + ",".join(f'"c{number}":1' for number in range(6_000)) + "}"
    with pytest.raises(FileTooLarge, match="more than 5,000 different names"):
        open_export(write(folder, "wide.json", f"[{wide}]"), shelf(None).vocabulary())
    deep = '{"id":1,"' + "x" * 3_000 + '":{"' + "y" * 3_000 + '":1}}'
    with pytest.raises(FileTooLarge, match="longer than 4,000 signs"):
        open_export(write(folder, "deep.json", f"[{deep}]"), shelf(None).vocabulary())


def test_too_many_sheets_are_refused(folder: Path) -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for _ in range(1_001):
            book.add_worksheet()
    with pytest.raises(FileTooLarge, match="has more than 1,000 sheets"):
        open_export(write(folder, "many.xlsx", out.getvalue()), shelf(None).vocabulary())


@pytest.mark.long
def test_a_line_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpibar.read.reader._LONGEST_LINE", 1 << 20)
    path = write(folder, "long.csv", HEADER + GOOD + "x" * (5 << 20))
    with pytest.raises(FileDamaged, match="line 3 has no end within"):
        export = open_export(path, shelf(None).vocabulary())
        list(Reader(export.dialect, export.first_line, path=path).batches(export.blocks()))


@pytest.mark.sample(2)
@pytest.mark.parametrize("sign", [" ", "(", "a", "1", "-", "a-", "A/"])
def test_patterns_on_long_cells_take_their_length(sign: str) -> None:
    cell = sign * (200_000 // len(sign)) + "!b"

    def look() -> None:
        columns.column(f"a{cell}")
        last_record.LastColumn(is_date=True).having_seen([[cell]]).is_whole(cell)
        quotes.content_of_line(f'"{cell}"', '"')
        mojibake.restore(cell)
        shapes.shape(cell)
        disclosure.show_name(cell)

    assert cpu_seconds(look) < 2


def measured(name: str, size: int) -> Iterator[str]:
    """Seconds and MiB of one text, in a process of its own."""
    line = [sys.executable, "-m", "tests.test_costs", name, str(size)]
    yield subprocess.run(line, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    if len(sys.argv) == 3:
        import tempfile

        with tempfile.TemporaryDirectory() as made:
            text = write(Path(made), "text.csv", TEXTS[sys.argv[1]](int(sys.argv[2])))
            begin = time.process_time()
            said = read(text).replace(made, "")[:90]
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(f"{time.process_time() - begin:6.2f} s {peak:6} MiB  {said}")
    else:
        for text_name in TEXTS:
            for most in (4 << 20, 16 << 20):
                print(f"{text_name:28} {most >> 20:3} MiB", *measured(text_name, most), flush=True)
