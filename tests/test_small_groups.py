"""Figures of small groups: below the smallest base the base alone is left, and no subtraction gives them away."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kpibar.cli.options import Format
from kpibar.cli.outputs import render_report
from kpibar.config import Config, Settings, load
from kpibar.database.store import open_store
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.estimates import Measure
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.measure.barometer import barometer
from kpibar.measure.circulation import for_circulation, strict_settings
from kpibar.measure.figures import mask_parts
from kpibar.measure.report import Barometer, Request
from kpibar.model.build import build
from kpibar.render.terminal import Screen
from tests.support import AS_OF

LEAST = 30
OWN = """
timezone = "Europe/Paris"
[kpis.french]
title = { en = "French" }
kind = "rate"
from = "contacts"
date = "created_on"
hit = "country = 'FR'"
unit = "share"
[kpis.teams]
title = { en = "Teams" }
kind = "mix"
from = "contacts"
date = "created_on"
over = "team"
unit = "share"
"""
# Contacts by month, brand and team: 92 of 2025, of brand A 60, B 25 and C 7; 20 of 2024. A third of them are French.
PLAN = (
    ("2025-01", "A", "one", 40), ("2025-02", "A", "one", 20), ("2025-02", "B", "two", 20), ("2025-03", "B", "two", 5),
    ("2025-03", "C", "three", 6), ("2025-03", "C", "four", 1), ("2024-03", "A", "one", 20),
)  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the contacts of PLAN, with the settings beside it."""
    folder = tmp_path_factory.mktemp("groups")
    (folder / "kpibar.toml").write_text(OWN, encoding="utf-8")
    lines = ["contact_id,created_at,channel,customer,brand,country,team"]
    for place, (month, brand, team, count) in enumerate(PLAN):
        lines += [
            f"{place}-{n},{month}-{n % 28 + 1:02} 10:00:00,email,c{place}{n}@x.fr,{brand},"
            f"{'DE' if n % 3 else 'FR'},{team}"
            for n in range(count)
        ]
    (folder / "jean-contacts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = load(folder / "kpibar.toml")
    with open_store(folder / "test.duckdb", write=True) as store:
        (outcome,) = ingest(store, [folder / "jean-contacts.csv"], config, Options(as_of=AS_OF))
        build(store, config.settings.thresholds, config.settings.files)
    assert outcome.error is None
    return folder / "test.duckdb"


def _report(path: Path, by: str | None = None, *, share: bool = False) -> Barometer:
    config = load(path.parent / "kpibar.toml")
    used: Config = strict_settings(config) if share else config
    with open_store(path, write=False) as store:
        found = barometer(store, used, Request(by=(by,) if by else (), share=share))
    return for_circulation(found) if share else found


def _json(found: Barometer) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(render_report(found, Format.json, "en", Screen(None)))
    return read


def _measures(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "denominator" in node:
            yield node
        for part in node.values():
            yield from _measures(part)
    elif isinstance(node, list):
        for part in node:
            yield from _measures(part)


@pytest.fixture(scope="module")
def by_brand(path: Path) -> dict[str, Any]:
    return _json(_report(path, "brand"))


@pytest.mark.long
def test_below_the_smallest_base_only_the_base_is_left(by_brand: dict[str, Any]) -> None:
    """In rows, months of both years, segments and the year before, whatever the KPI."""
    small = [one for kpi in by_brand["kpis"] for one in _measures(kpi) if 0 < (one["denominator"] or 0) < LEAST]
    assert len(small) > 10
    for one in small:
        assert (one["value"], one["numerator"], one["ci_low"], one["ci_high"]) == (None,) * 4
        assert one["status"] in ("low_base", "not_available")


def _kpi(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(kpi for kpi in found["kpis"] if kpi["id"] == name)


def test_no_subtraction_gives_a_small_group_away(by_brand: dict[str, Any]) -> None:
    """March has 12 contacts: with January and February shown its figure were the rest of the year. B and C are 32."""
    french = _kpi(by_brand, "french")
    assert french["status"] == "ok" and french["denominator"] == 92
    # January and February have 40 each: one of the two is left out with March.
    assert sorted(month["value"] is None for month in french["series"] if month["denominator"]) == [False, True, True]
    segments = french["breakdowns"][0]["segments"]
    shown = {one["key"]: (one["denominator"], one["numerator"]) for one in segments}
    # A third of 40 and of 20 contacts, rounded up: 14 + 7.
    assert shown == {"A": (60, 21), "B": (25, None), "C": (7, None)}
    assert french["previous"]["status"] == "low_base" and french["delta"]["abs"] is None


def test_a_category_of_an_own_mix_is_of_ten_records_or_not_shown(by_brand: dict[str, Any]) -> None:
    """Of 92 contacts 60, 25, 6 and 1: the last two are 7 together, so that the third is left out with them."""
    teams = _kpi(by_brand, "teams")["breakdowns"][0]["segments"]
    shown = {one["key"]: (one["numerator"], one["denominator"], one["status"]) for one in teams}
    small = (None, 92, "low_base")
    assert shown == {"one": (60, 92, "ok"), "two": small, "three": small, "four": small}


def test_the_csv_and_the_table_agree_with_the_document(path: Path, by_brand: dict[str, Any]) -> None:
    found = _report(path, "brand")
    rows = list(csv.DictReader(io.StringIO(str(render_report(found, Format.csv, "en", Screen(None))))))
    small = [row for row in rows if 0 < float(row["denominator"] or 0) < LEAST]
    assert len(small) > 10
    assert {row[name] for row in small for name in ("value", "numerator", "ci_low", "ci_high")} == {""}
    table = str(render_report(found, Format.table, "en", Screen(None)))
    assert "n<30" in table


KINDS = {"rate": True, "ratio": True, "mean": True, "net": True, "median": False, "count": False}


@pytest.mark.parametrize(("kind", "added"), KINDS.items())
def test_what_is_left_of_a_whole_is_of_enough(path: Path, kind: str, added: bool) -> None:
    """Of 12, 45, 50 and 100 the first is hidden, and of what adds up the next one too: 57 are left."""
    known = catalogue(load(path.parent / "kpibar.toml").settings)
    kpi: Kpi = replace(known.get("french"), kind=kind)  # type: ignore[arg-type]
    parts = [Measure(0.5, 1.0, float(base), 0.1, 0.9, base) for base in (100, 12, 45, 50, 0)]
    shown = mask_parts(kpi, parts, load(path.parent / "kpibar.toml").settings.reporting)
    hidden = [part.base for part in shown if part.low_base]
    assert hidden == ([] if kind == "count" else [12, 45] if added else [12])
    enough = mask_parts(kpi, [*parts, parts[1], parts[1]], load(path.parent / "kpibar.toml").settings.reporting)
    assert [part.base for part in enough if part.low_base] == ([] if kind == "count" else [12, 12, 12])


@pytest.mark.parametrize(
    "over",
    ["customer_key", "lower(CAST(agent_key AS VARCHAR))", '"person_key"', "contact_uid", "substr(contact_id, 1, 8)",
     "order_id", "coalesce(team, issue_key)", "order_ref", "ORDER_NUMBER"],
)  # fmt: skip
def test_no_kpi_has_a_share_for_each_person_or_record(over: str) -> None:
    own = {"title": {"en": "x"}, "kind": "mix", "from": "contacts", "date": "created_on", "unit": "share", "over": over}
    with pytest.raises(KpiInvalid, match="expected one of"):
        catalogue(Settings.model_validate({"kpis": {"mine": own}}))


@pytest.mark.long
def test_a_report_to_share_counts_no_group_below_ten_and_names_no_file(path: Path) -> None:
    """Brand C has 7 contacts, its teams 6 and 1; settings, names of files and of the database stay at home.

    Contacts per order are of contacts, too: of the whole base of orders, the contacts of a segment are its group.
    """
    found = _report(path, "brand", share=True)
    document = _json(found)
    assert document["scope"]["smallest_group"] == 10 and document["config"]["path"] is None
    for kpi in document["kpis"]:
        for one in _measures(kpi):
            assert not 0 < (one["denominator"] or 10) < 10, kpi["id"]
            if kpi["estimator"] in ("count", "mix", "stock", "rate_per_unit"):
                assert not 0 < (one["numerator"] or 10) < 10, kpi["id"]
    teams = {one["key"]: one["numerator"] for one in _kpi(document, "teams")["breakdowns"][0]["segments"]}
    # 6 and 1 would be 7 of the 92: the next smallest, 25, is left out too.
    assert teams == {"one": 60, "two": None, "three": None, "four": None}
    text = json.dumps(document)
    for name in ("jean-contacts", "kpibar.toml", "test.duckdb", str(path.parent)):
        assert name not in text
    assert all(note["values"].get("rows", 10) >= 10 for kpi in document["kpis"] for note in kpi["notes"])


@pytest.mark.long
def test_the_ordinary_report_keeps_its_figures(path: Path) -> None:
    """Beside groups below ten, a report to share has the figures of the ordinary one."""
    usual, shared = _json(_report(path)), _json(_report(path, share=True))
    pairs = list(zip(_measures(usual["kpis"]), _measures(shared["kpis"]), strict=True))
    kept = [(one, other) for one, other in pairs if other["value"] is not None]
    assert len(kept) > 5 and all(one["value"] == other["value"] for one, other in kept)
