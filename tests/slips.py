"""One slip of the hand in one record of our own exports, and what becomes of every record.

    python -m tests.slips                              every slip: 1,440 files
    python -m tests.slips --every 10                   one file in ten
    python -m tests.slips --export shopify --kind delimiter-lost --index 7 --write slip.csv
                                                       one file again, written out to be looked at

A slip is a quote, a delimiter or a line break that was put in or left out, or the end of the file, or of the record,
that was cut off. Half of the files quote all their cells. The judge is that of tests/pollution.py: the record is as it
was, put right, rejected with its line, or says in one cell what the file says there. Exit code 1 when a record was
damaged without a word.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from tests.pollution import SEED, Case, run_all, silent, table
from tests.pollution_exports import EXPORTS, ROWS, Export, Table, Text, Written, written
from tests.pollution_kinds import cut, damaged
from tests.pollution_oracle import Pollution, pollution

EACH = 30


@dataclass(frozen=True)
class Place:
    """A record of a clean text, and where a character of it stands."""

    export: Export
    clean: Written
    row: int
    at: int

    @property
    def label(self) -> str:
        """Where it is, in words."""
        column = sum(self.at > stop for _, stop in self.clean.spans[self.row]) + 1
        return f"in column {min(column, len(self.export.columns))}, at character {self.at}"


Make = Callable[[Export, Written, Random], Pollution]


def _any(export: Export, clean: Written, random: Random) -> Place:
    """Any place of any record."""
    row = random.randrange(ROWS)
    return Place(export, clean, row, random.randint(clean.spans[row][0][0], clean.spans[row][-1][1]))


def _of(signs: str, export: Export, clean: Written, random: Random) -> Place | None:
    """A place that holds one of these characters, the records and what they hold equally likely; None without any."""
    chars, rows = clean.text.chars, clean.spans
    spots = {
        row: [at for at in range(s[0][0], s[-1][1] + 1) if chars[at : at + 1] in signs] for row, s in enumerate(rows)
    }
    listed = [row for row, some in spots.items() if some]
    if not listed:
        return None
    row = random.choice(listed)
    return Place(export, clean, row, random.choice(spots[row]))


def _inserted(sign: str) -> Make:
    def make(export: Export, clean: Written, random: Random) -> Pollution:
        place, put = _any(export, clean, random), sign or export.delimiter
        text = clean.text.replace(place.at, place.at, put)
        return damaged(export, text, place.row, f"{put!r} put in {place.label}")

    return make


def _lost(sign: str) -> Make:
    """A character left out; where no record has it, a letter is."""

    def make(export: Export, clean: Written, random: Random) -> Pollution:
        place = _of(sign or export.delimiter, export, clean, random) or _any(export, clean, random)
        text = clean.text.replace(place.at, place.at + 1, "")
        label = f"{clean.text.chars[place.at : place.at + 1]!r} left out {place.label}"
        if place.at == clean.spans[place.row][-1][1]:
            broken = frozenset({place.row, place.row + 1} if place.row + 1 < ROWS else ())
            return pollution(f"record {place.row + 1}: {label}", text, broken=broken)
        return damaged(export, text, place.row, label)

    return make


def _cut_file(export: Export, clean: Written, random: Random) -> Pollution:
    place = _any(export, clean, random)
    return cut(clean.text, len(clean.text.chars[: place.at].encode()), f"cut in record {place.row + 1}")


def _cut_record(export: Export, clean: Written, random: Random) -> Pollution:
    """The rest of a record is lost, its line end is not."""
    place = _any(export, clean, random)
    text = clean.text.replace(place.at, clean.spans[place.row][-1][1], "")
    return damaged(export, text, place.row, f"cut off {place.label}")


SLIPS: dict[str, Make] = {
    "quote-inserted": _inserted('"'),
    "quote-lost": _lost('"'),
    "delimiter-inserted": _inserted(""),
    "delimiter-lost": _lost(""),
    "break-inserted": _inserted("\n"),
    "break-lost": _lost("\n"),
    "cut-file": _cut_file,
    "cut-record": _cut_record,
}


@lru_cache
def _quoted(records: Table, mark: str) -> Written:
    """The clean text with all its cells in quotes."""
    lines = [['"' + value.replace('"', '""') + '"' for value in row] for row in (records.header, *records.rows)]
    at, spans = len(mark.join(lines[0])) + 1, []
    for cells in lines[1:]:
        record = []
        for value in cells:
            record.append((at, at + len(value)))
            at += len(value) + 1
        spans.append(tuple(record))
    return Written(Text.of((mark.join(cells) + "\n", row) for row, cells in enumerate(lines, -1)), tuple(spans))


@dataclass(frozen=True)
class Slip(Case):
    """One file with one slip, made again at will."""

    def pollution(self) -> Pollution:
        """The file and what is true of it."""
        export = EXPORTS[self.export]
        clean = written(export.table, export.delimiter) if self.index % 2 else _quoted(export.table, export.delimiter)
        random = Random(f"{self.seed}/{self.export}/{self.kind}/{self.index}")
        return SLIPS[self.kind](export, clean, random)

    @property
    def command(self) -> str:
        """What repeats it."""
        return super().command.replace("tests.pollution", "tests.slips")


def slips(every: int = 1, each: int = EACH, seed: int = SEED) -> list[Slip]:
    """`each` files of every kind and export, one in `every` of them."""
    listed = [Slip(export, kind, index, seed) for kind in SLIPS for export in EXPORTS for index in range(each)]
    return listed[::every]


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.slips", description="One slip in one record of an export.")
    parser.add_argument("--every", type=int, default=1, help="one file in so many (default: all)")
    parser.add_argument("--each", type=int, default=EACH, help=f"files of a kind and export (default: {EACH})")
    parser.add_argument("--export", choices=EXPORTS, help="only this export")
    parser.add_argument("--kind", choices=SLIPS, help="only this kind")
    parser.add_argument("--index", type=int, help="only the file of this number")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the generator (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--write", type=Path, help="also write the file of --index here")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 when a record was damaged without a word."""
    asked = _arguments(arguments)
    chosen = [
        slip
        for slip in slips(asked.every if asked.index is None else 1, asked.each, asked.seed)
        if asked.export in (None, slip.export) and asked.kind in (None, slip.kind)
        if asked.index in (None, slip.index)
    ]
    if asked.write:
        asked.write.write_bytes(chosen[0].pollution().content)
    results = run_all(chosen, asked.jobs)
    print("\n".join((*table(results), *silent(results))))
    return int(any(result.verdict.outcome == "SILENT" for result in results))


if __name__ == "__main__":
    sys.exit(main())
