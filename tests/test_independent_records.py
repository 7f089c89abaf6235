"""What a record becomes depends on nothing but itself: not on its neighbours, nor on where the text is cut."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kpibar.layouts.shapes import Holds, accept
from kpibar.load.repair import Repairer
from kpibar.read.reader import Batch, Reader, Sizes
from kpibar.read.records import decode
from kpibar.read.scan import Dialect
from tests.intake import column, held, take_text
from tests.support import cpu_seconds

HEADER = "contact_id,created_at,channel"
DAY = "2025-03-01 10:00:00"
BLANKS = (" ", "\u00a0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f", "\u3000")


def contacts(*identifiers: str) -> str:
    return "\n".join((HEADER, *(f"{name},{DAY},email" for name in identifiers), ""))


# --- blanks --------------------------------------------------------------------------------------------


@pytest.mark.sample(1)
@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: f"U+{ord(blank):04X}")
def test_a_blank_at_the_end_of_a_key_is_none_of_it_whatever_stands_beside(folder: Path, blank: str) -> None:
    take_text(folder, contacts(f"T1{blank}", "T2"), "a.csv")
    take_text(folder, contacts(f"T1{blank}", " T2"), "b.csv")
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["T1", "T2"]


@pytest.mark.sample(1)
@pytest.mark.parametrize("end", ["à", "É", "é", "€", "…"])
def test_a_letter_that_ends_in_the_byte_of_a_blank_is_kept(folder: Path, end: str) -> None:
    take_text(folder, contacts(f"T1{end}", "T2"))
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == [f"T1{end}", "T2"]


# --- footers -------------------------------------------------------------------------------------------

WIDE = "company,contact_id,created_at,channel,queue,subject,tags\n"


def companies(*more: str) -> str:
    return WIDE + "".join(f"Maison,T{number},{DAY},email,,,\n" for number in range(3)) + "".join(more)


@pytest.mark.long
@pytest.mark.parametrize("last", [f"Total Energies,T9,{DAY},,,,\n", f'"Sum Up, SA",T9,{DAY},,,,\n'])
def test_a_record_whose_first_word_is_that_of_a_footer_is_a_record(folder: Path, last: str) -> None:
    assert take_text(folder, companies(last)).lines.footer == 0
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["T0", "T1", "T2", "T9"]


def test_a_broken_record_that_begins_like_a_footer_is_rejected_with_its_line(folder: Path) -> None:
    outcome = take_text(folder, companies(f"Total Energies,T9,{DAY},,,,,\n"))
    assert (outcome.lines.footer, outcome.counts.rejected) == (0, 1)
    assert held(folder, "SELECT line, code FROM rejects") == [(5, "width")]


@pytest.mark.sample(3)
@pytest.mark.parametrize("last", ["Total,,,,,,3\n", "Total,3\n", "Total,3,,,,,\n", f"Exported on {DAY}\n", "Total\n"])
def test_what_lacks_the_key_of_a_record_is_a_footer(folder: Path, last: str) -> None:
    outcome = take_text(folder, companies(last, last))
    assert (outcome.lines.footer, outcome.counts.added, outcome.counts.rejected) == (2, 3, 0)


def repairer(dialect: Dialect, identified: Holds) -> Callable[[], Repairer]:
    return lambda: Repairer(dialect, (identified, *[accept] * (dialect.width - 1)), frozenset({0}))


@pytest.mark.parametrize("window", [1, 7, 40, 100, 256 * 1024])
def test_a_footer_is_as_long_wherever_the_text_is_cut(window: int) -> None:
    dialect = Dialect(",", '"', 3, ("id", "date", "text"))
    reader = Reader(dialect, 2, sizes=Sizes(window=window))
    text = "1,a,b\n2,a,b\n" + "Total,,\n" * 8
    rows = [row for batch in reader.batches([text.encode()]) for row in decode(batch.text, dialect)]
    assert (len(rows), reader.account.footer, reader.account.records) == (2, 8, 2)


# --- repair --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [1, 7, 20, 40, 256 * 1024])
@pytest.mark.parametrize(("broken", "repaired"), [(1, 1), (2, 0), (3, 0)])
def test_damage_that_goes_over_two_lines_is_not_repaired_wherever_the_text_is_cut(
    window: int, broken: int, repaired: int
) -> None:
    dialect = Dialect(",", '"', 3, ("id", "date", "text"))
    make = repairer(dialect, lambda cell: cell.startswith("T-") and cell[2:].isdecimal())
    reader = Reader(dialect, 2, make, Sizes(window=window))
    text = "T-1,a,b\nT-2,a,b\n" + ",T-3,a,b\n" * broken + "T-4,a,b\nT-5,a,b\n"
    list(reader.batches([text.encode()]))
    assert (reader.account.repairs, reader.account.rejects) == (repaired, broken - repaired)


# --- many stray quotes ---------------------------------------------------------------------------------


@pytest.mark.long
def test_a_stray_quote_a_line_costs_no_look_at_all_the_lines_after_it() -> None:
    dialect = Dialect(",", '"', 4, ())
    text = "".join(f'{number},2025-03-01,a 5" pipe,{"mot " * 15}\n' for number in range(8_000))
    batches = list[Batch]()
    assert cpu_seconds(lambda: batches.extend(Reader(dialect, 2).batches([text.encode()]))) < 5
    assert [batch.records for batch in batches] == [8_000]


# --- wrapped objects -----------------------------------------------------------------------------------


def document(*values: object) -> str:
    return json.dumps(values)


def contact(number: int) -> dict[str, object]:
    return {"contact_id": str(number), "created_at": DAY, "channel": "email"}


@pytest.mark.sample(1)
@pytest.mark.parametrize("at", [0, 3])
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_object_that_is_wrapped_otherwise_than_the_others_is_none_of_them(
    folder: Path, at: int, wrapped: bool
) -> None:
    values: list[object] = [{"ticket": contact(number)} if wrapped else contact(number) for number in range(3)]
    values.insert(at, {"x": contact(78)})
    outcome = take_text(folder, document(*values), name="a.json")
    assert (outcome.counts.added, outcome.counts.rejected) == (3, 1)
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["0", "1", "2"]
    assert column(folder, "SELECT line FROM rejects") == [at + 1]
