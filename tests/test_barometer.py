"""The edition, its comparison, its verdicts: what is reported, masked, refused."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from kpibar.config import load
from kpibar.kpis import intervals
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.errors import KpiInvalid, KpiUnknown
from kpibar.measure.errors import BrandUnknown, YearWithoutData
from kpibar.measure.report import Barometer, Request, Segment
from tests.support import AS_OF, computed, fraction, ingest_tables, report, row, settings, table

HEADER = "survey_id,kind,scale_min,scale_max,brand,score,answered_at\n"


def answers(brand: str, year: int, satisfied: int, total: int, months: int = 12) -> str:
    """So many satisfied out of so many answers, in each month from the last one backward."""
    return "".join(
        f"{brand}-{year}-{month}-{n},csat,0,1,{brand},{int(n < satisfied)},{year}-{month:02d}-10 10:00:00\n"
        for month in range(13 - months, 13)
        for n in range(total)
    )


def contacts(days: Mapping[str, str]) -> str:
    """One contact a day; the value is its reason."""
    lines = [f"{n},{day} 10:00:00,email,{reason}" for n, (day, reason) in enumerate(days.items())]
    return "\n".join(["contact_id,created_at,channel,reason_raw", *lines]) + "\n"


def segment(found: Barometer, kpi: str, key: str) -> Segment:
    return next(segment for segment in row(found, kpi).segments if segment.key == key)


WISMO, BILL = "Où est ma commande", "Facture"
TWO_YEARS = contacts(
    {
        "2024-01-05": WISMO,
        "2024-03-10": BILL,
        "2024-03-11": WISMO,
        "2024-12-01": WISMO,
        "2025-01-05": WISMO,
        "2025-02-05": WISMO,
        "2025-03-10": BILL,
    }
)


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the contacts of two years."""
    folder = tmp_path_factory.mktemp("two-years")
    ingest_tables(folder, {"contacts.csv": TWO_YEARS}, settings(folder), AS_OF)
    return folder


def test_a_complete_year_is_compared_with_a_whole_year(two_years: Path) -> None:
    found = report(two_years, settings(two_years))
    assert (found.edition.year, found.edition.complete) == (2025, True)
    assert fraction(found, "wismo_share") == (2, 3)
    before = row(found, "wismo_share").before
    assert (before.numerator, before.denominator) == (3, 4)
    assert found.notes == ()


def test_a_partial_year_is_compared_with_the_same_days(folder: Path) -> None:
    """Exported on 10 March 2025: of 2024 only 5 January and 10 March count."""
    found = computed(folder, {"contacts.csv": TWO_YEARS}, as_of=datetime(2025, 3, 10, 12, 0))
    assert (found.edition.year, found.edition.complete) == (2025, False)
    assert str(found.edition.previous.end) == "2024-03-10"
    assert fraction(found, "wismo_share") == (2, 3)
    before = row(found, "wismo_share").before
    assert (before.numerator, before.denominator) == (1, 2)
    assert [note.code for note in found.notes] == ["partial_year"]
    assert [month.month for month, _ in row(found, "contacts").series] == [1, 2, 3]


@pytest.mark.long
def test_the_29th_of_february_is_compared_with_the_28th(folder: Path) -> None:
    days = contacts({"2023-02-28": WISMO, "2023-03-01": WISMO, "2024-02-29": WISMO})
    found = computed(folder, {"contacts.csv": days}, as_of=datetime(2024, 2, 29, 12, 0))
    assert str(found.edition.previous.end) == "2023-02-28"
    assert row(found, "contacts").before.value == 1


@pytest.mark.long
def test_a_year_barely_begun_waits(folder: Path) -> None:
    """30 days of January are no barometer; 31 are one. A year asked for is reported all the same."""
    days = contacts({"2025-06-01": WISMO, "2026-01-30": WISMO})
    found = computed(folder, {"contacts.csv": days}, as_of=datetime(2026, 1, 30, 12, 0))
    assert (found.edition.year, found.edition.newer_year, found.edition.complete) == (2025, 2026, True)
    assert [note.code for note in found.notes] == ["newer_year"]
    asked = report(folder, settings(folder), Request(year=2026))
    assert (asked.edition.year, asked.edition.complete) == (2026, False)
    assert str(asked.edition.window.end) == "2026-01-30"
    with pytest.raises(YearWithoutData):
        report(folder, settings(folder), Request(year=2023))


@pytest.mark.long
def test_a_year_begun_for_31_days_is_the_default(folder: Path) -> None:
    days = contacts({"2025-06-01": WISMO, "2026-01-31": WISMO})
    found = computed(folder, {"contacts.csv": days}, as_of=datetime(2026, 1, 31, 12, 0))
    assert (found.edition.year, found.edition.newer_year) == (2026, None)


@pytest.mark.long
@pytest.mark.parametrize(("months", "comparable"), [(9, False), (10, True)])
def test_a_year_is_compared_when_four_fifths_of_its_months_have_data(
    folder: Path, months: int, comparable: bool
) -> None:
    content = HEADER + answers("A", 2024, 6, 10, months) + answers("A", 2025, 6, 10)
    csat = row(computed(folder, {"surveys.csv": content}), "csat")
    assert csat.comparable is comparable
    assert (csat.change is not None) is comparable
    lacking = {"source": "kpibar-surveys", "missing": "2024-01/2024-03", "now": 12, "before": 9}
    notes = [] if comparable else [("coverage_differs", {**lacking, "year": 2025, "previous": 2024})]
    assert [(note.code, note.values) for note in csat.notes] == notes


@pytest.mark.long
def test_comparability_is_judged_for_the_brand_reported(folder: Path) -> None:
    """B was born in November 2024: its two months say nothing, although A has twelve."""
    content = (
        HEADER
        + answers("A", 2024, 6, 10)
        + "".join((answers("B", 2024, 6, 10, months=2), answers("A", 2025, 6, 10), answers("B", 2025, 6, 10)))
    )
    assert row(computed(folder, {"surveys.csv": content}), "csat").comparable
    only = row(report(folder, settings(folder), Request(brand="B")), "csat")
    assert (only.now.numerator, only.now.denominator) == (72, 120)
    assert not only.comparable
    lacking = {"source": "kpibar-surveys", "missing": "2024-01/2024-10", "now": 12, "before": 2}
    assert only.notes[-1].values == {**lacking, "year": 2025, "previous": 2024}


YEARS = HEADER + "".join(
    answers(brand, year, satisfied, 40)
    for brand, before, now in (("Up", 24, 32), ("Down", 32, 24), ("Flat", 28, 29))
    for year, satisfied in ((2024, before), (2025, now))
)


@pytest.fixture(scope="module")
def brands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the answers of three brands."""
    folder = tmp_path_factory.mktemp("brands")
    ingest_tables(folder, {"surveys.csv": YEARS}, settings(folder), AS_OF)
    return folder


def test_verdicts(brands: Path) -> None:
    """Of 480 answers a year: from 60 to 80 %, from 80 to 60 %, from 70 to 72.5 % (which chance alone may give)."""
    found = report(brands, settings(brands), Request(by=("brand",)))
    up, down, flat = (segment(found, "csat", brand) for brand in ("Up", "Down", "Flat"))
    assert (up.now.numerator, up.now.denominator, up.before.numerator) == (384, 480, 288)
    assert up.change and up.change.verdict == "better" and up.change.absolute == pytest.approx(0.2)
    assert down.change and down.change.verdict == "worse" and down.change.clear
    assert flat.change and flat.change.verdict == "cannot_tell" and not flat.change.clear


@pytest.mark.sample(1)
@pytest.mark.parametrize(("points", "verdict"), [(21, "small"), (19, "better"), (None, "better"), (40, "stable")])
def test_a_clear_change_must_also_matter(brands: Path, folder: Path, points: int | None, verdict: str) -> None:
    """20 points, from 14 to 26: clear, but better only above the margin, and within it where all of that is below."""
    asked = "" if points is None else f"practical_points = {points}\n"
    moved = segment(report(brands, settings(folder, asked), Request(by=("brand",))), "csat", "Up")
    assert moved.change and moved.change.clear and moved.change.verdict == verdict
    assert moved.change.margin == pytest.approx(0.02 if points is None else points / 100)


OWN_SHARE = """
[kpis.promoters]
title = { en = "Promoters" }
kind = "rate"
from = "surveys"
date = "answered_on"
where = "TRUE"
hit = "promoter"
unit = "share"
better = "higher"
"""


def test_the_margin_of_an_own_kpi(folder: Path) -> None:
    """Its own margin comes first, then the points of all shares, then one point."""
    for reporting, own, margin in (
        ("", "", 0.01),
        ("practical_points = 2\n", "", 0.02),
        ("practical_points = 2\n", "margin = 0.05\n", 0.05),
        ("", "margin_relative = 0.1\n", 0.0),
    ):
        kpi = catalogue(settings(folder, reporting + OWN_SHARE + own).settings).get("promoters")
        assert (kpi.margin, kpi.margin_relative) == (margin, 0.1 if "relative" in own else 0.0)
    with pytest.raises(KpiInvalid, match=r"margin = 2: shares go from 0 to 1, write 0\.02"):
        catalogue(settings(folder, OWN_SHARE + "margin = 2\n").settings)


@pytest.mark.long
def test_lower_is_better_where_it_is(folder: Path) -> None:
    """Forty contacts a month, 24 then 12 of them WISMO."""
    lines = [
        f"{year}-{month}-{n},{year}-{month:02d}-10 10:00:00,email,{WISMO if n < wismo else BILL}"
        for year, wismo in ((2024, 24), (2025, 12))
        for month in range(1, 13)
        for n in range(40)
    ]
    content = "\n".join(["contact_id,created_at,channel,reason_raw", *lines]) + "\n"
    found = computed(folder, {"contacts.csv": content})
    wismo, count = row(found, "wismo_share").change, row(found, "contacts").change
    assert wismo and wismo.verdict == "better" and wismo.absolute == pytest.approx(-0.3)
    assert count and count.verdict == "none" and count.relative == 0, "a number of contacts is neither good nor bad"


@pytest.mark.sample(1)
@pytest.mark.parametrize(("total", "status", "note"), [(29, "low_base", "low_base"), (30, "ok", "small_base")])
def test_small_bases(folder: Path, total: int, status: str, note: str) -> None:
    """By default fewer than 30 are masked, fewer than 100 shown with a warning."""
    (folder / "kpibar.toml").write_text('timezone = "Europe/Paris"\n', encoding="utf-8")
    config = load(folder / "kpibar.toml")
    ingest_tables(folder, {"surveys.csv": HEADER + answers("A", 2025, 20, total, months=1)}, config)
    csat = row(report(folder, config), "csat")
    assert (csat.status, csat.now.base) == (status, total)
    assert [one.code for one in csat.notes] == [note]


def test_targets(folder: Path) -> None:
    """80, 76 and 72 % against a target of 80 %: near is missed by less than 7.5 % of it, so above 74 %."""
    brands = {"Met": 40, "Near": 38, "Missed": 36}
    content = HEADER + "".join(answers(brand, 2025, satisfied, 50) for brand, satisfied in brands.items())
    aimed = "[targets]\ncsat = 0.8\n"
    config = settings(folder, aimed)
    ingest_tables(folder, {"surveys.csv": content}, config, AS_OF)
    for brand in brands:
        target = row(report(folder, config, Request(brand=brand)), "csat").target
        assert target and (target.value, target.status) == (0.8, brand.lower())


@pytest.mark.long
def test_targets_where_lower_is_better(two_years: Path, folder: Path) -> None:
    """Two of three contacts are WISMO: 0.6667 is met by 0.67, missed by 0.6."""
    aimed = "[targets]\nwismo_share = {}\ncontacts = 10\n"
    found = report(two_years, settings(folder, aimed.format(0.67)))
    target = row(found, "wismo_share").target
    assert target and target.status == "met"
    assert row(found, "contacts").target is None, "nothing to aim at where neither direction is better"
    target = row(report(two_years, settings(folder, aimed.format(0.6))), "wismo_share").target
    assert target and target.status == "missed"


@pytest.mark.long
def test_what_is_not_available_says_what_it_lacks(two_years: Path) -> None:
    found = report(two_years, settings(two_years))
    assert row(found, "answer_rate").missing == ("contacts.queued", "contacts.answered")
    assert row(found, "late_share").missing == ("parcels.promised_to", "parcels.delivered_at")
    assert row(found, "contact_rate").missing == ("orders.ordered_at",)
    assert row(found, "frt_median").missing == (
        "contacts.first_reply_s|contacts.first_human_reply_at|contacts.first_reply_at",
    )
    assert {row(found, kpi).status for kpi in ("answer_rate", "late_share", "contact_rate")} == {"not_available"}


OWN = """
[kpis.bills]
title = { en = "Bills" }
kind = "rate"
from = "contacts"
date = "created_on"
where = "counted AND classified"
hit = "reason = 'invoice'"
unit = "share"
better = "lower"
"""


def test_a_kpi_of_ones_own(two_years: Path, folder: Path) -> None:
    found = report(two_years, settings(folder, OWN))
    assert fraction(found, "bills") == (1, 3)
    assert row(found, "bills").kpi.family == "own"
    assert [family.id for family in found.families][-1] == "own"


@pytest.mark.long
@pytest.mark.parametrize("wrong", ["no_such_column", "reason = ", "1; DROP TABLE contacts"])
def test_a_kpi_of_ones_own_that_is_wrong_is_named(folder: Path, wrong: str) -> None:
    spoilt = OWN.replace("reason = 'invoice'", wrong)
    with pytest.raises(KpiInvalid, match=r"kpis\.bills"):
        computed(folder, {"contacts.csv": TWO_YEARS}, spoilt)


@pytest.mark.long
def test_names_that_do_not_exist(two_years: Path) -> None:
    with pytest.raises(BrandUnknown):
        report(two_years, settings(two_years), Request(brand="Nobody"))
    with pytest.raises(KpiUnknown):
        report(two_years, settings(two_years), Request(kpis=("wismo_shares",)))


BRANDED = """
| contact_id | created_at          | channel | brand | order_ref |
| 1          | 2025-03-05 10:00:00 | email   | A     | 90001     |
| 2          | 2025-03-05 10:00:00 | email   | B     |           |
| 3          | 2025-03-05 10:00:00 | chat    | A     |           |
"""
BRANDED_ORDERS = """
| order_ref | ordered_at          | brand |
| 90001     | 2025-03-01 10:00:00 | A     |
| 90002     | 2025-03-01 10:00:00 | A     |
| 90003     | 2025-03-01 10:00:00 | A     |
| 90004     | 2025-03-01 10:00:00 | B     |
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("by", "expected"),
    [("channel", {"email": (2, 4), "chat": (1, 4)}), ("brand", {"A": (2, 3), "B": (1, 1)})],
)
def test_a_ratio_by_segment(folder: Path, by: str, expected: dict[str, tuple[int, int]]) -> None:
    """Orders have no channel: each channel is held against all of them. They have a brand: each brand has its own."""
    exports = {"contacts.csv": BRANDED, "orders.csv": BRANDED_ORDERS}
    found = computed(folder, exports, request=Request(by=(by,)))
    assert fraction(found, "contact_rate") == (3, 4)
    parts = row(found, "contact_rate").segments
    assert {part.key: (part.now.numerator, part.now.denominator) for part in parts} == expected


@pytest.mark.long
@pytest.mark.parametrize(("contacts_of", "dispersion"), [([10] + [0] * 9, 10.0), ([1] * 10, 1.0)])
def test_contacts_that_cluster_in_few_orders_widen_the_interval(
    folder: Path, contacts_of: list[int], dispersion: float
) -> None:
    """All ten on one of ten orders: mean 1, variance (100 - 10) / 9 = 10. One each: variance 0, counted as 1."""
    orders = "order_ref,ordered_at\n" + "".join(f"9000{n},2025-03-01 10:00:00\n" for n in range(10))
    lines = [f"{n}-{k},2025-03-05 10:00:00,email,9000{n}" for n, many in enumerate(contacts_of) for k in range(many)]
    calls = "\n".join(["contact_id,created_at,channel,order_ref", *lines]) + "\n"
    now = row(computed(folder, {"orders.csv": orders, "contacts.csv": calls}), "contact_rate").now
    assert (now.numerator, now.denominator, now.design_effect) == (10, 10, dispersion)
    expected = intervals.rate_per_unit(10, 10, dispersion)
    assert expected and (now.low, now.high) == (expected.low, expected.high)


@pytest.mark.long
def test_a_mix_leaves_out_what_nobody_used(folder: Path) -> None:
    found = computed(folder, {"contacts.csv": table(BRANDED.replace("chat ", "     "))})
    assert [part.key for part in row(found, "channel_mix").segments] == ["email"]


@pytest.mark.long
def test_a_blank_value_is_in_no_mean(folder: Path) -> None:
    """Waits of 100 and 200 s and one unknown: the mean is 150 s over two calls, not 100 over three."""
    own = """
[kpis.wait]
title = { en = "Wait" }
kind = "mean"
from = "contacts"
date = "created_on"
value = "wait_s"
unit = "seconds"
"""
    calls = """
    | contact_id | created_at          | channel | wait_s |
    | 1          | 2025-03-01 10:00:00 | phone   | 100    |
    | 2          | 2025-03-01 10:00:00 | phone   | 200    |
    | 3          | 2025-03-01 10:00:00 | phone   |        |
    """
    wait = row(computed(folder, {"c.csv": calls}, own), "wait").now
    assert (wait.value, wait.base) == (150.0, 2)
