"""JSON -> rows: a list of objects, wherever it stands, or one object a line; read in pieces, twice.

Numbers keep their text, nested objects become columns with dots, lists stay JSON. The columns are all names in order of
first appearance, so the first reading collects them and the second yields the rows.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kpibar.privacy.disclosure import blank
from kpibar.read.errors import FileDamaged, FileEmpty, FileTooLarge, RecordsNotFound

Texts = Callable[[], Iterable[str]]
Item = tuple[str, int, object]
# A line longer than this is no record of an export with one object a line.
_LONGEST_LINE = 16 << 20
MOST_COLUMNS = 5_000
_TOO_MANY = f"has objects with more than {MOST_COLUMNS:,} different names"
_HINT = "export it again with the fields that are wanted"
# No path of names through nested objects is longer.
_LONGEST_NAME = 4_000
_BLANK = re.compile(r"[ \t\r\n]*")
# A list of so many plain values is no cell of a record.
_LONGEST_LIST = 10_000
_LARGEST_VALUE = 16 << 20
_TOP = ""
_DEEP = "its objects are nested too deeply"


class _RepeatedName(ValueError):
    """An object says one name twice."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        name, _ = Counter(names).most_common(1)[0]
        raise _RepeatedName(f'an object has "{blank(name)}" twice')
    return members


# Every whole number of so many digits exists as a number of 64 bits with a point.
_EXACT = 15


class _Excessive(ValueError):
    """An object has more names, or longer ones, than any export has."""


class _SeveralLists(Exception):
    """A document is followed by another."""


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_Number, parse_float=_Number, parse_constant=_Number, strict=False
)


Mode = Literal["lines", "document", "sequence"]


@dataclass(frozen=True)
class Table:
    """The records of a JSON file: how they stand there, the name of their list ("" at the top), the columns.

    `wrapper` is the name under which the objects of the list hold their records, "" where they are the records.
    """

    mode: Mode
    name: str
    columns: tuple[str, ...]
    wrapper: str = ""


class _Objects:
    """The objects of a list: how many are wrapped under which name, and the columns of those."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._columns: dict[str, dict[str, None]] = {}

    def add(self, value: dict[str, object]) -> None:
        """Take in an object."""
        wrapper = _wrapper(value)
        self._counts[wrapper] += 1
        columns = self._columns.setdefault(wrapper, {})
        columns.update(dict.fromkeys(_flat(_unwrap(value, wrapper), _unsaid)))

    def size(self) -> int:
        """How many names there are."""
        return sum(map(len, self._columns.values()))

    def wrapper(self) -> str:
        """The name under which most objects are wrapped: one strange object does not change what the others are."""
        ((name, count),) = self._counts.most_common(1)
        return name if 2 * count > self._counts.total() else ""

    def columns(self) -> tuple[str, ...]:
        """The columns of the records, in order of first appearance."""
        wrapper = self.wrapper()
        if wrapper:
            return tuple(self._columns[wrapper])
        names = (
            f"{name}.{column}" if name else column for name, columns in self._columns.items() for column in columns
        )
        return tuple(dict.fromkeys(names))


def survey(path: Path, texts: Texts, choose: Callable[[Mapping[str, Sequence[str]]], str]) -> Table:
    """Find the records: `choose` gets the columns of every list of objects by name and answers with one of the names.

    Raises FileEmpty, FileDamaged, FileTooLarge, RecordsNotFound.
    """
    mode: Mode = "lines" if _is_by_line(texts()) else "document"
    try:
        lists = _lists(path, _items(path, texts(), mode))
    except _SeveralLists:
        mode = "sequence"
        lists = _lists(path, _items(path, texts(), mode))
    if not lists:
        raise RecordsNotFound(path)
    name = choose({name: objects.columns() for name, objects in lists.items()})
    return Table(mode, name, lists[name].columns(), lists[name].wrapper())


def _lists(path: Path, items: Iterable[Item]) -> dict[str, _Objects]:
    """What is in each list of objects."""
    lists: dict[str, _Objects] = {}
    try:
        for name, _, value in items:
            if isinstance(value, dict):
                objects = lists.setdefault(name, _Objects())
                objects.add(value)
                if objects.size() > MOST_COLUMNS:
                    raise FileTooLarge(path, _TOO_MANY, _HINT)
    except _Excessive as error:
        raise FileTooLarge(path, str(error), _HINT) from error
    except _RepeatedName as error:
        raise FileDamaged(path, "JSON file", str(error)) from error
    except RecursionError as error:
        raise FileDamaged(path, "JSON file", _DEEP) from error
    return lists


def _items(path: Path, texts: Iterable[str], mode: Mode) -> Iterator[Item]:
    if mode == "lines":
        return _lines(path, texts)
    return _document(path, texts) if mode == "document" else _sequence(path, texts)


def rows(path: Path, texts: Texts, table: Table) -> Iterator[tuple[int, list[str]]]:
    """Each record with its number (the line where each has its own, else its place in the list from 1) and its cells.

    What stands among the records and is no object, says a name twice, or is not wrapped as they are, is a row of one
    cell.
    """
    for name, number, value in _items(path, texts(), table.mode):
        if name == table.name:
            yield number, _cells(value, table)


def _cells(value: object, table: Table) -> list[str]:
    if not isinstance(value, dict) or (table.wrapper and _wrapper(value) != table.wrapper):
        return [_text(value)]
    flat = _flat(_unwrap(value, table.wrapper), _text)
    return [flat.get(column, "") for column in table.columns]


def _wrapper(value: dict[str, object]) -> str:
    """The name under which a tool may have wrapped a record: {"ticket": {...}}; "" where it stands by itself."""
    name = next(iter(value)) if len(value) == 1 else ""
    return name if isinstance(value.get(name), dict) else ""


def _unwrap(value: dict[str, object], wrapper: str) -> dict[str, object]:
    inner = value[wrapper] if wrapper else value
    return inner if isinstance(inner, dict) else value


def _flat(value: dict[str, object], to_text: Callable[[object], str]) -> dict[str, str]:
    """Cells by column, as `to_text` writes them; a nested object's columns carry its name and a dot."""
    cells: dict[str, str] = {}
    _flatten(value, to_text, "", cells)
    return cells


def _flatten(value: dict[str, object], to_text: Callable[[object], str], prefix: str, cells: dict[str, str]) -> None:
    """Add the cells of an object. Raises _Repeated, _Excessive."""
    for name, inner in value.items():
        column = prefix + name
        if len(column) > _LONGEST_NAME:
            raise _Excessive(f"has an object whose names, put together, are longer than {_LONGEST_NAME:,} signs")
        if inner and isinstance(inner, dict):
            _flatten(inner, to_text, f"{column}.", cells)
            continue
        sound_name = column if column.isascii() else _sound(column)
        if sound_name in cells:
            raise _RepeatedName(f'an object has "{blank(column)}" twice')
        if len(cells) >= MOST_COLUMNS:
            raise _Excessive(_TOO_MANY)
        cells[sound_name] = to_text(inner)


def _text(value: object) -> str:
    kind = type(value)
    if kind is str:
        return _sound(value)  # type: ignore[arg-type]
    if kind is _Number:
        return _whole(str(value))
    return "" if value is None or value == {} else _sound(_as_text(value))


def _whole(number: str) -> str:
    """A whole number without its point, as a column of numbers with gaps makes of identifiers, while it is exact."""
    digits, point, decimals = number.partition(".")
    return digits if point and not decimals.strip("0") and len(digits) <= _EXACT else number


def _unsaid(value: object) -> str:
    """A cell where only the columns matter."""
    return ""


def _as_text(value: object) -> str:
    """JSON again, with the numbers as they were."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, _Number):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_as_text, value))}]"
    if isinstance(value, dict):
        members = (f"{json.dumps(name, ensure_ascii=False)}: {_as_text(member)}" for name, member in value.items())
        return "{" + ", ".join(members) + "}"
    return json.dumps(value, ensure_ascii=False)


def _sound(text: str) -> str:
    """Half a surrogate pair is no character: it becomes the mark of a damaged one, which rejects its record."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text


# --- one object a line ---------------------------------------------------------------------------------


def _is_by_line(texts: Iterable[str]) -> bool:
    """Whether the first line that is not blank is a whole object, and something follows it."""
    begin = ""
    for text in texts:
        begin = (begin + text).lstrip()
        line, end, tail = begin.partition("\n")
        if (end and tail.strip()) or len(begin) > _LONGEST_LINE:
            return line.startswith("{") and all(isinstance(value, dict) for value in _line_values(line))
    return False


def _lines(path: Path, texts: Iterable[str]) -> Iterator[tuple[str, int, object]]:
    """Every value of every line; a line that is no JSON is its own text. Raises FileTooLarge."""
    number, buffer = 0, [""]
    for text in texts:
        *lines, tail = text.split("\n")
        for line in lines:
            number += 1
            yield from ((_TOP, number, value) for value in _line_values("".join((*buffer, line))))
            buffer = []
        buffer.append(tail)
        if sum(map(len, buffer)) > _LONGEST_LINE:
            raise FileTooLarge(
                path, f"has in line {number + 1:,} a text longer than {_LONGEST_LINE >> 20} MiB", "export it again"
            )
    yield from ((_TOP, number + 1, value) for value in _line_values("".join(buffer)))


def _line_values(line: str) -> list[object]:
    values: list[object] = []
    at = _skip(line, 0)
    try:
        while at < len(line):
            value, at = _DECODER.raw_decode(line, at)
            values.append(value)
            at = _skip(line, at)
    except (ValueError, RecursionError):
        return [line]
    return values


def _skip(text: str, at: int) -> int:
    blanks = _BLANK.match(text, at)
    return blanks.end() if blanks else at


# --- a document ----------------------------------------------------------------------------------------


class _Reader:
    """A text of which only the part being read is in memory."""

    def __init__(self, path: Path, texts: Iterable[str]) -> None:
        self.path, self.texts = path, iter(texts)
        self.text, self.at = "", 0

    def has_more(self) -> bool:
        """Read on; False at the end. As much again as is waiting, so that a large value is not parsed too often."""
        unread = len(self.text) - self.at
        if unread > _LARGEST_VALUE:
            raise FileDamaged(self.path, "JSON file", f"a value in it has no end within {_LARGEST_VALUE >> 20} MB")
        parts, size = [], max(1, unread)
        while size > 0 and (part := next(self.texts, None)) is not None:
            parts.append(part)
            size -= len(part)
        if parts:
            self.text, self.at = self.text[self.at :] + "".join(parts), 0
        return bool(parts)

    def peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while (at := _skip(self.text, self.at)) == len(self.text):
            self.at = at
            if not self.has_more():
                return ""
        self.at = at
        return self.text[at]

    def take(self, sign: str) -> None:
        """Pass the next character, which must be the expected one. Raises FileDamaged."""
        next_sign = self.peek()
        if next_sign != sign:
            raise FileDamaged(
                self.path, "JSON file", f"{blank(next_sign) or 'the end'} stands where {sign} was expected"
            )
        self.at += 1

    def value(self) -> object:
        """The next value. Raises FileDamaged."""
        self.peek()
        while True:
            try:
                result, end = _DECODER.raw_decode(self.text, self.at)
                if end < len(self.text) or not self.has_more():  # a number may go on
                    self.at = end
                    return result
            except _RepeatedName as error:
                raise FileDamaged(self.path, "JSON file", str(error)) from error
            except RecursionError as error:
                raise FileDamaged(self.path, "JSON file", _DEEP) from error
            except json.JSONDecodeError as error:
                if not self.has_more():
                    raise FileDamaged(self.path, "JSON file", error.msg) from error


def _sequence(path: Path, texts: Iterable[str]) -> Iterator[Item]:
    """Documents one after the other, each a record."""
    reader, number = _Reader(path, texts), 0
    while reader.peek():
        number += 1
        yield _TOP, number, reader.value()


def _document(path: Path, texts: Iterable[str]) -> Iterator[Item]:
    """Every member of the list, or of every list in the object, that the text is; such an object may be a record.

    Raises _Several when another document follows.
    """
    reader = _Reader(path, texts)
    begin = reader.peek()
    if not begin:
        raise FileEmpty(path)
    yield from _list(reader, _TOP) if begin == "[" else _object(reader)
    if reader.peek():
        raise _SeveralLists


def _list(reader: _Reader, name: str) -> Iterator[Item]:
    reader.take("[")
    number = 0
    while reader.peek() != "]":
        if number:
            reader.take(",")
        number += 1
        yield name, number, reader.value()
    reader.take("]")


def _object(reader: _Reader) -> Iterator[Item]:
    """The members of the lists in an object; if none of them is an object, the object as a whole."""
    reader.take("{")
    members: dict[str, object] = {}
    lists = False
    while reader.peek() != "}":
        if members:
            reader.take(",")
        name = reader.value()
        if not isinstance(name, str) or name in members:
            raise FileDamaged(reader.path, "JSON file", f'an object has "{blank(str(name))}" twice')
        reader.take(":")
        if reader.peek() == "[":
            plain: list[object] = []
            members[name] = plain
            for item in _list(reader, name):
                lists = lists or isinstance(item[2], dict)
                if len(plain) < _LONGEST_LIST:
                    plain.append(None if lists else item[2])
                yield item
            lists = lists or len(plain) == _LONGEST_LIST
        else:
            members[name] = reader.value()
    reader.take("}")
    if not lists:
        yield _TOP, 1, members
