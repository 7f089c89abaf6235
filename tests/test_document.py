"""The JSON report keeps its contract; the tidy CSV holds the same figures."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kpibar.api import read_report
from kpibar.cli.demo import sample_folder
from kpibar.cli.options import Format
from kpibar.config import Config, load
from kpibar.load.outcome import Outcome
from kpibar.measure.circulation import compute_report
from kpibar.measure.errors import ReportUnreadable
from kpibar.measure.report import Barometer, Request
from kpibar.read.errors import FileMissing
from kpibar.render.clean import csv_text, json_text
from kpibar.render.document import document, to_json
from kpibar.render.formats import FORMATS, Medium, is_report, is_report_file
from kpibar.render.terminal import Screen, render
from kpibar.render.tidy import to_csv
from tests.support import ingest_tables, report, settings, table

SCHEMA: dict[str, Any] = json.loads(files("kpibar").joinpath("render/report.schema.json").read_text(encoding="utf-8"))
NOW = "2026-01-15T08:30:00Z"
HEAD = '{{"generated_at": "2026-01-15T08:30:00Z", "schema": "kpibar.report", "schema_version": "{version}"}}'
CONTACTS = table(
    """
    | contact_id | created_at          | channel | customer       | subject               | brand   |
    | 1          | 2025-03-01 10:00:00 | email   | a@example.com  | Where is my order?    | =1+1    |
    | 2          | 2025-03-02 10:00:00 | chat    | b@example.com  | I want an invoice     | "Anne"  |
    | 3          | 2024-03-02 10:00:00 | phone   | c@example.com  | Where is my parcel?   | [/]     |
    """
)


@pytest.fixture(scope="module")
def demo(sample: tuple[Path, list[Outcome]]) -> tuple[Path, Config]:
    """The folder of the sample exports' database, and their settings."""
    return sample[0], load(sample_folder() / "kpibar.toml")


@pytest.fixture(scope="module")
def barometer(demo: tuple[Path, Config]) -> Barometer:
    return report(*demo, Request(by=("channel",)))


def test_sample_report_is_valid(barometer: Barometer) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(to_json(barometer, NOW)), SCHEMA)


@pytest.mark.long
def test_small_and_hostile_report_is_valid(folder: Path) -> None:
    config = settings(folder)
    ingest_tables(folder, {"contacts.csv": CONTACTS}, config)
    made = report(folder, config, Request(by=("brand",)))
    parsed = json.loads(to_json(made, NOW))
    jsonschema.validate(parsed, SCHEMA)
    assert {"=1+1", '"Anne"', "[/]"} == set(parsed["scope"]["brands"]), "JSON never alters a name"


def keys(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    """Keys of a document that its schema does not name."""
    schema = SCHEMA["$defs"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    found: list[str] = []
    if isinstance(value, dict) and "properties" in schema:
        found += [f"{path}.{name}" for name in value if name not in schema["properties"]]
        for name, inner in value.items():
            found += keys(inner, schema["properties"].get(name, {}), f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            found += keys(inner, schema.get("items", {}), path + "[]")
    return sorted(set(found))


def test_schema_names_every_key(barometer: Barometer) -> None:
    assert keys(document(barometer, NOW), SCHEMA) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("where", "key", "wrong"), [((), "schema", "other"), (("kpis", 0), "value", "9 %"), (("kpis", 0), "status", "fine")]
)
def test_schema_refuses_what_is_wrong(barometer: Barometer, where: tuple[str | int, ...], key: str, wrong: str) -> None:
    broken: Any = document(barometer, NOW)
    part = broken
    for step in where:
        part = part[step]
    part[key] = wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA)
    del part[key]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA)


def test_a_verdict_has_its_detail_and_older_readers_the_word_they_know(barometer: Barometer) -> None:
    details = set()
    for kpi in document(barometer, NOW)["kpis"]:
        assert set(kpi["margin"]) == {"absolute", "relative"} and isinstance(kpi["headline"], bool)
        for delta in (kpi["delta"], *(s["delta"] for b in kpi["breakdowns"] for s in b["segments"])):
            detail = delta["verdict_detail"]
            known = {None: "none", "better": "better", "worse": "worse"}
            assert delta["verdict"] == known.get(detail, "neutral"), kpi["id"]
            if detail is not None:
                assert delta["margin"] is not None
                # Of times that are tested as a whole no visible change of their median is known.
                assert (delta["smallest_visible"] is None) == (delta["probability_longer"] is not None), kpi["id"]
            details.add(detail)
    assert details >= {None, "better", "cannot_tell"}


def test_a_document_without_what_came_later_is_valid_and_read(barometer: Barometer, tmp_path: Path) -> None:
    """Documents of 1.1 have no margins, no details of verdicts and no design effects."""
    old: Any = document(barometer, NOW) | {"schema_version": "1.1"}
    for kpi in old["kpis"]:
        segments = [segment for breakdown in kpi["breakdowns"] for segment in breakdown["segments"]]
        for part in (kpi, kpi["previous"], *segments, *(segment["previous"] for segment in segments)):
            del part["design_effect"]
        for delta in (kpi["delta"], *(segment["delta"] for segment in segments)):
            for name in ("verdict_detail", "margin", "smallest_visible", "probability_longer"):
                del delta[name]
        del kpi["margin"], kpi["headline"]
    jsonschema.validate(old, SCHEMA)
    (tmp_path / "old.json").write_text(json_text(old), encoding="utf-8")
    read = read_report(tmp_path / "old.json").barometer
    assert [row.kpi.id for row in read.rows] == [row.kpi.id for row in barometer.rows]
    assert {row.change.verdict for row in read.rows if row.change} <= {
        "better",
        "worse",
        "small",
        "cannot_tell",
        "none",
    }
    assert render(read, "en", Screen(width=80))


def test_value_is_numerator_over_denominator(barometer: Barometer) -> None:
    for kpi in document(barometer, NOW)["kpis"]:
        if kpi["estimator"] in ("proportion", "rate_per_unit") and kpi["value"] is not None:
            assert kpi["value"] == pytest.approx(kpi["numerator"] / kpi["denominator"], abs=1e-6), kpi["id"]
            assert kpi["ci_low"] <= kpi["value"] <= kpi["ci_high"], kpi["id"]


def test_months_add_up_to_the_year(barometer: Barometer) -> None:
    for kpi in document(barometer, NOW)["kpis"]:
        if kpi["estimator"] in ("proportion", "rate_per_unit", "count", "net_score", "mean"):
            for part in ("numerator", "denominator"):
                # Months of too small a base have no numerator, and leave room for it.
                known = [month[part] for month in kpi["series"] if month[part] is not None]
                if kpi[part] is not None and len(known) == len(kpi["series"]):
                    assert sum(known) == pytest.approx(kpi[part]), (kpi["id"], part)


def test_segments_add_up_to_the_total(barometer: Barometer) -> None:
    for kpi in document(barometer, NOW)["kpis"]:
        for breakdown in kpi["breakdowns"]:
            if kpi["estimator"] == "proportion":
                for part in ("numerator", "denominator"):
                    known = [segment[part] for segment in breakdown["segments"] if segment[part] is not None]
                    if len(known) == len(breakdown["segments"]):
                        assert sum(known) == kpi[part], (kpi["id"], part)


def test_csv_holds_the_same_figures(barometer: Barometer) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(barometer))))
    totals = {row["kpi"]: row for row in rows if row["dimension"] == "all" and row["period"] == "2025"}
    for kpi in document(barometer, NOW)["kpis"]:
        for part in ("value", "numerator", "denominator", "ci_low", "ci_high"):
            text = totals[kpi["id"]][part]
            assert (float(text) if text else None) == kpi[part], (kpi["id"], part)
    assert len(rows) > 1000


@pytest.fixture(scope="module", params=["year", "channel", "month", "share"])
def saved(demo: tuple[Path, Config], request: pytest.FixtureRequest) -> Barometer:
    """Reports of the sample exports, whose months of few rows are masked."""
    folder, config = demo
    asked = {"year": Request(), "share": Request(by=("carrier",), share=True)}.get(
        request.param, Request(by=(request.param,))
    )
    return compute_report(folder / "test.duckdb", config, asked)


def points(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every month and segment of both years of a document, each with its KPI's estimator."""
    listed = []
    for kpi in found["kpis"]:
        segments = [segment for breakdown in kpi["breakdowns"] for segment in breakdown["segments"]]
        listed += [
            {**point, "estimator": kpi["estimator"]}
            for point in (*kpi["series"], *kpi["previous_series"], *segments, *(one["previous"] for one in segments))
        ]
    return listed


@pytest.mark.long
def test_a_month_or_segment_of_few_rows_is_masked_and_says_why(saved: Barometer) -> None:
    found = document(saved, NOW)
    jsonschema.validate(json.loads(json.dumps(found)), SCHEMA)
    least = found["parameters"]["min_base"]
    for point in points(found):
        hidden = [point[name] for name in ("value", "numerator", "ci_low", "ci_high")]
        if point["estimator"] != "count" and 0 < (point["denominator"] or 0) < least:
            assert (point["status"], point["status_reason"]) == ("low_base", "small_base")
        if point["status"] == "low_base":
            assert hidden == [None] * 4
        assert (point["status"] == "ok") == (point["value"] is not None) == (point["status_reason"] is None), point
    masked = [point for point in points(found) if point["status_reason"] == "small_base"]
    assert len(masked) > 40 and all(point["denominator"] for point in masked), "the base stays"
    assert {point["status_reason"] for point in points(found)} >= {None, "small_base", "shares_only"}


@pytest.mark.sample(2)
def test_the_csv_has_status_and_reason_of_each_figure(saved: Barometer) -> None:
    found = document(saved, NOW)
    rows = list(csv.DictReader(io.StringIO(to_csv(saved))))
    months = {
        (kpi["id"], point["period"]): (point["status"], point["status_reason"] or "")
        for kpi in found["kpis"]
        for point in (*kpi["series"], *kpi["previous_series"])
    }
    for row in rows:
        assert (row["value"] != "") == (row["status"] == "ok") or row["kpi"].endswith("_mix"), row
        if len(row["period"]) == 7:
            assert (row["status"], row["status_reason"]) == months[row["kpi"], row["period"]]
    assert {"ok", "low_base", "not_available"} == {row["status"] for row in rows}


@pytest.mark.sample(1)
def test_a_document_read_back_is_the_same_report(saved: Barometer, tmp_path: Path) -> None:
    """JSON, CSV and pages of the report that was read are those of the report that was written."""
    text = to_json(saved, NOW)
    (tmp_path / "report.json").write_text(text, encoding="utf-8", newline="")
    report = read_report(tmp_path / "report.json")
    assert report.to_json() == text
    assert report.to_csv() == to_csv(saved)
    assert report.to_dict() == json.loads(text)
    assert list(report.to_frame()["status"]) == [row["status"] for row in csv.DictReader(io.StringIO(to_csv(saved)))]
    for lang in ("en", "fr"):
        # A document has six decimals: a last digit may round the other way, a dot of a strip stand one place further.
        pages = (render(made, lang, Screen(width=120)) for made in (report.barometer, saved))
        read, written = (re.sub("[─●┊ ]+", " ", re.sub(r"\d", "0", page)) for page in pages)
        assert read == written
    rows = report.barometer.rows
    assert [row.kpi for row in rows] == [row.kpi for row in saved.rows]
    assert [row.comparison.reason for row in rows] == [row.comparison.reason for row in saved.rows]
    assert [[day for day, _ in row.series] for row in rows] == [[day for day, _ in row.series] for row in saved.rows]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ('{"generated_at": "2026-01-15T08:30:00Z"}', "its schema is not kpibar.report 1"),
        (
            '{"generated_at": "2026-01-15T08:30:00Z", "schema": "kpibar.report", "schema_version": "2.0"}',
            "its schema is",
        ),
        (
            '{"generated_at": "2026-01-15T08:30:00Z", "schema": "kpibar.report", "schema_version": "1.0"}',
            "it has no kind, generator, edition",
        ),
    ],
)
def test_what_is_no_report_is_refused_in_words(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    with pytest.raises(ReportUnreadable, match=why):
        read_report(tmp_path / "report.json")
    with pytest.raises(FileMissing):
        read_report(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *[
            (text, "'" + text)
            for text in ("=1+1", "+33", "-2", "@x", " =1", "＝1", "＠x", "％x", "%x", "|x", "\u00a0=1")
        ],
        ("\t=1", "'\\u0009=1"),
        ("\r\n@x", "'\\u000d\\n@x"),
        ("\u200b=1", "'\\u200b=1"),  # a sign of no width in front
        ("\ufeff\u202e-1", "'\\ufeff\\u202e-1"),
        ("\x9b31m=1", "\\u009b31m=1"),  # what stands in front is seen, once it is escaped
        ("a\u2028b\x1b[31m", "a\\u2028b\\u001b[31m"),
        ("a\ud800b\x00", "a\\ud800b\\u0000"),
    ],
)
def test_a_cell_of_a_csv_hides_nothing_and_is_no_formula(text: str, cell: str) -> None:
    assert csv_text(text) == cell


@pytest.mark.parametrize(
    "text", ["Maison Bleue", "a=b", "", "?", "10 % off", "L'Œuf", "日本", "می\u200cخواهم", "👩\u200d🚀"]
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert csv_text(text) == text


# Controls of both sets, marks of direction, separators of lines, signs of no width, halves of pairs.
UNSEEN = "\x00\x1b\x7f\x85\x9b\xad\u061c\u200b\u200e\u202a\u202e\u2028\u2029\u2066\u2069\ufeff\ufffe\ud800\U000e0041"


def test_json_shows_no_unseen_sign_and_stays_the_same() -> None:
    for value in (UNSEEN, [UNSEEN], {UNSEEN: UNSEEN, "é日": "🚀"}):
        text = json_text(value)
        assert json.loads(text) == value
        assert not set(UNSEEN) & set(text)
    assert "é日" in json_text({"é日": "🚀"})
    text.encode("utf-8")


@pytest.mark.long
def test_hostile_brand_in_csv(folder: Path) -> None:
    config = settings(folder)
    ingest_tables(folder, {"contacts.csv": CONTACTS}, config)
    text = to_csv(report(folder, config, Request(by=("brand",))))
    assert "'=1+1" in text and ",=1+1" not in text


def test_every_format_of_a_report_is_one_of_the_option_and_known_again(barometer: Barometer, tmp_path: Path) -> None:
    assert [format.value for format in Format] == list(FORMATS)
    assert len({spec.ending for spec in FORMATS.values()}) == len(FORMATS)
    for name, spec in FORMATS.items():
        if name in ("pdf", "png"):  # a browser makes them: tests/test_pictures.py
            assert not spec.is_text
            continue
        for lang in ("en", "fr"):
            content = spec.write(barometer, lang, Medium(Screen(None), None, datetime(2026, 1, 15, 8, 30, tzinfo=UTC)))
            data = content.encode("utf-8") if isinstance(content, str) else content
            (tmp_path / "report").write_bytes(data)
            assert spec.is_text == is_report(data.decode("utf-8", "replace"))
            assert spec.is_text != is_report_file(tmp_path / "report")
    assert not is_report("contact_id,created_at\n")
