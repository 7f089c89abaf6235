"""A broken line is put right where exactly one way to do so satisfies the types of all its columns.

One mistake is looked for, in one physical line: a delimiter or a quote that was lost or added, or a delimiter in a
text that should have been quoted. All records a single correction can give are made; those with a cell its column
cannot hold are no candidates. Where two different records remain, or none, nothing is repaired: the line is rejected.
So it is where digits on both sides of a delimiter may be one number, for 12,5 seconds are not 125.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from kpibar.database.schema import KEYS
from kpibar.layouts.bindings import cells_of
from kpibar.layouts.expression import compile_expression
from kpibar.layouts.last_record import LastColumn, last_column
from kpibar.layouts.layout import Layout
from kpibar.layouts.shapes import DATE_HELPERS, Holds, ShapesSeen, accept, good_records, holders, learn
from kpibar.read.columns import Column, normal
from kpibar.read.lines import strict_cells
from kpibar.read.quotes import lone_unquoted, other_readings
from kpibar.read.scan import Dialect
from kpibar.values.notation import Notation

# A longer line has too many places to look at, and a reason of its own.
_LONGEST = 4_000
# Some ten seconds: two thousand lines of a thousand signs. What comes after that is rejected as it stands.
_MOST_EFFORT = 2_000_000_000
# The end of one cell and the beginning of the next where digits meet, and what else they may be than a number.
_MEET = re.compile(r"[0-9]\s*\0\s*[0-9]")
_WHOLE = re.compile("-?[0-9]+")
_CENTS = 2
_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}")


@dataclass
class Effort:
    """How much has been spent on broken lines: of each the square of its length, for every place of it is tried."""

    total: int = 0

    def allows(self, line: str) -> bool:
        """Whether one more line may be looked at."""
        self.total += len(line) ** 2
        return self.total <= _MOST_EFFORT


@dataclass(frozen=True)
class Repairer:
    """What the columns of a file can hold.

    `mandatory_places` are the places of those that are never empty, `date_places` of those that hold dates, `unread` of
    those that the layout does not read, `value_tests` what the file's own records hold, `last` what tells whether the
    last cell of the file is whole.
    """

    dialect: Dialect
    holds: tuple[Holds, ...]
    mandatory_places: frozenset[int]
    value_tests: tuple[Holds, ...] = ()
    date_places: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()
    last: LastColumn = field(default_factory=LastColumn)
    effort: Effort = field(default_factory=Effort, compare=False)

    def having_seen(self, lines: Sequence[str]) -> "Repairer":
        """The same, having looked at some lines of the file."""
        records = good_records(lines, self.dialect, self.holds)
        return replace(self, value_tests=learn(records, self.dialect.width), last=self.last.having_seen(records))

    def __call__(self, line: str) -> list[str] | None:
        """The record a line without its line end was meant to be; None where that is not certain.

        A line that is a record as it stands is that one, where it can be no other, or none that is read otherwise.
        """
        if len(line) > _LONGEST or self._ends_open(line):
            return None
        strict = strict_cells(line, self.dialect)
        if strict is not None and len(strict) == self.dialect.width and self._of_type(strict):
            alternatives = list(other_readings(line, strict, self.dialect))
            if alternatives:
                rivals = (
                    alternative
                    for alternative in alternatives
                    if self._of_type(alternative) and not self._is_read_alike(alternative, strict)
                )
                return strict if not any(rivals) else None
            if (place := lone_unquoted(line, self.dialect)) is not None:
                return [*strict[:place], strict[place][:-1], *strict[place + 1 :]]
        if not self.effort.allows(line):
            return None
        candidates = {tuple(cells) for cells in readings(line, self.dialect) if self._of_type(cells)}
        if any(tuple(cells) in candidates for cells in split_numbers(line, self.dialect)):
            return None
        likely = [cells for cells in candidates if self._as_shown(cells)]
        if len(likely) != 1 or (len(candidates) > 1 and not self._vouched_for(likely[0], candidates, line)):
            return None
        only = list(likely[0])
        # A last cell that is missing may have been cut off: empty is what nobody says it is.
        lacks_end = not only[-1] and not line.endswith((self.dialect.delimiter, self.dialect.quote))
        return None if lacks_end or only == strict_cells(line, self.dialect) else only

    def may_be_record(self, line: str, cells: list[str] | None) -> bool:
        """Whether a line that begins as a footer is a record all the same, given its cells, or after one correction.

        It has a date and what identifies it, each in a column of that kind, and its first word stands beside those.
        """
        if len(line) > _LONGEST:
            return False
        strict = cells or strict_cells(line, self.dialect)
        if strict and len(strict) == self.dialect.width:
            return self._has_identity(strict)
        return not self.effort.allows(line) or any(map(self._has_identity, readings(line, self.dialect)))

    def is_whole(self, cell: str) -> bool:
        """Whether the last cell of the file is whole."""
        return self.last.is_whole(cell)

    def splits_numbers(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether a decimal comma may be what gives every record one cell too many: `12,50` where nothing is quoted.

        The last column is then always empty, and the types of all others fit one place to the right.
        """
        comma, width = self.dialect.delimiter == ",", self.dialect.width
        even = [row for row in rows if len(row) == width]
        return comma and any(self._splits_at(place, even) for place in range(width - 1))

    def _splits_at(self, place: int, rows: Sequence[Sequence[str]]) -> bool:
        decimals = 1 if self.holds[place] is not accept else _CENTS
        for row in rows:
            whole, part = row[place].strip(), row[place + 1].strip()
            if not (_WHOLE.fullmatch(whole) and part.isdigit() and decimals <= len(part) <= _CENTS):
                return False
            if not self._of_type([*row[:place], f"{whole},{part}", *row[place + 2 :], ""]):
                return False
        return bool(rows)

    def _has_identity(self, cells: Sequence[str]) -> bool:
        first = next((place for place, cell in enumerate(cells) if cell.strip()), 0)
        has_date = any(cells[place].strip() for place in self.date_places)
        return first not in self.mandatory_places and has_date and self._of_type(cells)

    def _ends_open(self, line: str) -> bool:
        """Whether its last cell begins with a quote that may have been meant to be closed in a later line."""
        last = line.rpartition(self.dialect.delimiter)[2].strip()
        return last.startswith(self.dialect.quote) and last.count(self.dialect.quote) % 2 == 1

    def _of_type(self, cells: Sequence[str]) -> bool:
        has_required = all(cells[place].strip() for place in self.mandatory_places)
        return has_required and all(holds(cell) for holds, cell in zip(self.holds, cells, strict=True))

    def _as_shown(self, cells: Sequence[str]) -> bool:
        return not self.value_tests or all(shows(cell) for shows, cell in zip(self.value_tests, cells, strict=True))

    def _vouched_for(self, cells: Sequence[str], candidates: Iterable[Sequence[str]], line: str) -> bool:
        """Whether every cell the correction touched is filled, and of a column that does not hold just anything.

        Types alone left more than one record: a value nobody has seen yet must not hide in a text or an empty cell. Nor
        in words that are made of two cells, where another candidate leaves every filled cell whole: that the result is
        words too is no evidence.
        """
        strict = strict_cells(line, self.dialect) or line.split(self.dialect.delimiter)
        may_be_whole = not _keeps_cells(cells, strict) and any(_keeps_cells(other, strict) for other in candidates)
        first = min(_alike(cells, strict), len(cells) - 1)
        last = max(len(cells) - 1 - _alike(cells[::-1], strict[::-1]), first)
        touched = range(first, last + 1)
        if may_be_whole and any(self._shows_words(place, cells[place]) for place in touched):
            return False
        return all(cells[place] and self._is_known(place) for place in touched)

    def _is_read_alike(self, cells: Sequence[str], rival_cells: Sequence[str]) -> bool:
        """Whether two records have the same cells wherever the layout reads them."""
        pairs = enumerate(zip(cells, rival_cells, strict=True))
        return all(place in self.unread or left.strip() == right.strip() for place, (left, right) in pairs)

    def _shows_words(self, place: int, cell: str) -> bool:
        """Whether a cell has no digit, and nothing but the number of its words tells what its column holds."""
        tests = self.value_tests
        is_alike = bool(tests) and isinstance(tests[place], ShapesSeen)
        return self.holds[place] is accept and is_alike and not any(sign.isdigit() for sign in cell)

    def _is_known(self, place: int) -> bool:
        return self.holds[place] is not accept or (bool(self.value_tests) and self.value_tests[place] is not accept)


def _keeps_cells(cells: Sequence[str], strict: Sequence[str]) -> bool:
    """Whether a record has the filled cells of a line as they stand, one by one."""
    return [cell for cell in cells if cell] == [cell for cell in strict if cell]


def _alike(left_cells: Sequence[str], right_cells: Sequence[str]) -> int:
    """How many cells two records have in common from their beginning."""
    for number, (left, right) in enumerate(zip(left_cells, right_cells, strict=False)):
        if left != right:
            return number
    return min(len(left_cells), len(right_cells))


def repairer(layout: Layout, header: tuple[Column, ...], notation: Notation, dialect: Dialect) -> Repairer:
    """What the columns of a file with this header hold, as its layout reads them."""
    expressions = {column: compile_expression(text) for column, text in layout.select.items()}
    further_texts = [text for also in layout.also.values() for text in (also.where, *also.select.values())]
    cells = cells_of(header, (*expressions.values(), *map(compile_expression, (layout.keep or "TRUE", *further_texts))))
    keys = (expressions[column] for column in KEYS[layout.fills].mandatory)
    names = (normal(key.calls[0].column) for key in keys if key.template == "{0}")
    mandatory_places = frozenset(cells.positions[name] for name in names if name in cells.positions)
    date_places = frozenset(
        cells.positions[normal(call.column)]
        for call in cells.present()
        if call.helper in DATE_HELPERS and not call.formula
    )
    columns_read = {normal(name) for call in cells.present() for name in call.columns} | {normal(layout.group or "")}
    read = {cells.positions[name] for name in columns_read if name in cells.positions}
    unread = frozenset(range(len(header))) - read
    last = last_column(cells, notation, read=len(header) - 1 in read)
    return Repairer(
        dialect, holders(cells, notation), mandatory_places, date_places=date_places, unread=unread, last=last
    )


def readings(line: str, dialect: Dialect) -> Iterator[list[str]]:
    """The records of the right width that a line gives as it is or after one correction."""
    if line.count(dialect.quote) % 2:
        texts = (line, *_quotes_corrected(line, dialect))
        yield from _of_width(texts, dialect)
        return
    places = _delimiters(line, dialect)
    if len(places) == dialect.width:
        yield from _of_width((line[:at] + line[at + 1 :] for at in places), dialect)
        yield from _of_width((_without_quote(line, places, number, dialect) for number in range(len(places))), dialect)
    elif len(places) == dialect.width - 2:
        inside = _inside(line, dialect)
        spots = (at for at in range(len(line) + 1) if not inside[at])
        yield from _of_width((line[:at] + dialect.delimiter + line[at:] for at in spots), dialect)


def split_numbers(line: str, dialect: Dialect) -> Iterator[list[str]]:
    """The readings that make one cell of two whose digits meet: a number with a decimal sign, or two numbers."""
    places = _delimiters(line, dialect)
    if len(places) != dialect.width:
        return
    for number, at in enumerate(places):
        start, stop = _around(line, places, number)
        match = _MEET.search(f"{line[start:at]}\0{line[at + 1 : stop]}")
        if match and not _DATE.search(line[start:at] + line[at + 1 : stop]):
            yield from _of_width((line[:at] + line[at + 1 :], _without_quote(line, places, number, dialect)), dialect)


def _of_width(texts: Iterator[str] | Sequence[str], dialect: Dialect) -> Iterator[list[str]]:
    for text in texts:
        cells = strict_cells(text, dialect)
        if cells is not None and len(cells) == dialect.width:
            yield cells


def _inside(line: str, dialect: Dialect) -> list[bool]:
    """For each place in a line, its end included, whether it is within quotes."""
    places, within = [], False
    for char in line:
        places.append(within)
        within ^= char == dialect.quote
    return [*places, within]


def _delimiters(line: str, dialect: Dialect) -> list[int]:
    inside = _inside(line, dialect)
    return [at for at, char in enumerate(line) if char == dialect.delimiter and not inside[at]]


def _around(line: str, places: Sequence[int], number: int) -> tuple[int, int]:
    """Where the two cells beside a delimiter begin and end."""
    start = places[number - 1] + 1 if number else 0
    return start, places[number + 1] if number + 1 < len(places) else len(line)


def _without_quote(line: str, places: Sequence[int], number: int, dialect: Dialect) -> str:
    """The line with one of its delimiters as part of the text around it; unchanged where that is in quotes."""
    start, stop = _around(line, places, number)
    text = line[start:stop]
    quote = dialect.quote
    return line if quote in text else f"{line[:start]}{quote}{text}{quote}{line[stop:]}"


def _quotes_corrected(line: str, dialect: Dialect) -> Iterator[str]:
    """The line without one of its quotes, and with one more beside a delimiter, a quote or an end of the line."""
    for at in range(len(line) + 1):
        around = line[max(at - 1, 0) : at + 1]
        if line[at : at + 1] == dialect.quote:
            yield line[:at] + line[at + 1 :]
        if at in (0, len(line)) or dialect.delimiter in around or dialect.quote in around:
            yield line[:at] + dialect.quote + line[at:]
