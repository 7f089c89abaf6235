"""Whether the last record of a text without a final line end is whole: by its last cell.

All its cells are there. The last one may be a part of what it was, unless it is of a kind that shows where it ends:
quoted and closed, empty, unread by the layout, a full date and time, a word of its list. A number, an identifier or a
name does not show it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kpibar.layouts.bindings import Cells
from kpibar.layouts.shapes import DATE_HELPERS, FLAGS, shape
from kpibar.read.columns import normal
from kpibar.values.helpers import EMPTY_WORDS
from kpibar.values.notation import Notation

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

    `read` tells that the layout reads it, `is_date` that it does so as dates or times; `words` are the values it lists,
    in small letters, with their meanings, and None where it has no list. `samples` are cells of the file's beginning.
    """

    read: bool = True
    is_date: bool = False
    words: Mapping[str, str] | None = None
    samples: tuple[str, ...] = field(default=(), repr=False)

    def having_seen(self, records: Sequence[Sequence[str]]) -> "LastColumn":
        """The same, with the last cells of these records."""
        return replace(self, samples=tuple(record[-1].strip() for record in records))

    def is_whole(self, cell: str) -> bool:
        """Whether the last cell of the file is all it was before the line end was lost.

        A cell that is shorter than every other one may have been cut, whatever it is.
        """
        text = cell.strip()
        if not self.read:
            return True
        if not text:
            return "" in self.samples or not self.samples
        samples = [sample for sample in self.samples if sample]
        if samples and len(text) < min(map(len, samples)):
            return False
        if len(text) >= _SHORTEST_NOTHING and text.lower() in EMPTY_WORDS and text in samples:
            return True
        if self.words is not None:
            return _is_whole_word(text.casefold(), {sample.casefold() for sample in samples}, self.words)
        return self.is_date and _is_whole_time(text, samples)


def _is_whole_word(word: str, samples: set[str], words: Mapping[str, str]) -> bool:
    """Whether a word is listed or was seen, and no longer word begins with it that means something else.

    Listed words that the file does not hold are no rivals of one that it does.
    """
    if word not in samples and word not in words:
        return False
    rivals = samples if word in samples else {*samples, *words}
    longer = (rival for rival in rivals if rival.startswith(word) and rival != word)
    return all(words.get(rival, rival) == words.get(word, word) for rival in longer)


def _is_whole_time(text: str, samples: Sequence[str]) -> bool:
    """Whether a date or time is written like others of its column, none of which goes on where it ends."""
    if not samples:
        return _FULL_TIME.fullmatch(text) is not None
    form, last = shape(text), _length_of_last_run(text)
    alike = [_length_of_last_run(sample) for sample in samples if shape(sample) == form]
    longer = any(shape(sample).startswith(form) and shape(sample) != form for sample in samples)
    return bool(alike) and not longer and last == max(alike)


def _length_of_last_run(text: str) -> int:
    """How many digits or letters the last number or word has."""
    run = _LAST_RUN.search(text)
    return len(run[1]) if run else 0


def last_column(cells: Cells, notation: Notation, *, read: bool) -> LastColumn:
    """What the last column of a file holds, by the helpers that read it."""
    place = len(cells.names) - 1
    calls = [
        call for call in cells.present() if any(cells.positions.get(normal(name)) == place for name in call.columns)
    ]
    lists = [notation.enums[call.argument] for call in calls if call.helper == "enum"]
    # The words of a flag differ in meaning as they do in their first letter; one letter may be the first of a word.
    lists += [{word: word[0] for word in FLAGS if len(word) > 1} for call in calls if call.helper == "flag"]
    return LastColumn(
        read=read,
        is_date=any(call.helper in DATE_HELPERS and call.helper != "epoch" for call in calls),
        words={value.casefold(): meaning for words in lists for value, meaning in words.items()} if lists else None,
    )
