"""What a layout can make of the cells of a file is bounded: by how it is written, and by how much is taken at once."""

import json
from pathlib import Path

import pytest

from kpibar.layouts.errors import LayoutInvalid
from kpibar.layouts.expression import compile_expression
from kpibar.layouts.layout import growth, parse, shelf
from kpibar.read import reader
from kpibar.read.reader import USUAL, sizes_for
from tests.intake import held, take_text, write
from tests.support import cpu_seconds


def _nested(depth: int, words: int, *, upper: bool = False) -> str:
    """A CASE that compares a CASE that compares a CASE ...: the parser copies each for every WHEN of the next."""
    text = '"Who"'
    for _ in range(depth):
        text = f"CASE {text} " + " ".join(f"WHEN '{n}' THEN '{n}'" for n in range(words)) + " END"
    return text if upper else text.replace("CASE", "case").replace("WHEN", "When")


def _doubled(depth: int, form: str = "concat({0}, {0})") -> str:
    text = '"Who"'
    for _ in range(depth):
        text = form.format(text)
    return text


def layout(**select: str) -> bytes:
    """A layout of contacts with these columns beside the needed ones."""
    lines = "".join(f"{column} = {json.dumps(text)}\n" for column, text in select.items())
    return f"""name = "own"\nfills = "contacts"\ndetect = ["Num", "Who"]\nzone = "UTC"\n[select]
contact_id = 'text("Num")'\ncreated_at = 'instant("When")'\nchannel = "'email'"\n{lines}""".encode()


COSTLY = {
    "a case around cases": _nested(9, 4, upper=True),
    "in small letters": _nested(12, 3),
    "in parentheses": "(" + _nested(8, 5) + ")",
    "within a call": f"upper({_nested(9, 4)})",
    "within what is compared": f"CASE lower({_nested(8, 4)}) WHEN 'a' THEN \"Who\" END",
    "one long text for many words": "CASE "
    + "||".join(['"Who"'] * 900)
    + "".join(f" WHEN '{n}' THEN 1" for n in range(500))
    + " END",
    "cases that never close": "CASE " * 3_000,
    "doubled eight times": f"length({_doubled(8)})",
    "doubled by ||": _doubled(8, "({0} || {0})"),
    "doubled within a helper": f"num(length({_doubled(8)}))",
    "long replacements": "length(replace(concat(" + ", ".join(['"Who"'] * 30) + f"), 'a', '{'b' * 30}'))",
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_grows_beyond_measure_is_refused_at_once(name: str) -> None:
    def refuse() -> None:
        with pytest.raises(LayoutInvalid) as caught:
            parse(Path("own.toml"), layout(brand=COSTLY[name]))
        raised.append(str(caught.value))

    raised = list[str]()
    assert cpu_seconds(refuse) < 3
    assert "[select] brand" in raised[0] and len(raised[0]) < 600


def test_many_expressions_that_grow_are_refused_together() -> None:
    wide = "concat(" + ", ".join(['"Who"'] * 150) + ")"
    parse(Path("own.toml"), layout(brand=wide))
    with pytest.raises(LayoutInvalid, match="its expressions make texts more than 1,000 times as long"):
        parse(Path("own.toml"), layout(brand=wide, queue=wide, team=wide, lang=wide))


def test_ordinary_cases_and_texts_pass() -> None:
    for text in (
        'CASE lower(trim("Who")) ' + " ".join(f"WHEN 'word{n}' THEN 'w{n}'" for n in range(500)) + " END",
        "CASE " + " ".join(f"WHEN lower(\"Who\") = 'word{n}' THEN 'w{n}'" for n in range(300)) + " END",
        "CASE \"A\" WHEN '1' THEN CASE \"B\" WHEN '2' THEN CASE \"C\" WHEN '3' THEN 'x' END END END",
        "CASE CASE \"A\" WHEN '1' THEN 'one' ELSE 'more' END WHEN 'one' THEN 'x' WHEN 'more' THEN 'y' END",
        'CASE "end" WHEN \'case\' THEN "when" END',
        "concat_ws(' ', " + ", ".join(f'"C{n}"' for n in range(60)) + ")",
    ):
        compile_expression(text)
    assert all(growth(known) <= 50 and sizes_for(growth(known)) == USUAL for known in shelf(None).layouts.values())


def test_of_a_layout_whose_texts_grow_less_is_taken_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.joinpath("layouts").mkdir()
    folder.joinpath("layouts", "own.toml").write_bytes(
        layout(wait_s="length(concat(" + ", ".join(['"Who"'] * 60) + "))")
    )
    write(folder, "kpibar.toml", 'timezone = "UTC"\n')
    monkeypatch.setattr(reader, "_MOST_GROWN", 116 * 4_000)  # concat makes 60 times 2 cells, of which 4 are usual
    rows = "".join(f"{n},2025-03-01 10:00:00,{'x' * (900_000 if n == 7 else 700)}\n" for n in range(40))
    outcome = take_text(folder, "Num,When,Who\n" + rows)
    assert (outcome.counts.added, outcome.counts.rejected) == (39, 1)
    assert (
        "it is longer than 256 KiB, and the layout makes texts of it that are many times as long"
        in (outcome.first_rejects[0])
    )
    assert sizes_for(116).vector == 4_000
    assert held(folder, "SELECT DISTINCT wait_s FROM contacts") == [(42_000,)]
