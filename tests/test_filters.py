"""Reports of one carrier, channel or team, through the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.small_reports import database, kpi, report
from tests.support import SETTINGS, kpibar

# Seven contacts of 2025: by e-mail 1, 2, 5; by chat 3, 4, 7; by phone 6. About an order of GLS are 1, 2, 7, of DPD 3.
CONTACTS = """
| contact_id | created_at          | channel | team | brand | reason_raw | order_ref | customer | first_reply_s |
| 1          | 2025-03-03 10:00:00 | email   | Nord | A     | wismo      | O1        | c1@x.fr  | 60            |
| 2          | 2025-03-14 10:00:00 | email   | Sud  | A     | refund     | O2        | c2@x.fr  | 120           |
| 3          | 2025-03-05 10:00:00 | chat    | Nord | A     | wismo      | O3        | c3@x.fr  | 30            |
| 4          | 2025-04-03 10:00:00 | chat    | Sud  | B     | wismo      |           | c4@x.fr  | 90            |
| 5          | 2025-04-04 10:00:00 | email   | Nord | B     | refund     |           | c5@x.fr  | 240           |
| 6          | 2025-04-05 10:00:00 | phone   | Sud  | B     | refund     |           |          |               |
| 7          | 2025-04-06 10:00:00 | chat    | Nord | A     | wismo      | O2        | c2@x.fr  | 20            |
"""
ORDERS = """
| order_ref | ordered_at          | customer | brand |
| O1        | 2025-03-01 10:00:00 | c1@x.fr  | A     |
| O2        | 2025-03-01 11:00:00 | c2@x.fr  | A     |
| O3        | 2025-03-01 11:00:00 | c3@x.fr  | A     |
| O4        | 2025-03-01 11:00:00 | c9@x.fr  | B     |
"""
PARCELS = """
| parcel_id | order_ref | carrier | promised_to         | promise_kind | delivered_at        |
| p1        | O1        | GLS     | 2025-03-03 20:00:00 | day          | 2025-03-04 10:00:00 |
| p2        | O2        | GLS     | 2025-03-03 20:00:00 | day          | 2025-03-03 10:00:00 |
| p3        | O3        | DPD     | 2025-03-03 20:00:00 | day          | 2025-03-09 10:00:00 |
| p4        | O4        | GLS     | 2025-03-03 20:00:00 | day          | 2025-03-03 11:00:00 |
"""
EXPORTS = {"contacts.csv": CONTACTS, "orders.csv": ORDERS, "parcels.csv": PARCELS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the exports above."""
    return database(tmp_path_factory.mktemp("filters"), EXPORTS, SETTINGS)


def fraction(document: dict[str, Any], name: str) -> tuple[float | None, float | None]:
    entry = kpi(document, name)
    return entry["numerator"], entry["denominator"]


def codes(document: dict[str, Any], name: str) -> list[str]:
    return [note["code"] for note in kpi(document, name)["notes"]]


def test_one_carrier(folder: Path) -> None:
    """Contacts 1, 2 and 7 are about orders of GLS, which are O1, O2 and O4; of these O1 came late."""
    document = report(folder, "--carrier", "gls")
    assert document["scope"]["filters"] == [{"carrier": "GLS"}]
    assert kpi(document, "contacts")["value"] == 3
    assert fraction(document, "contact_rate") == (3, 3)
    assert fraction(document, "late_share") == (1, 3)
    assert fraction(document, "wismo_share") == (2, 3)
    assert kpi(document, "frt_median")["value"] == 60  # of 20, 60 and 120
    assert "filter_base_whole" not in codes(document, "contact_rate")


def test_one_channel_keeps_the_whole_base_of_ratios(folder: Path) -> None:
    """Orders have no channel: the three e-mails are divided by all four orders, and nothing is said of deliveries."""
    document = report(folder, "--channel", "email")
    assert fraction(document, "contact_rate") == (3, 4)
    assert "filter_base_whole" in codes(document, "contact_rate")
    late = kpi(document, "late_share")
    assert (late["status"], late["status_reason"], late["value"]) == ("not_available", "without_column", None)
    assert late["notes"][0]["values"] == {"dimension": "channel"}
    assert kpi(document, "frt_median")["value"] == 120  # of 60, 120 and 240


def test_filters_narrow_each_other_and_a_breakdown(folder: Path) -> None:
    """Of the team Nord by chat are 3 and 7, both of brand A; about an order of GLS is 7 alone."""
    asked = ("--team", "NORD", "--channel", "chat", "--kpi", "contacts")
    by_carrier = kpi(report(folder, *asked, "--by", "carrier"), "contacts")["breakdowns"][0]["segments"]
    assert {part["key"]: part["value"] for part in by_carrier} == {"GLS": 1, "DPD": 1}
    assert kpi(report(folder, *asked, "--brand", "B"), "contacts")["value"] in (0, None)
    document = report(folder, *asked, "--brand", "A", "--carrier", "GLS")
    assert kpi(document, "contacts")["value"] == 1
    assert document["scope"]["filters"] == [{"brand": "A"}, {"carrier": "GLS"}, {"channel": "chat"}, {"team": "Nord"}]


def test_parts_of_a_filter_add_up_to_the_report_of_all(folder: Path) -> None:
    whole = kpi(report(folder), "contacts")["value"]
    channels = [kpi(report(folder, "--channel", name), "contacts")["value"] for name in ("email", "chat", "phone")]
    assert (whole, channels) == (7, [3, 3, 1])


@pytest.mark.parametrize(
    ("lang", "heading", "absent", "whole"),
    [
        (
            "en",
            "only channel E-mail",
            "as their records have no channel to be filtered by: Late deliveries",
            "no channel",
        ),
        ("fr", "filtre\u00a0: canal E-mail", "leurs données n’ont pas de filtre par canal", "pas filtrée par canal"),
    ],
)
def test_a_page_says_what_it_is_of(folder: Path, lang: str, heading: str, absent: str, whole: str) -> None:
    page = kpibar("report", "--channel", "Email", "--lang", lang, folder=folder).stdout
    assert heading in page.splitlines()[:4] and absent in page and whole in page


def test_a_filtered_document_is_read_back(folder: Path) -> None:
    from kpibar import read_report

    path = folder / "gls.json"
    assert kpibar("report", "--carrier", "GLS", "-o", "gls.json", folder=folder).returncode == 0
    assert read_report(path).to_dict() == json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["carrier", "channel", "team"])
def test_an_unknown_value_is_refused_with_those_known(folder: Path, name: str) -> None:
    run = kpibar("report", f"--{name}", "x' OR '1'='1", folder=folder)
    known = {"carrier": "DPD, GLS", "channel": "chat, email, phone", "team": "Nord, Sud"}[name]
    assert (run.returncode, run.stdout) == (2, "")
    assert f"no record has the {name} \"x' OR '1'='1\"; known: {known}" in run.stderr


def test_a_shared_report_of_a_filter_hides_few_hits(tmp_path: Path) -> None:
    """40 e-mails, 4 of them about an order's whereabouts: without a filter their share is shown, with one it is not."""
    rows = "".join(
        f"| {n} | 2025-03-{n % 28 + 1:02} 10:00:00 | {'email' if n < 40 else 'chat'} | c{n}@x.fr | "
        f"{'wismo' if n % 10 == 0 and n < 40 else 'refund'} |\n"
        for n in range(80)
    )
    text = "| contact_id | created_at | channel | customer | reason_raw |\n" + rows
    folder = database(tmp_path, {"contacts.csv": text}, 'timezone = "Europe/Paris"\n')
    asked = ("--share", "--kpi", "wismo_share", "--kpi", "contacts")
    assert fraction(report(folder, *asked), "wismo_share") == (4, 80)
    document = report(folder, *asked, "--channel", "email")
    share = kpi(document, "wismo_share")
    assert (share["status"], share["status_reason"], share["numerator"]) == ("low_base", "small_group", None)
    assert kpi(document, "contacts")["value"] == 40
