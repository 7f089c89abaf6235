"""Which version of a record stays: a corrected reading of the same file, promises that move, what a file says nothing of."""

from datetime import datetime
from pathlib import Path

from kpibar.ingest.outcome import Outcome
from tests.intake import column, held, take_text

HEADER = "contact_id,created_at,channel"
DAY = "2025-03-01 10:00:00"
ZONED = f"{HEADER}\nT1,{DAY},email\nT2,2025-03-01 11:00:00,email\n"
NUMERIC = f"{HEADER}\nT1,03/04/2025 10:00,email\nT2,04/05/2025 10:00,email\n"


def fates(outcome: Outcome) -> tuple[int, int, int, int]:
    """Added, updated, unchanged, superseded."""
    counts = outcome.counts
    return counts.added, counts.updated, counts.unchanged, counts.superseded


def created(folder: Path) -> list[str]:
    """When the contacts came, as UTC texts."""
    return column(folder, "SELECT created_at::VARCHAR FROM contacts ORDER BY contact_id")


# --- the same file, read another way -------------------------------------------------------------------


def test_a_corrected_zone_moves_instants_earlier(folder: Path) -> None:
    take_text(folder, ZONED, timezone="America/New_York")
    assert fates(take_text(folder, ZONED, timezone="Europe/Paris")) == (0, 2, 0, 0)
    assert created(folder) == ["2025-03-01 09:00:00", "2025-03-01 10:00:00"]


def test_a_corrected_order_of_dates_moves_instants_earlier(folder: Path) -> None:
    take_text(folder, NUMERIC, date_order="dmy")
    assert fates(take_text(folder, NUMERIC, date_order="mdy")) == (0, 2, 0, 0)
    assert created(folder) == ["2025-03-04 09:00:00", "2025-04-05 08:00:00"]


def test_a_reading_taken_back_holds_again(folder: Path) -> None:
    """Right, wrong, right: the last word holds, though its bytes and its reading are known."""
    for zone in ("Europe/Paris", "America/New_York", "Europe/Paris"):
        assert take_text(folder, ZONED, timezone=zone).same_as_before is None
    assert created(folder) == ["2025-03-01 09:00:00", "2025-03-01 10:00:00"]
    assert take_text(folder, ZONED, timezone="Europe/Paris").same_as_before is not None


def test_a_source_speaks_up_to_what_the_last_reading_says(folder: Path) -> None:
    take_text(folder, NUMERIC, date_order="dmy")
    take_text(folder, NUMERIC, date_order="mdy")
    assert column(folder, "SELECT as_of FROM sources") == [datetime(2025, 4, 5, 8)]
    older = f"{HEADER},queue\nT1,2025-03-04 10:00:00,email,late\n"
    assert fates(take_text(folder, older, name="b.csv", as_of=datetime(2025, 4, 6))) == (0, 1, 0, 0)


def test_a_corrected_reading_does_not_outlive_a_later_export(folder: Path) -> None:
    """Only what the misread file itself brought is replaced by its second reading."""
    take_text(folder, ZONED, timezone="America/New_York")
    later = f"{HEADER}\nT1,2025-03-01 08:00:00,phone\n"
    take_text(folder, later, name="b.csv", as_of=datetime(2025, 3, 9))
    assert fates(take_text(folder, ZONED, timezone="Europe/Paris")) == (0, 1, 0, 1)
    assert held(folder, "SELECT created_at::VARCHAR, channel FROM contacts ORDER BY contact_id") == [
        ("2025-03-01 07:00:00", "phone"),
        ("2025-03-01 10:00:00", "email"),
    ]
