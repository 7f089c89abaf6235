"""Several `-o` of one report, the format of each, and formats that are no text."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter

from tests.reproducers import ingest_good, run
from tests.support import child

BEGINNINGS = {
    "a.json": b'{\n "schema": "kpibar.report"', "a.csv": b"edition,kpi,", "a.md": b"# Customer-relationship",
    "a.xlsx": b"PK\x03\x04", "a.txt": b"Customer-relationship", "device": b"",
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of two contacts."""
    return ingest_good(tmp_path_factory.mktemp("several"))


def test_each_output_is_written_whole_in_the_format_of_its_extension(filled: Path) -> None:
    names = [name for name in BEGINNINGS if name != "device"]
    for _ in range(2):  # the second time over the first
        done = run(filled, "report", *(word for name in names for word in ("-o", name)))
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert done.stderr.splitlines() == [f"written: {name}" for name in names]
        for name in names:
            assert (filled / name).read_bytes().startswith(BEGINNINGS[name])
            assert (filled / name).stat().st_mode & 0o777 == 0o600
    assert json.loads((filled / "a.json").read_text())["edition"]["year"] == 2025


def test_nothing_is_written_where_one_output_is_refused(filled: Path) -> None:
    with xlsxwriter.Workbook(str(filled / "budget.xlsx")) as book:
        book.add_worksheet().write(0, 0, 42)
    before = (filled / "budget.xlsx").read_bytes()
    done = run(filled, "report", "-o", "new.json", "-o", "budget.xlsx")
    assert done.returncode == 2 and "budget.xlsx: is a binary file, and kpibar does not overwrite it" in done.stderr
    assert (filled / "budget.xlsx").read_bytes() == before and not (filled / "new.json").exists()


def test_the_option_names_the_format_where_the_extension_names_none(filled: Path) -> None:
    for words in (("--json",), ("--format", "json"), ("--json", "--format", "json")):
        done = run(filled, "report", *words, "-o", "a.dat")
        assert done.returncode == 0, done.stderr
        assert (filled / "a.dat").read_bytes().startswith(BEGINNINGS["a.json"])
    done = run(filled, "report", "--json", "-o", "a.JSON")
    assert done.returncode == 0, done.stderr


def test_a_csv_in_french_opens_in_a_french_excel_unless_told_otherwise(filled: Path) -> None:
    assert run(filled, "report", "--lang", "fr", "-o", "fr.csv").returncode == 0
    text = (filled / "fr.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeffedition;kpi;") and text.endswith("\r\n")
    assert run(filled, "report", "--lang", "fr", "--csv-dialect", "default", "-o", "fr.csv").returncode == 0
    assert (filled / "fr.csv").read_bytes().startswith(BEGINNINGS["a.csv"])
    assert run(filled, "report", "--csv-dialect", "excel-fr", "-o", "fr.csv").returncode == 0
    rows = list(csv.DictReader(io.StringIO((filled / "fr.csv").read_text("utf-8-sig")), delimiter=";"))
    assert {row["title"] for row in rows if row["kpi"] == "contacts"} == {"Contacts received"}


def test_a_workbook_goes_through_a_pipe_and_not_onto_a_terminal(filled: Path) -> None:
    line = [sys.executable, "-m", "kpibar", "report", "--format", "xlsx"]
    home = {**os.environ, "KPIBAR_KEY_FILE": "key"}
    done = subprocess.run(line, cwd=filled, env=home, capture_output=True, check=True)
    assert "xl/workbook.xml" in ZipFile(io.BytesIO(done.stdout)).namelist()
    for more in ([], ["-o", "/dev/stdout"]):
        leader, follower = pty.openpty()
        with child([*line, *more], cwd=filled, env=home, stdout=follower, stderr=subprocess.PIPE) as process:
            os.close(follower)
            assert process.stderr is not None
            words = process.stderr.read().decode()
        os.close(leader)
        assert process.returncode == 2
        assert words == (
            "kpibar: --format xlsx is no text to be read on a terminal; write it to a file with -o barometer.xlsx\n"
        )
