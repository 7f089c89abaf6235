"""Documents of older versions of `kpibar.report` are brought to the present one; versions only add.

`tests/fixtures/reports` holds, of each older version, a report of the sample exports as kpibar wrote it then (six KPIs
of it), and the schema as it was when the next version came, its descriptions left out.
"""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import kpibar
from kpibar.config import Thresholds
from kpibar.measure.errors import ReportUnreadable
from kpibar.render.terminal import Screen, render
from kpibar.render.versions import SCHEMA_VERSION, report_schema
from tests.support import REPOSITORY

FOLDER = REPOSITORY / "tests/fixtures/reports"
MINOR = int(SCHEMA_VERSION.partition(".")[2])
OLDER = [f"1.{minor}" for minor in range(MINOR)]


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def present() -> Any:
    """The report of the sample exports as it is written now."""
    return json.loads((REPOSITORY / "tests/golden/report.json").read_text(encoding="utf-8"))


def kpi(document: Any, name: str) -> Any:
    return next(entry for entry in document["kpis"] if entry["id"] == name)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every place of a document that holds neither an object nor a list, and what it holds."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{place}]")
    else:
        yield path, value


# Older documents


def test_there_is_a_document_and_a_schema_of_each_older_version() -> None:
    """Whoever makes a new version stores the document and the schema of the one before."""
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(
        name for version in OLDER for name in (f"{version}.json", f"{version}.schema.json")
    )


@pytest.mark.parametrize("version", OLDER)
def test_an_older_document_becomes_one_of_the_present_version(version: str) -> None:
    old = read(f"{version}.json")
    kept = copy.deepcopy(old)
    new = kpibar.upgrade(old)
    assert old == kept
    assert list(new.items())[:3] == [
        ("schema", "kpibar.report"), ("schema_version", SCHEMA_VERSION), ("original_version", version),
    ]  # fmt: skip
    jsonschema.validate(old, read(f"{version}.schema.json"))
    jsonschema.validate(new, report_schema())
    assert kpibar.upgrade(new) == new
    # What was there is there; what is new is null, or follows from what was there.
    before, after = dict(leaves(old)), dict(leaves(new))
    assert {path: value for path, value in before.items() if path != ".schema_version"}.items() <= after.items()
    more = {(path.rpartition(".")[2], after[path]) for path in after.keys() - before.keys() if after[path] is not None}
    assert more <= {("original_version", version), ("verdict_detail", "better")}


def keys(value: Any, path: str = "") -> Iterator[str]:
    """All keys of a document, places of lists and values of notes left out."""
    if isinstance(value, dict) and not path.endswith(".values"):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from keys(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, f"{path}[]")


@pytest.mark.parametrize("version", OLDER)
def test_every_key_that_is_written_now_is_in_it(version: str) -> None:
    """But those in a sentence that was not written, in bounds that were not computed and in a margin nobody knows."""
    lacking = set(keys(present())) - set(keys(kpibar.upgrade(read(f"{version}.json"))))
    assert all(re.match(r"\.(opening\[\]|kpis\[\](\.previous)?\.(bounds|margin))\.", path) for path in lacking), lacking


def test_nothing_is_guessed() -> None:
    """Of 1.1, late deliveries were better and WISMO neutral, which may be stable, small or cannot tell."""
    new = kpibar.upgrade(read("1.1.json"))
    late, wismo = kpi(new, "late_share"), kpi(new, "wismo_rate")
    assert (late["delta"]["verdict"], late["delta"]["verdict_detail"]) == ("better", "better")
    assert (wismo["delta"]["verdict"], wismo["delta"]["verdict_detail"]) == ("neutral", None)
    assert late["delta"]["margin"] is late["margin"] is late["headline"] is late["design_effect"] is None
    assert new["opening"] is None and new["scope"]["dimensions_asked"] == []
    assert new["parameters"]["issue_link_days"] is None and new["parameters"]["fcr_window_days"] == 7
    assert set(Thresholds.model_fields) <= set(new["parameters"])


def test_the_dimension_of_a_document_is_known_where_it_tells_it() -> None:
    """Before `scope.breakdown` only a breakdown of a KPI that is no mix tells what was asked for."""
    first = read("1.0.json")
    assert "breakdown" not in first["scope"]
    assert kpibar.upgrade(first)["scope"]["dimensions_asked"] is None
    (of_the_mix,) = kpi(first, "channel_mix")["breakdowns"]
    kpi(first, "late_share")["breakdowns"] = [{**of_the_mix, "dimension": "carrier"}]
    assert kpibar.upgrade(first)["scope"]["dimensions_asked"] == ["carrier"]
    second = read("1.2.json")
    second["scope"]["breakdown"] = "month"
    assert kpibar.upgrade(second)["scope"]["dimensions_asked"] == ["month"]


@pytest.mark.parametrize("version", OLDER)
def test_an_older_report_is_read_and_rendered(version: str, tmp_path: Path) -> None:
    report = kpibar.read_report(FOLDER / f"{version}.json")
    assert report.to_dict() == kpibar.upgrade(read(f"{version}.json"))
    late = next(row for row in report.barometer.rows if row.kpi.id == "late_share")
    assert late.now.value == kpi(read(f"{version}.json"), "late_share")["value"]
    assert "Late deliveries" in render(report.barometer, "en", Screen(width=80))
    assert "Late deliveries" in report.to_html() and "late_share" in report.to_csv()
    assert "Livraisons en retard" in report.to_markdown("fr")
    report.to_excel(tmp_path / "report.xlsx")
    # Written and read again, it is the same.
    (tmp_path / "report.json").write_text(report.to_json(), encoding="utf-8")
    assert kpibar.read_report(tmp_path / "report.json").to_dict() == report.to_dict()


def test_a_masked_figure_of_an_old_report_stays_masked() -> None:
    """1.0 did not tell why a month was masked: csat had months of fewer than 30 answers."""
    report = kpibar.read_report(FOLDER / "1.0.json")
    csat = next(row for row in report.barometer.rows if row.kpi.id == "csat")
    old = kpi(read("1.0.json"), "csat")
    states = [point["status"] for point in old["series"]]
    assert "low_base" in states and [measure.status for _, measure in csat.series] == states


def test_the_present_document_is_given_back_as_it_is() -> None:
    assert kpibar.upgrade(present()) == present()


def test_a_later_minor_version_is_read_and_keeps_what_it_has_more(tmp_path: Path) -> None:
    later = present() | {"schema_version": f"1.{MINOR + 1}", "forecast": {"year": 2026}}
    assert kpibar.upgrade(later) == later
    (tmp_path / "later.json").write_text(json.dumps(later), encoding="utf-8")
    assert kpibar.read_report(tmp_path / "later.json").to_dict() == later


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": "2.0"}, "its schema is kpibar.report 2.0, of a newer kpibar; this one reads 1.0 to 1."),
        ({"schema_version": "12.34"}, "its schema is kpibar.report 12.34, of a newer kpibar"),
        ({"schema_version": "0.9"}, "its schema is kpibar.report 0.9, which was never published"),
        ({"schema_version": "1"}, "its schema is not kpibar.report 1"),
        ({"schema_version": 1.2}, "its schema is not kpibar.report 1"),
        ({"schema_version": "1.٣"}, "its schema is not kpibar.report 1"),
        ({"schema": "kpibar.order"}, "its schema is not kpibar.report 1"),
        ({"schema": None}, "its schema is not kpibar.report 1"),
        ({"kpis": {}}, "kpis is no list"),
        ({"kpis": [None]}, r"kpis\[0\] is no object"),
        ({"kpis": [{"id": "late_share"}]}, r"kpis\[0\] has no family, title"),
        ({"scope": "all"}, "scope is no object"),
        ({"edition": {}}, "edition has no year"),
        ({"parameters": []}, "parameters is no object"),
    ],
)  # fmt: skip
def test_what_cannot_be_brought_to_the_present_version_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ReportUnreadable, match=f"not a report that this version of kpibar reads: {words}"):
        kpibar.upgrade(read("1.2.json") | change)


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_object_is_no_report(value: Any) -> None:
    with pytest.raises(ReportUnreadable, match="it is no JSON object"):
        kpibar.upgrade(value)


# The schemas: a minor version only adds


def places(
    schema: Any, whole: Any, path: str = "", required: bool = True
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every place that a schema describes, its own part of the schema, and whether it is always there."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    yield path, schema, required
    for name, inner in schema.get("properties", {}).items():
        yield from places(inner, whole, f"{path}.{name}", name in schema.get("required", ()))
    if "items" in schema:
        yield from places(schema["items"], whole, f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from places(schema["additionalProperties"], whole, f"{path}.*")


def kinds(schema: Any) -> set[str]:
    """The types that a place allows."""
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)


def breaches(older: Any, newer: Any) -> list[str]:
    """Where a newer schema breaks the rule of additions.

    Every place of the older one is there, required or not as before, of the same types and patterns, with the values it
    had and perhaps more. A place that was not required may be null in the newer one, as `upgrade` writes it.
    """
    now = {path: (schema, required) for path, schema, required in places(newer, newer)}
    wrong = []
    for path, schema, required in places(older, older):
        if path not in now:
            wrong.append(f"{path} is gone")
            continue
        new, still = now[path]
        if required != still:
            wrong.append(f"{path} is {'no longer ' if required else ''}required")
        if not kinds(schema) <= kinds(new) or kinds(new) - kinds(schema) - (set() if required else {"null"}):
            wrong.append(f"{path} was {', '.join(sorted(kinds(schema)))}, is {', '.join(sorted(kinds(new)))}")
        if not set(schema.get("enum", ())) <= set(new.get("enum", ())) or ("enum" in schema) != ("enum" in new):
            wrong.append(f"{path} lost a value")
        wrong += [
            f"{path} has another {word}"
            for word in ("pattern", "const", "minimum", "maximum")
            if schema.get(word) != new.get(word)
        ]
    return wrong


@pytest.mark.parametrize("version", OLDER)
def test_a_minor_version_only_adds(version: str) -> None:
    older, newer = read(f"{version}.schema.json"), report_schema()
    assert len(list(places(older, older))) > 100
    assert not breaches(older, newer)


def test_the_check_of_additions_sees_a_breach() -> None:
    older = read("1.2.schema.json")
    for where, change, words in (
        (("properties", "edition", "properties"), ("year", None), ".edition.year is gone"),
        (("$defs", "kpi", "properties", "hash"), ("pattern", "^[0-9]+$"), ".kpis[].hash has another pattern"),
        (("$defs", "kpi", "properties", "hash"), ("type", "integer"), ".kpis[].hash was string, is integer"),
        (("$defs", "kpi", "properties", "id"), ("type", ["string", "null"]), ".kpis[].id was string, is null, string"),
        (("$defs", "status"), ("enum", ["ok"]), ".kpis[].status lost a value"),
        (("$defs", "kpi"), ("required", ["id"]), ".kpis[].value is no longer required"),
        (("properties", "scope"), ("required", ["brands", "breakdown"]), ".scope.breakdown is required"),
    ):  # fmt: skip
        newer = copy.deepcopy(older)
        part = newer
        for step in where:
            part = part[step]
        if change[1] is None:
            del part[change[0]]
        else:
            part[change[0]] = change[1]
        assert words in breaches(older, newer)


def test_every_addition_may_be_null() -> None:
    """`upgrade` writes null for what an older document lacks: each key that is not required must allow it."""
    optional = [(path, schema) for path, schema, required in places(report_schema(), report_schema()) if not required]
    assert len(optional) > 20
    assert not [path for path, schema in optional if "null" not in kinds(schema) and None not in schema.get("enum", ())]
