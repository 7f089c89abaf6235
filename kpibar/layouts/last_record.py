"""Whether the last record of a text without a final line end is whole: by its last cell.

All its cells are there. The last one may be a part of what it was, unless it is of a kind that shows where it ends:
quoted and closed, empty, unread by the layout, a full date and time, a word of its list. A number, an identifier or a
name does not show it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kpibar.layouts.bindings import Cells
from kpibar.layouts.shapes import DATED, FLAGS, shape
from kpibar.read.columns import normal
from kpibar.values.helpers import NOTHING
from kpibar.values.notation import Reading

# A date and time of which nothing can be missing, where the column has no other to compare it with.
_FULL_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3,})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# Each run is tried once: a cell may be as long as the file.
_LAST_RUN = re.compile(r"((?<![0-9])[0-9]++|(?<![^\W\d_])[^\W\d_]++)[\W_]*+$")
# A shorter word for "nothing", such as a dash, may be the beginning of a value.
_SHORTEST_NOTHING = 3


@dataclass(frozen=True)
class LastColumn:
    """What the last column of a file holds.

    `read` tells that the layout reads it, `dated` that it does so as dates or times; `words` are the values it lists,
    in small letters, with their meanings, and None where it has no list. `seen` are the cells of the file's beginning.
    """

    read: bool = True
    dated: bool = False
    words: Mapping[str, str] | None = None
    seen: tuple[str, ...] = field(default=(), repr=False)

    def having_seen(self, records: Sequence[Sequence[str]]) -> "LastColumn":
        """The same, with the last cells of these records."""
        return replace(self, seen=tuple(record[-1].strip() for record in records))

    def is_whole(self, cell: str) -> bool:
        """Whether the last cell of the file is all it was before the line end was lost.

        A cell that is shorter than every other one may have been cut, whatever it is.
        """
        said = cell.strip()
        if not self.read:
            return True
        if not said:
            return "" in self.seen or not self.seen
        filled = [one for one in self.seen if one]
        if filled and len(said) < min(map(len, filled)):
            return False
        if len(said) >= _SHORTEST_NOTHING and said.lower() in NOTHING and said in filled:
            return True
        if self.words is not None:
            return _is_whole_word(said.casefold(), {one.casefold() for one in filled}, self.words)
        return self.dated and _is_whole_time(said, filled)


def _is_whole_word(word: str, seen: set[str], listed: Mapping[str, str]) -> bool:
    """Whether a word is listed or was seen, and no longer word begins with it that means something else.

    Listed words that the file does not hold are no rivals of one that it does.
    """
    if word not in seen and word not in listed:
        return False
    rivals = seen if word in seen else {*seen, *listed}
    longer = (other for other in rivals if other.startswith(word) and other != word)
    return all(listed.get(other, other) == listed.get(word, word) for other in longer)


def _is_whole_time(said: str, seen: Sequence[str]) -> bool:
    """Whether a date or time is written like others of its column, none of which goes on where it ends."""
    if not seen:
        return _FULL_TIME.fullmatch(said) is not None
    form, last = shape(said), _length_of_last_run(said)
    alike = [_length_of_last_run(one) for one in seen if shape(one) == form]
    longer = any(shape(one).startswith(form) and shape(one) != form for one in seen)
    return bool(alike) and not longer and last == max(alike)


def _length_of_last_run(text: str) -> int:
    """How many digits or letters the last number or word has."""
    run = _LAST_RUN.search(text)
    return len(run[1]) if run else 0


def last_column(cells: Cells, reading: Reading, *, read: bool) -> LastColumn:
    """What the last column of a file holds, by the helpers that read it."""
    place = len(cells.names) - 1
    calls = [
        call for call in cells.present() if any(cells.positions.get(normal(name)) == place for name in call.columns)
    ]
    lists = [reading.enums[call.argument] for call in calls if call.helper == "enum"]
    # The words of a flag differ in meaning as they do in their first letter; one letter may be the first of a word.
    lists += [{word: word[0] for word in FLAGS if len(word) > 1} for call in calls if call.helper == "flag"]
    return LastColumn(
        read=read,
        dated=any(call.helper in DATED and call.helper != "epoch" for call in calls),
        words={value.casefold(): meaning for listed in lists for value, meaning in listed.items()} if lists else None,
    )
