"""Whether a text can be what a column holds: by the helpers that read it, and by the good records of the same file.

What is told here is never stricter than the SQL that converts the value (values/helpers.py): the two are used one
after the other. What the file's own records show is asked for beyond that, where they show it without an exception.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kpibar.layouts.bindings import Cells
from kpibar.read.columns import normal
from kpibar.read.lines import strict_cells
from kpibar.read.scan import Dialect
from kpibar.values import timestamps
from kpibar.values.helpers import EMPTY_WORDS, NEVER, NO, TICKS, YES
from kpibar.values.notation import Call, Notation
from kpibar.values.quantities import duration_notations, number_notations

Holds = Callable[[str], bool]
_NUMBERS = ("num", "whole", "secs", "minutes", "hours", "days", "ms", "epoch")
_DATES = ("instant", "day_start", "day_end", "promise_start", "promise_end")
# The helpers whose columns hold dates, also those that come as numbers.
DATE_HELPERS = (*_DATES, "epoch")
FLAGS = frozenset((*YES, *NO, *TICKS))
_BLANK = re.compile(r"[\s\u00a0\u202f\u2009]+")
_AMOUNT = re.compile(r"[0-9.,][0-9 .,']*")
# What a column shows counts from so many filled cells on; a listed value must come so often to be more than chance.
_ENOUGH, _TWICE = 20, 2
_MOST_VALUES, _MOST_SHAPES = 40, 4
_RUNS = (
    (re.compile(r"[0-9]+"), "9"),
    (re.compile(r"[^\W\d_]+"), "a"),
)


def accept(text: str) -> bool:
    """A text can be anything."""
    return True


def holders(cells: Cells, notation: Notation) -> tuple[Holds, ...]:
    """Per column of the file, whether it can hold a text, by the helpers that read it."""
    tests: list[list[Holds]] = [[] for _ in cells.names]
    for call in cells.present():
        if len(call.columns) == 1 and not call.formula:
            tests[cells.positions[normal(call.column)]].append(_holder(call, notation))
    return tuple(
        _says_nothing_or(column_tests) if column_tests != [accept] * len(column_tests) else accept
        for column_tests in tests
    )


def _says_nothing_or(tests: Sequence[Holds]) -> Holds:
    """An empty cell fits every column, and so do the words and dates that stand for one."""
    never = re.compile(NEVER)

    def holds(text: str) -> bool:
        bare = text.strip()
        return bare.lower() in EMPTY_WORDS or never.search(bare) is not None or all(test(bare) for test in tests)

    return holds


def _holder(call: Call, notation: Notation) -> Holds:
    if call.helper in _DATES:
        return _date_test(call.column, notation)
    if call.helper in _NUMBERS:
        return lambda text: _is_number(_plain(text), notation)
    if call.helper == "money":
        return lambda text: any(_is_number(part.strip(), notation) for part in _AMOUNT.findall(_plain(text)))
    if call.helper in ("hms", "duration"):
        return _duration_test(bare=call.helper == "duration")
    if call.helper == "flag":
        return lambda text: text.lower() in FLAGS
    return accept


def _plain(text: str) -> str:
    return _BLANK.sub(" ", text.replace("−", "-").replace("’", "'")).strip()


def _is_number(text: str, notation: Notation) -> bool:
    return any(re.fullmatch(form, text) for form in number_notations(notation.decimal))


def _date_test(column: str, notation: Notation) -> Holds:
    """Every notation that is read, whatever the order of day and month."""
    is_notation = _one_of(timestamps.notations(column, notation))
    if timestamps.more_formats(column, notation):
        return accept
    return lambda text: is_notation.fullmatch(text) is not None or is_notation.fullmatch(_small(text)) is not None


def _one_of(forms: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{form})" for form in forms))


def _small(text: str) -> str:
    """Small letters without accents."""
    letters = unicodedata.normalize("NFKD", _plain(text).lower())
    return "".join(char for char in letters if not unicodedata.combining(char))


def _duration_test(*, bare: bool) -> Holds:
    is_notation = _one_of(duration_notations())

    def holds(text: str) -> bool:
        small = _small(text)
        return is_notation.fullmatch(small) is not None or (bare and re.fullmatch("-?[0-9]+", small) is not None)

    return holds


def good_records(lines: Iterable[str], dialect: Dialect, holds: Sequence[Holds]) -> list[list[str]]:
    """The records of one line each, without a stray quote, that are of the right width and types."""
    records = []
    for line in lines:
        cells = None if line.count(dialect.quote) % 2 else strict_cells(line.rstrip("\r\n"), dialect)
        if cells is not None and len(cells) == dialect.width and all(map(_apply, holds, cells)):
            records.append(cells)
    return records


def _apply(test: Holds, text: str) -> bool:
    return test(text)


@dataclass(frozen=True)
class ValuesSeen:
    """Holds the values that a column shows, and empty cells."""

    values: frozenset[str]

    def __call__(self, text: str) -> bool:
        """Whether a cell is empty or one of the values."""
        return not text.strip() or text.strip() in self.values


@dataclass(frozen=True)
class ShapesSeen:
    """Holds texts of the shapes that a column shows, and empty cells."""

    shapes: frozenset[str]

    def __call__(self, text: str) -> bool:
        """Whether a cell is empty or of one of the shapes."""
        return not text.strip() or shape(text.strip()) in self.shapes


def learn(records: Sequence[Sequence[str]], width: int) -> tuple[Holds, ...]:
    """Per column, whether a filled cell is of the values or shapes that the good records show without an exception."""
    return tuple(_shown_test([record[place].strip() for record in records]) for place in range(width))


def _shown_test(cells: Sequence[str]) -> Holds:
    texts = [cell for cell in cells if cell]
    if len(texts) < _ENOUGH:
        return accept
    values = Counter(texts)
    if len(values) <= _MOST_VALUES and min(values.values()) >= _TWICE:
        return ValuesSeen(frozenset(values))
    shapes = Counter(map(shape, texts))
    if len(shapes) <= _MOST_SHAPES and min(shapes.values()) >= _TWICE:
        return ShapesSeen(frozenset(shapes))
    return accept


def shape(text: str) -> str:
    """A text with each run of digits and of letters as one sign."""
    for run, sign in _RUNS:
        text = run.sub(sign, text)
    return text
