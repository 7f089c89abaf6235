"""Numbers of orders, cases and queues that are sound come out as they are; identifiers of people in them do not."""

from pathlib import Path

import pytest

from kpibar.privacy.personal import ascii_form, personal_parts
from tests.intake import config, held, take, take_text, write

# Forms that tools and shops give to their numbers, some of which look like telephones.
SOUND = (
    "1001", "#1001", "FR-2024-00012345", "402-1234567-1234567", "01-12345611", "001-2345610", "0012-3456710",
    "0033-12345678", "0033-1234-5678", "0012-3456-7100", "1710410811", "4155552671", "33612345678", "33202401311",
    "0612345678", "0000012345", "2025-0001", "2025-03-04 10:00", "05-11-24-09-15", "612-345-678", "300-400-5000",
    "06 12345678", "12 345 678", "SO/2024/00012", "0612-345678", "550e8400-e29b-41d4-a716-446655440000",
    "1Z999AA10123456784", "6A12345678901", "LX123456789FR", "4539578763621486", "S00012-1", "WEB_0012_2024", "ORD+1234",
    "01/02/2025", "sms:48217555", "00-1234-567890", "#FR0612345678", "2024/0612345678", "12.345.678", "A-06-12-34",
    "FR7630006000011234567890188",
)  # fmt: skip
CERTAIN = (
    "+33 6 12 34 56 78", "+33612345678", "+1 415 555 2671", "+44 20 7946 0958", "+33_6_12_34_56_78", "06 12 34 56 78",
    "06.12.34.56.78", "06-12-34-56-78", "06/12/34/56/78", "06_12_34_56_78", "0033 6 12 34 56 78", "00 44 20 7946 0958",
    "001 415 555 2671", "tel 0612345678", "jean@example.org", "FR7630006000011234567890189",
    "FR76_3000_6000_0112_3456_7890_189", "06\u00ad 12 34 56 78",
)  # fmt: skip
# Beside these, in a column of words.
WORDS = ("06:12:34:56:78", "06*12*34*56*78", "06,12,34,56,78", "4111_1111_1111_1111", "0612345678", "+33,6,12,34,56,78")


@pytest.mark.parametrize("code", ["33", "1", "44", "49", "999"])
def test_only_certain_forms_count_among_numbers(code: str) -> None:
    for text in SOUND:
        assert personal_parts(ascii_form(text), code, numbers=True) == [], text
    for text in CERTAIN:
        assert len(personal_parts(ascii_form(text), code, numbers=True)) == 1, text


def test_more_forms_count_among_words() -> None:
    for text in (*CERTAIN, *WORDS):
        assert len(personal_parts(ascii_form(text))) == 1, text
    assert len(personal_parts("01 23 45 67 89/06 12 34 56 78")) == 2
    assert len(personal_parts("01.23.45.67.89 / 06.12.34.56.78", numbers=True)) == 2


ORDERS = "order_ref,ordered_at,value\n"


def _orders(*numbers: str) -> str:
    return ORDERS + "".join(f'"{number}",2025-03-01,5\n' for number in numbers)


@pytest.mark.long
def test_a_number_is_judged_by_itself_in_files_of_any_length(folder: Path) -> None:
    """Files of 1, 2 and 40 orders, and of all sound forms: only the telephone with + and pairs changes."""
    settings = config(folder, 'timezone = "Europe/Paris"\ncountry_calling_code = "1"\n')
    files = {
        "a": ["01-12345611"],
        "b": ["001-2345610", "01-12345612"],
        "c": [f"{number}" for number in range(1_710_410_811, 1_710_810_811, 10_000)],
        "d": [f"0{number}" for number in range(612_345_678, 912_345_678, 7_500_001)],
        # Blanks between thousands are taken out.
        "e": [*(text for text in SOUND if text != "12 345 678"), "+33 6 12 34 56 78", "06 12 34 56 78"],
    }
    for number, (name, numbers) in enumerate(files.items()):
        path = write(folder, f"{name}.csv", _orders(*numbers))
        used = settings if name != "d" else config(folder)
        outcome = take(folder, path, settings=used, brand=f"Maison {number}")[0]
        assert outcome.error is None
        stored = {row[0] for row in held(folder, "SELECT order_ref FROM orders WHERE brand = ?", [f"Maison {number}"])}
        certain = {number for number in stored if number.startswith("id-")}
        sound = {number for number in numbers if number in SOUND or name in "abcd"}
        assert {number.lstrip("#") for number in sound} - {number.lstrip("#") for number in stored} == set(), name
        assert len(certain) == (2 if name == "e" else 0)


LAYOUT = """
name = "own-lines"
title = "Lines"
fills = "contacts"
detect = ["Call", "Line"]
[select]
contact_id = 'text("Call")'
created_at = 'instant("At")'
channel = "'phone'"
queue = 'text("Line")'
team = '''CASE WHEN text("Line") LIKE '+33 9%' THEN text("Line") ELSE 'none' END'''
brand = '''CASE WHEN text("Line") = '+33 9 69 32 12 34' THEN 'Alpha' WHEN "Line" = '09 69 32 12 35' THEN 'Beta'
ELSE 'Other' END'''
"""


def test_a_condition_asks_the_cell_and_two_hotlines_stay_two(folder: Path) -> None:
    write(folder, "layouts/own-lines.toml", LAYOUT)
    rows = ("1", "+33 9 69 32 12 34"), ("2", "09 69 32 12 35"), ("3", "+33 9 69 32 12 36"), ("4", "SAV")
    text = "Call,At,Line\n" + "".join(f"{call},2025-03-01 10:00:00,{line}\n" for call, line in rows)
    take_text(folder, text)
    found = held(folder, "SELECT brand, queue, team FROM contacts ORDER BY contact_id")
    assert [row[0] for row in found] == ["Alpha", "Beta", "Other", "Other"]
    queues = [row[1] for row in found]
    shapes = [queue.partition("#")[0] for queue in queues]
    assert shapes == ["+99 9 99 99 99 99", "99 99 99 99 99", "+99 9 99 99 99 99", "SAV"]
    assert len(set(queues)) == 4
    assert [row[2] for row in found] == [queues[0], "none", queues[2], "none"]
