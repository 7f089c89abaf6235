"""What a figure would be if the contacts without a known reason asked as the others of their channel."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpibar.api import read_report
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.weighting import WeightClass, expected_hits
from kpibar.measure.circulation import for_circulation
from kpibar.measure.report import Barometer, Note, Request
from kpibar.render.document import to_json
from kpibar.render.terminal import Screen, render
from tests.support import AS_OF, computed, fraction, ingest_tables, report, row, settings

# Four mails, all with a reason, of which one asks where the order is; six calls, of which two have a reason and one of
# these asks where the order is. In 2024 a mail that asks and a call of which nothing is known. Twenty orders a year.
CONTACTS = """
| contact_id | created_at          | channel | reason_raw        |
| 1          | 2025-03-01 10:00:00 | email   | Where is my order |
| 2          | 2025-03-01 10:00:00 | email   | Invoice           |
| 3          | 2025-03-01 10:00:00 | email   | Invoice           |
| 4          | 2025-03-01 10:00:00 | email   | Complaint         |
| 5          | 2025-03-02 10:00:00 | phone   | Where is my order |
| 6          | 2025-03-02 10:00:00 | phone   | Invoice           |
| 7          | 2025-03-02 10:00:00 | phone   |                   |
| 8          | 2025-03-02 10:00:00 | phone   |                   |
| 9          | 2025-03-02 10:00:00 | phone   |                   |
| 10         | 2025-03-02 10:00:00 | phone   |                   |
| 11         | 2024-03-02 10:00:00 | email   | Where is my order |
| 12         | 2024-03-02 10:00:00 | email   |                   |
"""
ORDERS = "order_ref,ordered_at\n" + "".join(
    f"o{year}-{n},{year}-02-01 10:00:00\n" for year in (2024, 2025) for n in range(20)
)
CHAT = "| {number} | 2025-03-02 10:00:00 | chat    |                   |\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the contacts and orders."""
    folder = tmp_path_factory.mktemp("weights")
    ingest_tables(folder, {"contacts.csv": CONTACTS, "orders.csv": ORDERS}, settings(folder), AS_OF)
    return folder


@pytest.fixture(scope="module")
def found(place: Path) -> Barometer:
    return report(place, settings(place))


def weighted(found: Barometer, kpi: str) -> float | None:
    return row(found, kpi).now.weighted_value


def bounds_note(found: Barometer, kpi: str) -> Note:
    return next(note for note in row(found, kpi).notes if note.code == "bounds_reason")


@pytest.mark.parametrize(
    ("kpi", "parts", "value"),
    [
        ("wismo_share", (2, 6), (4 * 1 / 4 + 6 * 1 / 2) / 10),
        ("complaint_share", (1, 6), (4 * 1 / 4 + 6 * 0 / 2) / 10),
        ("wismo_rate", (2, 20), (4 * 1 / 4 + 6 * 1 / 2) / 20),
    ],
)
def test_a_figure_weighted_by_channel(found: Barometer, kpi: str, parts: tuple[float, float], value: float) -> None:
    assert fraction(found, kpi) == parts
    assert weighted(found, kpi) == pytest.approx(value)
    assert bounds_note(found, kpi).values["weighted"] == weighted(found, kpi)


def test_the_year_before_is_weighted_and_months_are_not(found: Barometer) -> None:
    """2024: both mails are taken to ask, 2 / 2."""
    share = row(found, "wismo_share")
    assert share.before.weighted_value == 1
    assert {measure.weighted_value for _, measure in (*share.series, *share.before_series)} == {None}
    assert row(found, "wismo_early").now.weighted_value is None
    assert row(found, "contacts").now.weighted_value is None


def test_the_page_and_the_document_have_it(found: Barometer, folder: Path) -> None:
    page = " ".join(render(found, "en", Screen(width=100)).split())
    assert (
        "WISMO share of contacts: between 20.0% and 60.0%, depending on what the 4 contacts without a known reason "
        "ask; 40.0% if their reasons are spread as in the rest of their channel" in page
    )
    text = to_json(found, "2026-02-15T12:00:00Z")
    entries = {entry["id"]: entry for entry in json.loads(text)["kpis"]}
    assert (entries["wismo_rate"]["weighted_value"], entries["wismo_rate"]["previous"]["weighted_value"]) == (0.2, 0.1)
    assert (entries["contacts"]["weighted_value"], entries["contacts"]["previous"]["weighted_value"]) == (None, None)
    path = folder / "report.json"
    path.write_text(text, encoding="utf-8")
    assert read_report(path).to_json().split('"kpis"')[1] == text.split('"kpis"')[1]


@pytest.mark.parametrize(
    ("chats", "value"), [(1, (4 + 1 * 4 / 10) / 11), pytest.param(2, None, marks=pytest.mark.long)]
)
def test_a_channel_without_any_reason_is_like_all_others_or_says_nothing(
    folder: Path, chats: int, value: float | None
) -> None:
    """One chat of eleven contacts is taken to ask as the ten others, of which 4 do; two of twelve are too many."""
    contacts = CONTACTS + "".join(CHAT.format(number=100 + n) for n in range(chats))
    found = computed(folder, {"contacts.csv": contacts, "orders.csv": ORDERS})
    assert fraction(found, "wismo_share") == (2, 6)
    assert weighted(found, "wismo_share") == (None if value is None else pytest.approx(value))
    assert ("weighted" in bounds_note(found, "wismo_share").values) == (value is not None)


@pytest.mark.long
def test_a_breakdown_by_channel_has_the_same_figures(place: Path, found: Barometer) -> None:
    by_channel = report(place, settings(place), Request(by=("channel",)))
    for kpi in ("wismo_share", "complaint_share", "wismo_rate"):
        assert weighted(by_channel, kpi) == weighted(found, kpi)
        assert {part.now.weighted_value for part in row(by_channel, kpi).segments} == {None}


def test_a_masked_figure_has_none(place: Path, folder: Path) -> None:
    """The base of the share is 6, that of the rate 20. The 6 known reasons are fewer than 7."""
    config = settings(folder)
    masked = config.settings.reporting.model_copy(update={"min_base": 7})
    config = replace(config, settings=config.settings.model_copy(update={"reporting": masked}))
    found = report(place, config)
    assert [(row(found, kpi).status, weighted(found, kpi)) for kpi in ("wismo_share", "wismo_rate")] == [
        ("low_base", None),
        ("ok", None),
    ]


@pytest.mark.parametrize(("calls", "circulates"), [(3, False), pytest.param(12, True, marks=pytest.mark.long)])
def test_it_circulates_where_the_unknown_of_a_channel_are_no_small_group(
    folder: Path, calls: int, circulates: bool
) -> None:
    """40 mails and 40 calls, of which 12 and 12 have no reason, or 12 and 3: the figure would tell of three calls."""
    lines = [
        f"{channel}{n},2025-03-01 10:00:00,{channel},{'' if n < unknown else 'Invoice'}"
        for channel, unknown in (("email", 12), ("phone", calls))
        for n in range(40)
    ]
    contacts = "\n".join(["contact_id,created_at,channel,reason_raw", *lines]) + "\n"
    share = row(for_circulation(computed(folder, {"contacts.csv": contacts})), "complaint_share")
    assert share.now.bounds is not None
    assert (share.now.weighted_value is not None) == circulates
    (note,) = (note for note in share.notes if note.code == "bounds_reason")
    assert ("weighted" in note.values) == circulates


def test_a_kpi_of_the_settings_is_not_weighted(folder: Path) -> None:
    own = '[kpis.own]\ntitle = { en = "Own" }\nkind = "count"\nfrom = "contacts"\ndate = "created_on"\nunit = "count"\n'
    with pytest.raises(KpiInvalid, match='"weights" is for the built-in KPIs'):
        catalogue(settings(folder, own + 'weights = "reason_coverage"\n').settings)


def test_channels_of_too_few_known_reasons_are_one_together() -> None:
    """Of 1000 mails 500 are known, 100 ask. Of 30 chats 8 are known, 2 ask; of 20 letters 4, 4 ask: 200 + 50 * 6 / 12
    with a smallest base of 10, 200 + 30 * 2 / 8 + 20 * 4 / 4 with one of 4."""
    classes = [WeightClass(1000, 500, 100), WeightClass(30, 8, 2), WeightClass(20, 4, 4)]
    assert expected_hits(classes, 10) == pytest.approx(200 + 50 * 6 / 12)
    assert expected_hits(classes, 4) == pytest.approx(200 + 30 * 2 / 8 + 20 * 4 / 4)


def test_a_channel_from_which_a_masked_one_could_be_told_is_one_with_it() -> None:
    """The 4 known chats are too few; from the share of the 20 known letters theirs could be told."""
    classes = [WeightClass(1000, 500, 100), WeightClass(100, 20, 5), WeightClass(8, 4, 4)]
    assert expected_hits(classes, 10) == pytest.approx(200 + 108 * 9 / 24)


def test_of_two_channels_alike_one_may_be_masked() -> None:
    """The 4 known chats and the 20 known letters are one, the texts have a share of their own: like the letters."""
    classes = [WeightClass(100, 20, 5), WeightClass(100, 20, 5), WeightClass(8, 4, 4)]
    assert expected_hits(classes, 10) == pytest.approx(100 * 5 / 20 + 108 * 9 / 24)


def test_channels_of_too_few_known_reasons_say_nothing_where_they_hold_more_than_a_tenth() -> None:
    assert expected_hits([WeightClass(100, 50, 10), WeightClass(12, 4, 4)], 10) is None
    assert expected_hits([WeightClass(100, 50, 10), WeightClass(12, 0, 0)], 10) is None
    assert expected_hits([WeightClass(100, 50, 10), WeightClass(11, 0, 0)], 10) == pytest.approx(20 + 11 * 20 / 100)
    assert expected_hits([WeightClass(8, 8, 4)], 10) is None
    assert expected_hits([], 10) is None


COUNTS = st.lists(st.tuples(*[st.integers(0, 60)] * 3), max_size=6)


@given(COUNTS, st.integers(1, 30))
def test_it_lies_between_the_bounds(counts: list[tuple[int, int, int]], minimum: int) -> None:
    classes = [WeightClass(hits + misses + unknown, hits + misses, hits) for hits, misses, unknown in counts]
    expected = expected_hits(classes, minimum)
    if expected is not None:
        low, unknown = sum(entry.hits for entry in classes), sum(entry.unknown_rows for entry in classes)
        assert low - 1e-9 <= expected <= low + unknown + 1e-9
