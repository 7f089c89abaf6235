"""Damage to the whole file: another encoding, notation or frame, as other programs and other hands write it.

The truth is the clean table, or a table given with the pollution when the clean one could not show the difference
(accents in a text that is kept, amounts above a thousand). A thousands sign that could be a decimal one ("1.234")
is not generated: nothing in the file tells which it is.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random

from tests.pollution_exports import NOBODY, ROWS, Export, Piece, Table, Text, line, pieces
from tests.pollution_kinds import Kind
from tests.pollution_notation import NOTATIONS
from tests.pollution_oracle import Pollution, pollution

FRENCH = ("Été à la forêt", "Où ça ? Là-bas", "Noël, naïveté", "Déçue : 10 % perdus", "Garçon, cœur d’élite")
_MARKS = {"utf-16": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-8": codecs.BOM_UTF8}
_ENCODINGS = ("utf-8", "cp1252", "iso8859-15", "mac-roman", "utf-16-le", "utf-16-be", "utf-32")
Variants = Callable[[Export], Iterator[Pollution]]


def _spoken(export: Export, every: int, words: Iterable[str]) -> Table:
    """The clean table with French words in the column whose text is kept, in every n-th record."""
    table, place, listed = export.table, export.table.place(export.spoken), list(words)
    for number in range(0, ROWS, every):
        cells = list(table.rows[number])
        cells[place] = listed[number // every % len(listed)]
        table = table.with_row(number, cells)
    return table


def _writable(words: Iterable[str], encoding: str) -> list[str]:
    """The words as someone whose code page lacks a mark would have typed them."""
    plain = (word.replace("œ", "oe").replace("’", "'") for word in words)
    return list(plain if encoding == "iso8859-15" else words)


def _encodings(export: Export) -> Iterator[Pollution]:
    for encoding in _ENCODINGS:
        for every, delimiter, end in ((1, ",", "\n"), (3, ";", "\r\n"), (20, "\t", "\n")):
            truth = _spoken(export, every, _writable(FRENCH, encoding))
            plain = _ascii_but(truth, export.spoken)
            text = Text.of(pieces(plain, delimiter, end))
            label = f"{encoding}, accents in 1 of {every} records, delimiter {delimiter!r}"
            yield pollution(label, text, encoding, truth=plain)
            if encoding in _MARKS:
                marked = pollution(label + ", marked", text, encoding, truth=plain)
                yield replace(marked, content=_MARKS[encoding] + marked.content)


def _ascii_but(table: Table, spoken: str) -> Table:
    """Accents only where they show."""
    place = table.place(spoken)
    rows = (
        tuple(c if at == place else c.encode("ascii", "ignore").decode() for at, c in enumerate(row))
        for row in table.rows
    )
    return Table(table.header, tuple(rows))


def _mixed_encodings(export: Export) -> Iterator[Pollution]:
    """Some lines in another code page: two exports glued together. The lines that are not UTF-8 are damaged."""
    truth = _spoken(export, 1, FRENCH)
    lines = pieces(truth, export.delimiter)
    for every in (60, 30, 10, 4, 2):
        coded = [text.encode("utf-8" if at % every != every // 2 else "cp1252") for at, (text, _) in enumerate(lines)]
        yield Pollution(f"1 line of {every} in cp1252", b"".join(coded), Text.of(lines), truth=truth)


def _line_ends(export: Export) -> Iterator[Pollution]:
    for name, ends in (
        ("CR", ("\r",)),
        ("CRLF", ("\r\n",)),
        ("LF and CRLF", ("\n", "\r\n")),
        ("LF, CRLF and CR", ("\n", "\r\n", "\r")),
        ("CRLF, then LF", ("\r\n",) * 30 + ("\n",) * 31),
        ("CR CR LF", ("\r\r\n",)),
        ("blank lines between", ("\n\n",)),
        ("blanks before the line end", ("  \n",)),
        ("LF CR", ("\n\r",)),
    ):
        body = pieces(export.table, export.delimiter, "")
        ended = [(text + ends[at % len(ends)], owner) for at, (text, owner) in enumerate(body)]
        yield pollution(name, Text.of(ended))
        yield pollution(f"{name}, none at the end", Text.of([*ended[:-1], body[-1]]))
        yield pollution(f"{name}, five more at the end", Text.of([*ended, (ends[0] * 5, NOBODY)]))


def _framed(export: Export, before: str = "", after: str = "", delimiter: str = "") -> Text:
    body = pieces(export.table, delimiter or export.delimiter)
    return Text.of([(before, NOBODY), *body, (after, NOBODY)])


def _preambles(export: Export) -> Iterator[Pollution]:
    for style, text in {
        "a title": "Export of the support desk",
        "cells": line(("Exported on", "01/03/2025", "60 records"), export.delimiter, ""),
        "names of columns": line(export.columns[:2], export.delimiter, ""),
        "an open quote": 'Export called "everything',
        "blank lines": "",
        "delimiters": export.delimiter * (len(export.columns) - 1),
    }.items():
        for count in range(1, 6):
            yield pollution(f"{count} lines before the header: {style}", _framed(export, (text + "\n") * count))


def _sep_lines(export: Export) -> Iterator[Pollution]:
    for delimiter in (",", ";", "\t", "|"):
        for shape in ("sep={}\n", "sep={}\r\n", '"sep={}"\n', "SEP={}\n", "\ufeffsep={}\r\n"):
            start = shape.format(delimiter)
            yield pollution(f"begins with {start!r}", _framed(export, start, delimiter=delimiter))


def _footers(export: Export) -> Iterator[Pollution]:
    width, sep = len(export.columns), export.delimiter
    totals = ["Total", *("625.00" if export.typed.get(name) == "number" else "" for name in export.columns[1:])]
    key = ["Total" if name == export.key else "" for name in export.columns]
    count = [str(ROWS) if name == export.key else "" for name in export.columns]
    for cells in (
        ["Total"], ["60 rows"], ["Grand Totals (60 records)"], ["Copyright (c) 2025 All rights reserved."],
        ["Total", "60"], ["Total", "", "", "625,00"], ["(60 rows affected)"], ["-- End of export --"],
        ["Généré le 01/03/2025 10:00"], ["# 60 records"], ["=" * 40], ["Page 1 of 1"], ["Confidential", "do not share"],
    ):  # fmt: skip
        yield pollution(f"ends with {cells}", _framed(export, after=line(cells, sep)))
        yield pollution(f"ends with a blank line and {cells}", _framed(export, after="\n" + line(cells, sep)))
        padded = (cells + [""] * width)[:width]
        yield pollution(f"ends with {cells}, padded", _framed(export, after=line(padded, sep)))
    for name, cells in {"totals": totals, "Total as identifier": key, "60 as identifier": count}.items():
        yield pollution(f"ends with {name}", _framed(export, after=line(cells, sep)))


def _headers_again(export: Export) -> Iterator[Pollution]:
    head, *body = pieces(export.table, export.delimiter)
    for before in ("", "\n", "Page 2\n", "\n\nExport of the support desk\n"):
        for every in (10, 20, 30, 59):
            again = [[(before, NOBODY), head, one] if at and at % every == 0 else [one] for at, one in enumerate(body)]
            label = f"header again every {every} records after {before!r}"
            yield pollution(label, Text.of([head, *(one for some in again for one in some)]))
    for at in (20, 40):
        turned = Table(export.columns[::-1], tuple(row[::-1] for row in export.table.rows))
        other = pieces(turned, export.delimiter)
        label = f"header again after record {at}, its columns in another order"
        yield pollution(label, Text.of([head, *body[:at], other[0], *other[at + 1 :]]))


def _second_tables(export: Export) -> Iterator[Pollution]:
    width, sep = len(export.columns), export.delimiter
    small = [("Agent", "Tickets"), ("Agent 06", "12"), ("Agent 07", "48")]
    day = [("Day", "Count"), ("2025-03-01", "12"), ("2025-03-02", "48")]
    for name, rows in {"agents": small, "days": day}.items():
        for before in ("", "\n", "\nSummary\n"):
            thin = "".join(line(row, sep) for row in rows)
            wide = "".join(line((row + ("",) * width)[:width], sep) for row in rows)
            yield pollution(f"a table of {name} after {before!r}", _framed(export, after=before + thin))
            yield pollution(f"a table of {name} after {before!r}, padded", _framed(export, after=before + wide))
    same = pieces(export.table, sep)
    for before in ("", "\n"):
        yield pollution(f"the same table again after {before!r}", Text.of([*same, (before, NOBODY), *same]))


def _no_header(export: Export) -> Iterator[Pollution]:
    head, *body = pieces(export.table, export.delimiter)
    names = [f"column{number}" for number in range(len(export.columns))]
    starts = {"none": "", "a title": "Export\n", "names that say nothing": line(names, export.delimiter)}
    for label, start in starts.items():
        yield pollution(f"no header, {label} instead", Text.of([(start, NOBODY), *body]))
    yield pollution("the header at the end", Text.of([*body, head]))
    yield pollution("half a header", Text.of([(head[0][: len(head[0]) // 2] + "\n", NOBODY), *body]))


def _with_header(export: Export, header: Iterable[str], rows: Iterable[tuple[str, ...]] | None = None) -> list[Piece]:
    return pieces(Table(tuple(header), tuple(rows or export.table.rows)), export.delimiter)


def _header_names(export: Export) -> Iterator[Pollution]:
    names, rows = export.columns, export.table.rows
    for place, name in enumerate(names):
        dropped = Table(names[:place] + names[place + 1 :], tuple(row[:place] + row[place + 1 :] for row in rows))
        for put in ("", "column7"):
            changed = (*names[:place], put, *names[place + 1 :])
            text = Text.of(_with_header(export, changed))
            yield pollution(f"column {name!r} is called {put!r}", text, says=dropped)
        twice = [(*row, "x") for row in rows]
        yield pollution(f"{name!r} again as last column", Text.of(_with_header(export, (*names, name), twice)))
        first = [("x", *row) for row in rows]
        yield pollution(f"{name!r} again as first column", Text.of(_with_header(export, (name, *names), first)))
    more = [(*row, "x", "y") for row in rows]
    yield pollution("two unread columns of one name", Text.of(_with_header(export, (*names, "Extra", "Extra"), more)))
    yield pollution("two columns without a name", Text.of(_with_header(export, (*names, "", ""), more)))
    numbered = [(str(at), *row) for at, row in enumerate(rows)]
    yield pollution("an index column without a name", Text.of(_with_header(export, ("", *names), numbered)))
    yield pollution("an index column the header lacks", Text.of(_with_header(export, names, numbered)))
    for label, spelled in {
        "capitals": [name.upper() for name in names],
        "blanks around": [f"  {name} " for name in names],
        "double blanks": [name.replace(" ", "  ") for name in names],
    }.items():
        yield pollution(f"header with {label}", Text.of(_with_header(export, spelled)))


def _quote_characters(export: Export) -> Iterator[Pollution]:
    sep = export.delimiter
    truth = _spoken(export, 2, (f"one{sep} two", f"three{sep}four"))
    head = pieces(truth, sep)[0]
    for left, right in (("'", "'"), ("`", "`"), ("“", "”"), ("«", "»"), ("''", "''"), ('"""', '"""')):
        quoted = [(sep.join(left + c + right for c in row) + "\n", at) for at, row in enumerate(truth.rows)]
        names = (sep.join(left + name + right for name in truth.header) + "\n", NOBODY)
        yield pollution(f"every cell in {left}{right}", Text.of([names, *quoted]), truth=truth)
        yield pollution(f"every cell but the header in {left}{right}", Text.of([head, *quoted]), truth=truth)
        place = truth.place(export.spoken)
        some = [
            (sep.join(left + c + right if i == place else c for i, c in enumerate(row)) + "\n", at)
            for at, row in enumerate(export.table.rows)
        ]
        start, stop = left[-1:] if left == '"""' else left, right[:1] if right == '"""' else right
        said = [tuple(start + c + stop if i == place else c for i, c in enumerate(row)) for row in export.table.rows]
        literal = Table(export.columns, tuple(said))
        yield pollution(f"one column in {left}{right}", Text.of([head, *some]), says=literal)
        minimal = [
            (sep.join(left + c + right if sep in c else c for c in row) + "\n", at) for at, row in enumerate(truth.rows)
        ]
        said = [tuple(start + c + stop if sep in c else c for c in row) for row in truth.rows]
        says = Table(truth.header, tuple(said)) if left == '"""' else None
        label = f"cells with a delimiter in {left}{right}"
        yield pollution(label, Text.of([head, *minimal]), truth=truth, says=says)
    every = [(sep.join('"' + c.replace('"', '""') + '"' for c in row) + "\n", at) for at, row in enumerate(truth.rows)]
    yield pollution("every cell in double quotes", Text.of([head, *every]), truth=truth)
    slashed = [(text.replace('""', '\\"'), owner) for text, owner in pieces(_spoken(export, 2, ('a "b" c',)), sep)]
    yield pollution("quotes escaped by a backslash", Text.of(slashed), truth=_spoken(export, 2, ('a "b" c',)))


def _delimiters(export: Export) -> Iterator[Pollution]:
    for delimiter in (",", ";", "\t", "|", ":", "~", "^", "\x1f"):
        yield pollution(f"delimiter {delimiter!r}", Text.of(pieces(export.table, delimiter)))
    for mark in (",", ";", "|", "\t"):
        for pad in (f"{mark} ", f" {mark}", f" {mark} ", f"{mark}\u00a0"):
            body = [(pad.join(line([c], mark, "") for c in row) + "\n", at) for at, row in _numbered(export.table)]
            yield pollution(f"delimiter {pad!r}", Text.of(body))
    for mark in (",", ";"):
        bare = pieces(export.table, mark)
        more = [(text[:-1] + mark + "\n", owner) for text, owner in bare]
        yield pollution(f"{mark!r} after every cell", Text.of(more))
        yield pollution(f"{mark!r} after every cell but the header's", Text.of([bare[0], *more[1:]]))
        yield pollution(f"{mark!r} after every cell from record 30 on", Text.of([*bare[:30], *more[30:]]))
        yield pollution(f"{mark!r} after every cell of the header", Text.of([more[0], *bare[1:]]))
        short = [(text.rstrip("\n" + mark) + "\n", owner) for text, owner in bare]
        yield pollution("empty cells at the end left out", Text.of(short))


def _numbered(table: Table) -> list[tuple[int, tuple[str, ...]]]:
    return list(enumerate((table.header, *table.rows), start=NOBODY))


def _kind(name: str, variants: Variants) -> Kind:
    """A kind whose files can be listed."""
    known: dict[str, tuple[Pollution, ...]] = {}

    def listed(export: Export) -> tuple[Pollution, ...]:
        if export.name not in known:
            known[export.name] = tuple(variants(export))
        return known[export.name]

    def make(export: Export, index: int, random: Random) -> Pollution:
        return listed(export)[index]

    return Kind(name, lambda export: len(listed(export)), make)


FILE_KINDS = tuple(
    _kind(name, variants)
    for name, variants in {
        "encoding": _encodings,
        "encoding-mixed": _mixed_encodings,
        "line-ends": _line_ends,
        "preamble": _preambles,
        "sep-line": _sep_lines,
        "footer": _footers,
        "header-again": _headers_again,
        "second-table": _second_tables,
        "no-header": _no_header,
        "header-names": _header_names,
        "quote-character": _quote_characters,
        "delimiter": _delimiters,
        **NOTATIONS,
    }.items()
)
