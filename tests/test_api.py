"""kpibar as a library: the same figures as the command line, and nothing imported before it is needed."""

import doctest
import html
import json
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas
import pytest

import kpibar
from kpibar import api
from kpibar.cli.demo import sample_folder
from kpibar.database.errors import DatabaseMissing
from kpibar.errors import OutputUnwritable
from kpibar.load.outcome import Outcome
from kpibar.measure.errors import DimensionUnknown
from kpibar.read.errors import FileMissing, FrameNameInvalid
from kpibar.read.frame import write_frame
from kpibar.render import versions
from tests.report_files import by_carrier, read_workbook, sample_report
from tests.support import REPOSITORY
from tests.support import kpibar as command_line

SETTINGS = sample_folder() / "kpibar.toml"


@pytest.fixture
def database(sample: tuple[Path, list[Outcome]]) -> Path:
    """The database of the sample exports."""
    return sample[0] / "test.duckdb"


def test_the_report_is_the_one_of_the_command_line(database: Path) -> None:
    report = kpibar.open(database, config=SETTINGS).barometer(2025, by="carrier")
    ran = command_line(
        "report", "--year", "2025", "--by", "carrier", "--json", "--db", str(database), "--config", str(SETTINGS),
        folder=database.parent,
    )  # fmt: skip
    expected, made = json.loads(ran.stdout), json.loads(report.to_json())
    expected.pop("generated_at")
    made.pop("generated_at")
    assert made == expected
    assert json.loads(json.dumps(report.to_dict()))["kpis"] == expected["kpis"]


@pytest.mark.long
def test_the_frame_has_the_figures_as_numbers(database: Path) -> None:
    report = kpibar.open(database, config=SETTINGS).barometer(2025)
    frame = report.to_frame().set_index(["kpi", "dimension", "segment", "period"])
    late = frame.loc["late_share", "all", "all", "2025"]
    assert (late["numerator"], late["denominator"]) == (439, 4964)
    assert late["value"] == pytest.approx(439 / 4964, abs=1e-6)
    assert len(frame) == len(report.to_csv().splitlines()) - 1


def test_a_breakdown_nobody_knows_is_named(database: Path) -> None:
    with pytest.raises(DimensionUnknown, match='"weather"; expected one of channel, brand'):
        kpibar.open(database, config=SETTINGS).barometer(by="weather")


def test_a_database_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing, match="no data yet"):
        kpibar.open(tmp_path / "none.duckdb")


@pytest.mark.long
def test_a_file_that_is_missing_does_not_stop_the_others(folder: Path) -> None:
    frame = pandas.DataFrame({"contact_id": [1], "created_at": ["2025-03-01 10:00:00"], "channel": ["email"]})
    missing, loaded = kpibar.ingest("none.csv", frame, timezone="Europe/Paris")
    assert isinstance(missing.error, FileMissing)
    assert loaded.counts.added == 1


@pytest.mark.long
def test_a_frame_is_loaded_like_the_export_it_stands_for(folder: Path) -> None:
    """Numbers with gaps, instants of a zone, dates, flags and missing cells, each as its text would be read."""
    frame = pandas.DataFrame(
        {
            "contact_id": [7, 8, 9],
            "created_at": pandas.to_datetime(["2025-03-01 10:00", "2025-03-02 11:30", "2025-03-03 00:00"]).tz_localize(
                "Europe/Paris"
            ),
            "channel": ["phone", "phone", "phone"],
            "case_id": [12.0, None, 14.0],
            "answered": [True, False, True],
            "wait_s": [1.5, None, 3.25],
            "queue": pandas.Series(["SAV", None, "SAV, Paris"], dtype="category"),
        },
    )
    (outcome,) = kpibar.ingest(frame, timezone="UTC", name="calls")
    assert outcome.error is None and outcome.counts.added == 3
    from kpibar.database.store import open_store

    with open_store(folder / "kpibar.duckdb", write=False) as store:
        rows = store.engine.rows(
            "SELECT contact_id, created_at, case_id, answered, wait_s, queue FROM contacts ORDER BY 1"
        )
        assert store.engine.rows("SELECT name FROM files") == [("calls.csv",)]
    assert rows == [
        ("7", datetime(2025, 3, 1, 9), "12", True, 1.5, "SAV"),
        ("8", datetime(2025, 3, 2, 10, 30), None, False, None, None),
        ("9", datetime(2025, 3, 2, 23), "14", True, 3.25, "SAV, Paris"),
    ]


def test_a_frame_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    path = write_frame(pandas.DataFrame({1: ["a"]}), tmp_path, "frame")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8") == "1\na\n"


@pytest.mark.parametrize("name", ["", "a/b", "../calls", "a\nb"])
def test_a_frame_is_not_written_elsewhere(folder: Path, name: str) -> None:
    with pytest.raises(FrameNameInvalid, match="expected the name of a file"):
        kpibar.ingest(pandas.DataFrame({"contact_id": [1]}), timezone="UTC", name=name)


def test_floats_are_written_whole_only_where_all_are(tmp_path: Path) -> None:
    columns = {"1": [12.0, None], 2: [1.5, 2.0], "inf": [float("inf"), 1.0], "large": [1e300, 1.0]}
    path = write_frame(pandas.DataFrame(columns), tmp_path, "frame")
    assert path.read_text(encoding="utf-8") == "1,2,inf,large\n12,1.5,inf,1e+300\n,2.0,1.0,1.0\n"


@pytest.mark.long
def test_without_a_path_the_database_is_that_of_the_settings(folder: Path) -> None:
    (folder / "kpibar.toml").write_text('timezone = "UTC"\ndatabase = "own.duckdb"\n', encoding="utf-8")
    frame = pandas.DataFrame({"contact_id": [1], "created_at": ["2025-03-01 10:00:00"], "channel": ["email"]})
    (outcome,) = kpibar.ingest(frame)
    assert outcome.error is None
    assert kpibar.open().path == folder / "own.duckdb"
    assert kpibar.open().barometer().to_dict()["edition"]["year"] == 2025


def test_importing_kpibar_imports_neither_pandas_nor_the_engine() -> None:
    program = "import sys, kpibar; kpibar.ingest; print([n for n in ('pandas', 'duckdb', 'numpy') if n in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


def test_a_report_knows_when_it_was_computed(database: Path) -> None:
    before = datetime.now(UTC)
    found = kpibar.open(database, config=SETTINGS).barometer(kpis=["late_share"])
    assert before <= found.generated_at <= datetime.now(UTC)


# Files and notebooks


def test_the_examples_of_the_library_hold(folder: Path) -> None:
    shutil.copy(REPOSITORY / "tests/golden/report.json", folder / "barometer.json")
    shutil.copy(REPOSITORY / "tests/fixtures/reports/1.1.json", folder / "barometer-2024.json")
    for module, least in ((api, 15), (versions, 4)):
        result = doctest.testmod(module)
        assert result.failed == 0 and result.attempted >= least, module


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_page_and_a_workbook_are_written_for_their_owner(tmp_path: Path, lang: str) -> None:
    report = sample_report()
    page = report.to_html(tmp_path / "a.html", lang)
    report.to_excel(str(tmp_path / "a.xlsx"), lang)
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page == report.to_html(lang=lang)
    assert f'lang="{lang}"' in page[:80]
    assert (tmp_path / "a.xlsx").read_bytes() == report.to_xlsx(lang)
    assert read_workbook(report.to_xlsx(lang)).sheets
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    report.to_html(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == report.to_html(), "an older file is replaced"


def test_a_file_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    report = sample_report()
    with pytest.raises(OutputUnwritable, match="it is a folder"):
        report.to_html(tmp_path)
    with pytest.raises(OutputUnwritable):
        report.to_excel(tmp_path / "none" / "a.xlsx")


def test_a_notebook_shows_the_page_in_a_frame_that_keeps_it_apart() -> None:
    """A hostile name of a carrier is text in the page, and the page is text in the frame."""
    name = '"></iframe><script>alert(1)</script>'
    report = by_carrier((name, "GLS", "Tournée"))
    frame = report._repr_html_()
    found = re.fullmatch(
        r'<iframe sandbox="" title="([^"]+)" srcdoc="([^"]+)" width="100%" height="\d+" [^<>]+></iframe>', frame
    )
    assert found and found[1] == "Customer-relationship barometer 2025"
    assert html.unescape(found[2]) == report.to_html()
    assert "<script" not in frame and "<script" not in report.to_html()


def test_a_report_has_a_short_name() -> None:
    assert repr(by_carrier()) == "<kpibar report 2025 by carrier: 40 KPIs, computed 2026-01-15T08:30:00Z>"


@pytest.mark.parametrize("by", [("channel", "carrier"), pytest.param(("reason", "carrier"), marks=pytest.mark.long)])
def test_a_page_by_one_or_two_dimensions_is_below_200_kb(database: Path, by: tuple[str, str]) -> None:
    report = kpibar.open(database, config=SETTINGS).barometer(2025, by=by)
    for dimensions in (by, by[:1], by[1:]):
        request = replace(report.barometer.request, by=dimensions)
        shown = replace(report, barometer=replace(report.barometer, request=request))
        for lang in ("en", "fr"):
            page = shown.to_html(lang=lang)
            assert page.count('<table class="heat') == len(dimensions)
            assert len(page.encode()) < 200_000, (dimensions, lang)
