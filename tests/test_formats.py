"""The `strptime` formats a layout states are honoured, whatever the notation; what can tell no date is refused."""

from datetime import datetime
from pathlib import Path

import pytest

from kpibar.layouts.errors import LayoutInvalid
from kpibar.load.errors import AllRejected
from tests.intake import take, write
from tests.notations import read, taken


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def stated(*formats: str, zone: str = "UTC") -> str:
    """Lines of a layout that state these formats."""
    return f'zone = "{zone}"\nformats = [' + ", ".join(f"'{one}'" for one in formats) + "]"


# Formats, cells, what is held (UTC; the layout's zone is UTC unless the cell has an offset).
HONOURED: list[tuple[str, dict[str, object]]] = [
    (
        "%a %b %d %H:%M:%S %z %Y",
        {
            "Mon Mar 03 10:00:00 +0100 2025": at("2025-03-03 09:00:00"),
            "Sun Feb 30 10:00:00 +0000 2025": "rejected",
            "Mon Mar 03 10:00:00 -0530 2025": at("2025-03-03 15:30:00"),
        },
    ),
    (
        '%d.%m.%Y um %H:%M "Uhr"',
        {
            "03.04.2025 um 14:05 Uhr": at("2025-04-03 14:05:00"),
            '03.04.2025 um 14:05 "Uhr"': at("2025-04-03 14:05:00"),
            "03.04.2025 um 25:05 Uhr": "rejected",
            "31.04.2025 um 14:05 Uhr": "rejected",
        },
    ),
    (
        "le %A %d %B %Y à %Hh%M",
        {
            "le lundi 3 mars 2025 à 9h05": at("2025-03-03 09:05:00"),
            "Le vendredi 1 août 2025 à 18h30": at("2025-08-01 18:30:00"),
            "le mardi 3 brumaire 2025 à 9h05": "rejected",
        },
    ),
    (
        "%d. %B %Y, %H:%M Uhr",
        {
            "3. März 2025, 14:05 Uhr": at("2025-03-03 14:05:00"),
            "24. Dezember 2025, 08:00 Uhr": at("2025-12-24 08:00:00"),
            "1. Okt 2025, 08:00 Uhr": at("2025-10-01 08:00:00"),
        },
    ),
    (
        "%d/%m/%y at %I.%M %p",
        {
            "03/04/25 at 12.05 AM": at("2025-04-03 00:05:00"),
            "03/04/25 at 12.05 p.m.": at("2025-04-03 12:05:00"),
            "03/04/25 at 13.05 PM": "rejected",
        },
    ),
    ("%Y-%d-%m %H:%M", {"2025-03-04 10:00": at("2025-04-03 10:00:00"), "2025-13-04 10:00": at("2025-04-13 10:00:00")}),
    ("%d%m%Y%H%M%S", {"03042025101530": at("2025-04-03 10:15:30"), "3042025101530": "rejected"}),
    ("%b %d %Y | %H:%M:%S.%f", {"Apr 03 2025 | 10:15:30.250": at("2025-04-03 10:15:30.250")}),
    ("%a %b %d %Y %T GMT%z (%Z)", {
        "Thu Apr 03 2025 10:15:30 GMT+0200 (Central European Summer Time)": at("2025-04-03 08:15:30"),
    }),
    ("%Y, day %j", {"2025, day 093": at("2025-04-03 00:00:00")}),
]  # fmt: skip


@pytest.mark.sample(1)
@pytest.mark.parametrize(("format", "cells"), HONOURED, ids=[one for one, _ in HONOURED])
def test_a_stated_format_is_honoured(folder: Path, format: str, cells: dict[str, object]) -> None:
    assert read(folder, "at", list(cells), stated(format)) == list(cells.values())


def test_a_stated_format_is_read_in_the_zone_of_the_layout_and_beside_the_usual_ones(folder: Path) -> None:
    cells = ["03.07.2025 um 14:05 Uhr", "2025-07-03 14:05:00", "2025-07-03T14:05:00Z"]
    more = stated("%d.%m.%Y um %H:%M Uhr", "%Y-%m-%d %H:%M:%S", zone="Europe/Berlin")
    assert read(folder, "at", cells, more) == [at("2025-07-03 12:05"), at("2025-07-03 12:05"), at("2025-07-03 14:05")]


IMPOSSIBLE = {
    "%H:%M": "no year",
    "yyyy-MM-dd": "no directive",
    "%d/%M/%Y": "no month",
    "%d/%m/%Y %I:%M": "without AM or PM",
    "%Y-%m-%d %Q": "does not know",
    "%d/%m/%Y %": "a % alone",
    "%d/%d/%Y": "%d twice",
}


@pytest.mark.long
@pytest.mark.parametrize("format", IMPOSSIBLE)
def test_a_format_that_can_tell_no_date_is_refused_by_name(folder: Path, format: str) -> None:
    with pytest.raises(LayoutInvalid) as caught:
        taken(folder, {"at": ["2025-01-01"]}, stated(format))
    assert "notes.toml" in str(caught.value) and f'"{format}"' in str(caught.value)
    assert IMPOSSIBLE[format] in str(caught.value)


@pytest.mark.sample(1)
@pytest.mark.parametrize("format", ["%d.%m.%Y %H:%M", "%A, %d %B %Y", "%d.%m.%Y um %H:%M Uhr"])
def test_the_advice_is_not_what_was_done(folder: Path, format: str) -> None:
    error = taken(folder, {"at": ["3 of April", "4 of April"]}, stated(format)).error
    assert isinstance(error, AllRejected)
    assert "in a layout of your own" not in str(error) and f'"{format}"' in str(error)


def test_without_formats_the_advice_is_to_state_them(folder: Path) -> None:
    error = take(folder, write(folder, "x.csv", "contact_id,created_at,channel\n1,3 of April,email\n"))[0].error
    assert isinstance(error, AllRejected) and "in a layout of your own" in str(error)
