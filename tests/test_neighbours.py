"""What a record becomes depends on nothing but itself: not on its neighbours, nor on where the text is cut."""

from pathlib import Path

import pytest

from tests.intake import column, take_text

HEADER = "contact_id,created_at,channel"
DAY = "2025-03-01 10:00:00"
BLANKS = (" ", "\u00a0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f", "\u3000")


def contacts(*identifiers: str) -> str:
    return "\n".join((HEADER, *(f"{name},{DAY},email" for name in identifiers), ""))


# --- blanks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: f"U+{ord(blank):04X}")
def test_a_blank_at_the_end_of_a_key_is_none_of_it_whatever_stands_beside(folder: Path, blank: str) -> None:
    take_text(folder, contacts(f"T1{blank}", "T2"), "a.csv")
    take_text(folder, contacts(f"T1{blank}", " T2"), "b.csv")
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == ["T1", "T2"]


@pytest.mark.parametrize("end", ["à", "É", "é", "€", "…"])
def test_a_letter_that_ends_in_the_byte_of_a_blank_is_kept(folder: Path, end: str) -> None:
    take_text(folder, contacts(f"T1{end}", "T2"))
    assert column(folder, "SELECT contact_id FROM contacts ORDER BY 1") == [f"T1{end}", "T2"]
