"""Figures that rest on what is recorded: between what they lie, and when two years do not compare."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kpibar.api import read_report
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.errors import KpiInvalid
from kpibar.measure.circulation import for_circulation
from kpibar.measure.report import Barometer, Request
from kpibar.render.document import to_json
from kpibar.render.terminal import Screen, render
from tests import recording_worlds, support
from tests.recording_worlds import AS_OF, Recording, exports, verdicts
from tests.support import computed, fraction, ingest_tables, report, row, settings

# Five contacts: two ask where the order is, one asks for an invoice, of two nothing tells the reason. One of the five
# has neither customer nor order; a@ writes again two days later. Ten orders.
CONTACTS = """
| contact_id | created_at          | channel | customer      | reason_raw     |
| 1          | 2025-03-01 10:00:00 | email   | a@example.com | Where is my order |
| 2          | 2025-03-03 10:00:00 | email   | a@example.com | Where is my order |
| 3          | 2025-03-01 10:00:00 | email   | b@example.com | Invoice        |
| 4          | 2025-03-01 10:00:00 | email   | c@example.com |                |
| 5          | 2025-03-01 10:00:00 | email   |               |                |
"""
ORDERS = "order_ref,ordered_at\n" + "".join(f"o{number},2025-02-01 10:00:00\n" for number in range(10))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the contacts and orders."""
    folder = tmp_path_factory.mktemp("bounds")
    ingest_tables(folder, {"contacts.csv": CONTACTS, "orders.csv": ORDERS}, settings(folder), support.AS_OF)
    return folder


@pytest.fixture(scope="module")
def found(place: Path) -> Barometer:
    return report(place, settings(place))


@pytest.mark.parametrize(
    ("kpi", "parts", "low", "high"),
    [
        ("wismo_share", (2, 3), 2 / 5, 4 / 5),
        ("wismo_rate", (2, 10), 2 / 10, 4 / 10),
        ("complaint_share", (0, 3), 0 / 5, 2 / 5),
        ("repeat_rate", (1, 4), 1 / 5, 2 / 5),
        ("fcr_window", (2, 3), 2 / 4, 3 / 4),
        ("ocr", (2, 3), 2 / 4, 3 / 4),
    ],
)
def test_bounds_by_hand(found: Barometer, kpi: str, parts: tuple[float, float], low: float, high: float) -> None:
    """Two of five contacts have an unknown reason. One cannot be followed: it may be a repeat, or an issue of its own
    that was resolved or not, beside the three issues of a@, b@ and c@."""
    assert fraction(found, kpi) == parts
    bounds = row(found, kpi).now.bounds
    assert bounds is not None
    assert (bounds.low, bounds.high) == pytest.approx((low, high))


def test_share_that_can_be_followed(found: Barometer) -> None:
    assert fraction(found, "followed_share") == (4, 5), "all but 5"
    assert {kpi: row(found, kpi).followed for kpi in ("fcr_window", "ocr", "repeat_rate", "wismo_rate")} == {
        "fcr_window": 0.8, "ocr": 0.8, "repeat_rate": 0.8, "wismo_rate": None,
    }  # fmt: skip


def test_resolution_is_an_upper_bound_where_few_can_be_followed(folder: Path) -> None:
    few = CONTACTS.replace("c@example.com", "             ")
    found = computed(folder, {"contacts.csv": few, "orders.csv": ORDERS})
    notes = {kpi: [note.code for note in row(found, kpi).notes] for kpi in ("fcr_window", "ocr", "repeat_rate")}
    assert notes == {
        "fcr_window": ["bounds_followed", "upper_bound"],
        "ocr": ["bounds_followed", "upper_bound"],
        "repeat_rate": ["bounds_followed"],
    }, "three of five can be followed"
    page = render(found, "en", Screen(width=100))
    assert "First-contact resolution: between 25.0% and 75.0%, depending on what became of the 2 contacts" in " ".join(
        page.split()
    )
    assert "An upper bound, as 60 % of the contacts can be followed" in " ".join(page.split())


def test_below_the_gate_a_rate_is_a_lower_bound_and_a_share_one_of_known_reasons(found: Barometer) -> None:
    """The reason of three of five contacts is known, 60 %; the gate is 80 %."""
    codes = {kpi: [note.code for note in row(found, kpi).notes][:2] for kpi in ("wismo_rate", "wismo_share")}
    assert codes == {"wismo_rate": ["lower_bound", "bounds_reason"], "wismo_share": ["low_coverage", "bounds_reason"]}
    page = " ".join(render(found, "en", Screen(width=100)).split())
    assert "A lower bound, as the reason is known for 60 % of the contacts only: WISMO per 100 orders" in page
    assert "only, not comparable with figures of another coverage: WISMO share of contacts" in page


def test_where_all_is_known_nothing_is_bounded(folder: Path) -> None:
    known = CONTACTS.replace("|               |                |", "| d@example.com | Invoice        |")
    known = known.replace("| c@example.com |                |", "| c@example.com | Invoice        |")
    found = computed(folder, {"contacts.csv": known, "orders.csv": ORDERS})
    assert [note.code for note in row(found, "wismo_share").notes] == []
    bounds = row(found, "wismo_share").now.bounds
    assert bounds is not None
    assert bounds.low == bounds.high == 2 / 5


def test_a_masked_figure_has_no_bounds(place: Path, folder: Path) -> None:
    config = settings(folder)
    masked = config.settings.reporting.model_copy(update={"min_base": 30, "small_base": 100})
    config = replace(config, settings=config.settings.model_copy(update={"reporting": masked}))
    found = report(place, config)
    assert row(found, "wismo_share").status == "low_base"
    assert row(found, "wismo_share").now.bounds is None


def test_a_document_holds_bounds_and_is_read_back(found: Barometer, folder: Path) -> None:
    text = to_json(found, "2026-02-15T12:00:00Z")
    entries = {entry["id"]: entry for entry in json.loads(text)["kpis"]}
    assert entries["wismo_share"]["bounds"] == {"low": 0.4, "high": 0.8}
    assert entries["fcr_window"]["followed_share"] == 0.8
    assert (entries["contacts"]["bounds"], entries["contacts"]["followed_share"]) == (None, None)
    path = folder / "report.json"
    path.write_text(text, encoding="utf-8")
    assert read_report(path).to_json().split('"kpis"')[1] == text.split('"kpis"')[1]


BEFORE, NOW = Recording(0.55, 0.45, 0.55), Recording(0.9, 0.8, 0.9)
RESTING = ("wismo_rate", "wismo_share", "repeat_rate", "fcr_window", "ocr")


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of two years, in the second of which more is recorded."""
    folder = tmp_path_factory.mktemp("change")
    ingest_tables(folder, exports(3, BEFORE, NOW), settings(folder), AS_OF)
    return folder


def test_a_tool_that_records_more_makes_no_verdict(change: Path) -> None:
    """The same customers behave alike; reasons, order numbers and customers are recorded of more contacts."""
    found = report(change, settings(change))
    assert verdicts(found) == {}
    assert {row(found, kpi).comparison.reason for kpi in RESTING} == {"recording_differs"}
    values = row(found, "wismo_share").comparison.values
    assert values["coverage"] == "reason_coverage"
    assert int(values["before"]) < 60 < 85 < int(values["percent"])
    page = " ".join(render(found, "en", Screen(width=100)).split())
    assert "so that more, or less, of the same is seen: WISMO per 100 orders" in page


@pytest.mark.long
def test_a_recording_that_stays_compares(folder: Path) -> None:
    found = computed(folder, exports(4, NOW, NOW), as_of=AS_OF)
    assert [row(found, kpi).comparison.reason for kpi in RESTING] == [None] * len(RESTING)


@pytest.mark.long
def test_bounds_that_lie_apart_decide(folder: Path) -> None:
    """Ten times as many ask where their order is: even if all unknown ones of the year before had, it is more."""
    head = "contact_id,created_at,channel,customer,reason_raw\n"
    rows, number = [], 0
    for year, wismo, others, unknown in ((2024, 30, 570, 100), (2025, 400, 200, 20)):
        for count, reason in ((wismo, "Where is my order"), (others, "Invoice"), (unknown, "")):
            for _ in range(count):
                number += 1
                day = datetime(year, 1 + number % 12, 1 + number % 28)
                rows.append(f"{number},{day:%Y-%m-%d} 10:00:00,email,c{number}@example.com,{reason}\n")
    found = computed(folder, {"contacts.csv": head + "".join(rows)}, as_of=AS_OF)
    share = row(found, "wismo_share")
    assert share.now.bounds is not None
    assert share.before.bounds is not None
    assert share.now.bounds.low > share.before.bounds.high
    assert (share.comparable, share.change and share.change.verdict) == (True, "worse")


def test_a_tool_that_comes_within_the_year_makes_no_verdict(folder: Path) -> None:
    """Two e-mails in every ten have a reason, from September on all but one in twenty: weeks differ by the tool."""
    lines = []
    for year in (2024, 2025):
        for number in range(6 * 364):
            at = datetime(year, 1, 1, 9) + timedelta(days=number // 6, minutes=number % 6)
            is_new = year == 2025 and at.month >= 9
            has_reason = number % 20 != 7 if is_new else number % 5 == 0
            # Where is my order: three of ten contacts, known or not.
            reason = ("Where is my order" if number * 7 % 10 < 3 else "Invoice") if has_reason else ""
            lines.append(f"{year}-{number},{at:%Y-%m-%d %H:%M:%S},email,{reason}")
    content = "\n".join(["contact_id,created_at,channel,reason_raw", *lines]) + "\n"
    share = row(computed(folder, {"contacts.csv": content}, as_of=AS_OF), "wismo_share")
    assert (share.comparison.reason, share.change) == ("recording_differs", None)


@pytest.mark.long
def test_generated_worlds_hold_no_verdict(tmp_path: Path) -> None:
    """At most one barometer in ten may be wrong; `python -m tests.recording_worlds` draws twenty worlds."""
    said = []
    for seed in range(5):
        (tmp_path / str(seed)).mkdir()
        world = exports(seed, *recording_worlds.world(seed))
        said.append(verdicts(computed(tmp_path / str(seed), world, as_of=AS_OF)))
    assert sum(map(bool, said)) == 0, said


def test_a_breakdown_by_channel_compares_by_the_same_shares(change: Path) -> None:
    found = report(change, settings(change), Request(by=("channel",)))
    assert row(found, "wismo_share").comparison.reason == "recording_differs"
    assert [segment.change for segment in row(found, "wismo_share").segments] == [None, None]


@pytest.mark.parametrize(("unknown", "circulates"), [(12, True), (3, False)])
def test_bounds_circulate_where_the_unknown_are_no_small_group(folder: Path, unknown: int, circulates: bool) -> None:
    """40 contacts, of which the reason of some is unknown: of three, the bounds would tell their number."""
    lines = [f"{n},2025-03-01 10:00:00,email,c{n}@example.com,{'' if n < unknown else 'Invoice'}" for n in range(40)]
    contacts = "\n".join(["contact_id,created_at,channel,customer,reason_raw", *lines]) + "\n"
    found = for_circulation(computed(folder, {"contacts.csv": contacts}))
    share = row(found, "complaint_share")
    assert (share.now.bounds is not None) == circulates
    assert ("bounds_reason" in [note.code for note in share.notes]) == circulates


@pytest.mark.parametrize(("supposed", "circulates"), [(3, False), pytest.param(12, True, marks=pytest.mark.long)])
def test_bounds_circulate_where_what_is_supposed_is_no_small_group(
    folder: Path, supposed: int, circulates: bool
) -> None:
    """40 customers write twice within a week; of some of the second contacts the reason is supposed. Of three, the
    lower bound would tell their number, and so would a note of it."""
    lines = [
        f"{n}-{day},2025-03-{day:02} 10:00:00,email,c{n}@example.com,{'' if day == 2 and n < supposed else 'Invoice'}"
        for n in range(40)
        for day in (1, 2)
    ]
    contacts = "\n".join(["contact_id,created_at,channel,customer,reason_raw", *lines]) + "\n"
    found = row(for_circulation(computed(folder, {"contacts.csv": contacts})), "repeat_rate")
    assert (found.now.numerator, found.now.bounds is not None) == (40, circulates)
    assert ("bounds_matter" in [note.code for note in found.notes]) == circulates


OWN = """
[kpis.signed]
title = { en = "Signed" }
kind = "rate"
from = "contacts"
date = "created_on"
hit = "reason IS NOT NULL"
unit = "share"

[kpis.invoices]
title = { en = "Invoices" }
kind = "rate"
from = "contacts"
date = "created_on"
where = "reason IS NOT NULL"
hit = "reason = 'invoice'"
unit = "share"
unknown = "contacts_unclassified"
rests_on = ["signed"]
"""


def test_a_kpi_of_the_settings_has_bounds_and_rests_on_shares_of_its_own(change: Path, folder: Path) -> None:
    found = report(change, settings(folder, OWN))
    invoices = row(found, "invoices")
    assert invoices.now.bounds is not None
    assert invoices.comparison.reason == "recording_differs"
    assert "signed, channel" in " ".join(render(found, "en", Screen(width=100)).split())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('unknown = "contacts_unclassified"', 'unknown = "signed"', '"signed" is not a count'),
        ('rests_on = ["signed"]', 'rests_on = ["contacts"]', '"contacts" is not a share of rows'),
        ('rests_on = ["signed"]', 'rests_on = ["contact_rate"]', '"contact_rate" is not a share of rows'),
        ('rests_on = ["signed"]', 'doubt = { hits = "TRUE" }', '"doubt" is for the built-in KPIs'),
        ('rests_on = ["signed"]', 'revision = "2"', '"revision" is for the built-in KPIs'),
        ('rests_on = ["signed"]', 'notes = { few = "TRUE" }', '"notes" is for the built-in KPIs'),
    ],
)
def test_what_a_kpi_of_the_settings_rests_on_is_checked(folder: Path, before: str, after: str, said: str) -> None:
    config = settings(folder, OWN.replace(before, after))
    with pytest.raises(KpiInvalid, match=said):
        catalogue(config.settings)
