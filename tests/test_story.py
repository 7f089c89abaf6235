"""Order 608428726: promised on 2 August 2022 between 16:00 and 18:00, and on 4 August still not there."""

from datetime import datetime
from pathlib import Path

import pytest

from kpibar.values.instants import as_of_instant
from tests.support import REPOSITORY, facts, fraction, ingest_tables, report, row, settings

EXPORTS = REPOSITORY / "tests" / "fixtures" / "story"
FOURTH_OF_AUGUST = as_of_instant("2022-08-04T20:00", "Europe/Paris")
MID_AUGUST = as_of_instant("2022-08-15", "Europe/Paris")


def tell(folder: Path, as_of: datetime) -> None:
    """Ingest the story's four exports as known at an instant."""
    exports = {path.name: path.read_text(encoding="utf-8") for path in sorted(EXPORTS.glob("*.csv"))}
    ingest_tables(folder, exports, settings(folder), as_of)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database knows the story as of 4 August, 20:00."""
    folder = tmp_path_factory.mktemp("story")
    tell(folder, FOURTH_OF_AUGUST)
    return folder


def test_the_order_is_late_and_overdue_although_never_delivered(told: Path) -> None:
    assert facts(
        told,
        "SELECT order_ref, CAST(ordered_on AS VARCHAR), CAST(promised_from AS VARCHAR), CAST(promised_to AS VARCHAR),"
        " promise_kind, due, late, overdue, delivered_at, lateness_s, slot_kept FROM fact_orders",
    ) == [
        ("608428726", "2022-07-31", "2022-08-02 14:00:00", "2022-08-02 16:00:00",
         "slot", True, True, True, None, None, False)
    ]  # fmt: skip


def test_both_calls_are_wismo_and_linked(told: Path) -> None:
    """One names the order; the other is known by its number, which the shop holds beside the e-mail address."""
    assert facts(
        told,
        "SELECT contact_id, wismo, linked_by, before_promise_end, order_late, order_id FROM fact_contacts"
        " ORDER BY created_at",
    ) == [
        ("C1", True, "reference", False, True, "kpibar-orders/608428726"),
        ("C2", True, "customer", False, True, "kpibar-orders/608428726"),
    ]
    assert facts(told, "SELECT count(DISTINCT person_key), count(DISTINCT issue_key) FROM fact_contacts") == [(1, 1)]


def test_the_notice_said_it_had_left(told: Path) -> None:
    assert facts(told, "SELECT kind, channel, CAST(sent_at AS VARCHAR) FROM notices") == [
        ("shipped", "sms", "2022-08-02 06:15:00")
    ]


def test_the_figures_of_the_fourth_of_august(told: Path) -> None:
    found = report(told, settings(told))
    assert (found.edition.year, str(found.edition.window.end), found.edition.complete) == (2022, "2022-08-04", False)
    assert fraction(found, "promise_unanswered") == (1, 1)
    assert fraction(found, "wismo_rate") == (2, 1)
    assert fraction(found, "wismo_share") == (2, 2)
    assert fraction(found, "wismo_early") == (0, 2)
    assert fraction(found, "link_coverage") == (2, 2)
    assert fraction(found, "repeat_rate") == (1, 2), "the second call repeats the first"
    for kpi in ("late_share", "slot_adherence"):
        assert fraction(found, kpi) == (0, 0)
        assert row(found, kpi).now.immature == 1, "two days old, judged after seven"
        assert row(found, kpi).status == "not_available"


def test_without_waiting_it_is_late_at_once(told: Path, folder: Path) -> None:
    found = report(told, settings(folder, "[maturity_days]\nlate_share = 0\nslot_adherence = 0\n"))
    assert fraction(found, "late_share") == (1, 1)
    assert fraction(found, "slot_adherence") == (0, 1)


@pytest.mark.long
def test_the_same_exports_known_in_mid_august_count_it_late(folder: Path) -> None:
    """The same bytes, said to be still true on 15 August: nothing is added, the promise is now old enough."""
    tell(folder, FOURTH_OF_AUGUST)
    tell(folder, MID_AUGUST)
    found = report(folder, settings(folder))
    assert facts(folder, "SELECT count(*) FROM files") == [(4,)]
    assert fraction(found, "late_share") == (1, 1)
    assert fraction(found, "slot_adherence") == (0, 1)
    assert fraction(found, "fcr_window") == (0, 1), "one issue, called about twice"
    assert row(found, "late_share").now.immature == 0
    assert row(found, "lateness_median").now.value is None, "never delivered: no delay to state"
