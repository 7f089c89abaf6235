"""The first sentences of a report, in a bad year, in a good one, in one of too few records, and where targets are."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kpibar.api import Report
from kpibar.config import load
from kpibar.measure.report import Barometer, Request
from kpibar.render.terminal import Screen, render
from tests.support import ingest_tables, report
from tests.support import settings as masked_nowhere

MASKED = 'timezone = "Europe/Paris"\n'
TARGETS = "[targets]\nlate_share = 0.1\nlead_time = 259200\npromise_coverage = 0.9\n"


def exports(late: Mapping[int, int], each_week: int = 10) -> dict[str, str]:
    """Orders and parcels of two years, so many a week; of each year so many of each ten come four days late."""
    orders, parcels = ["order_ref,ordered_at"], ["order_ref,parcel_id,promised_to,delivered_at"]
    for year, bad in late.items():
        for week in range(52):
            for place in range(each_week):
                ref = f"{year}{week:02}{place:02}"
                day = date(year, 1, 1) + timedelta(days=7 * week)
                promise, arrival = (day + timedelta(days=days) for days in (3, 7 if place % 10 < bad else 2))
                orders.append(f"{ref},{day} 10:00:00")
                parcels.append(f"{ref},P{ref},{promise},{arrival} 12:00:00")
    return {"orders.csv": "\n".join(orders) + "\n", "parcels.csv": "\n".join(parcels) + "\n"}


def barometer(folder: Path, late: Mapping[int, int], text: str = MASKED, each_week: int = 10) -> Barometer:
    (folder / "kpibar.toml").write_text(text, encoding="utf-8")
    config = load(folder / "kpibar.toml")
    ingest_tables(folder, exports(late, each_week), config)
    return report(folder, config, Request(year=2025))


def opening(found: Barometer, lang: str = "en") -> list[str]:
    """The lines between the heading and the table of a report, on a pipe."""
    lines = render(found, lang, Screen()).splitlines()
    return lines[1 : lines.index("")]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Barometer:
    """One order in ten was late, then three in ten."""
    return barometer(tmp_path_factory.mktemp("bad"), {2024: 1, 2025: 3}, MASKED + TARGETS)


def test_a_bad_year_begins_with_what_is_worse_and_names_the_targets_missed(bad: Barometer) -> None:
    """520 orders a year, 52 late ones in 2024 (10 %) and 156 in 2025 (30 %)."""
    first, *rest = opening(bad)
    assert first == "Worse than in 2024: Late deliveries +20.0 pt to 30.0%"
    assert rest[0].endswith("stable") or " stable · " in rest[0]
    assert rest[-1] == "Targets met: 2 of 3 · missed: Late deliveries 30.0% (10.0%)"


def test_the_same_in_french(bad: Barometer) -> None:
    first, *rest = opening(bad, "fr")
    assert first == "Pire qu’en 2024\u00a0: Livraisons en retard +20,0\u00a0pt, à 30,0\u00a0%"
    assert (
        rest[-1] == "Cibles atteintes\u00a0: 2 sur 3 · manquées\u00a0: Livraisons en retard 30,0\u00a0% (10,0\u00a0%)"
    )


def test_json_has_the_sentences_in_both_languages_and_the_kpis_they_name(bad: Barometer) -> None:
    sentences: list[dict[str, Any]] = Report(bad, datetime(2026, 1, 1, tzinfo=UTC)).to_dict()["opening"]
    assert [(sentence["code"], sentence["kpis"]) for sentence in sentences] == [
        ("worse", ["late_share"]), ("others", []), ("targets", ["late_share"]),
    ]  # fmt: skip
    assert [sentence["text"]["en"] for sentence in sentences] == opening(bad)
    assert [sentence["text"]["fr"] for sentence in sentences] == opening(bad, "fr")


def test_a_good_year_begins_with_what_is_better(folder: Path) -> None:
    """Three orders in ten were late, then one in ten; all came two or seven days after they were placed."""
    assert opening(barometer(folder, {2024: 3, 2025: 1}))[0] == (
        "Better than in 2024: Late deliveries −20.0 pt to 10.0%"
    )


def test_a_year_of_too_few_records_says_so(folder: Path) -> None:
    """Ten orders in each year: below the 30 of the smallest base."""
    tables = {name: "".join(text.splitlines(keepends=True)[:1]) for name, text in exports({}).items()}
    for year in (2024, 2025):
        for place in range(10):
            tables["orders.csv"] += f"{year}{place},{year}-03-{place + 1:02} 10:00:00\n"
            tables["parcels.csv"] += f"{year}{place},P{year}{place},{year}-03-{place + 3:02},{year}-03-{place + 2:02}\n"
    (folder / "kpibar.toml").write_text(MASKED, encoding="utf-8")
    config = load(folder / "kpibar.toml")
    ingest_tables(folder, tables, config)
    lines = opening(report(folder, config, Request(year=2025)))
    assert lines[0] == "No figure is compared with 2024"
    assert lines[1].endswith("of too few records")


def test_a_year_without_a_year_before_compares_nothing(folder: Path) -> None:
    assert opening(barometer(folder, {2025: 1}))[0] == "No figure is compared with 2024"


def test_a_report_of_one_kpi_says_it_by_its_row(folder: Path) -> None:
    ingest_tables(folder, exports({2024: 1, 2025: 3}), masked_nowhere(folder))
    found = report(folder, masked_nowhere(folder), Request(year=2025, kpis=("late_share",)))
    assert opening(found) == []
