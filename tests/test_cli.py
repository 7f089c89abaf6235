"""The command line as a user or a script meets it: streams, exit codes, settings, pipes and plain terminals."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import typer

from kpibar.cli.app import command
from kpibar.cli.demo import sample_files
from tests.intake import write
from tests.support import child, kpibar

DAY = "2025-03-01 10:00:00"
GOOD = f"contact_id,created_at,channel\n1,{DAY},email\n2,{DAY},phone\n"
DATABASE = "kpibar.duckdb"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """An empty folder in which the demo ran, keeping its database as kpibar.duckdb."""
    folder = tmp_path_factory.mktemp("demo")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KPIBAR_")}
    done = subprocess.run(
        [sys.executable, "-m", "kpibar", "demo", "--db", DATABASE],
        cwd=folder,
        env={**environment, "PYTHONIOENCODING": "utf-8", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    yield folder, done


@pytest.fixture
def held(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """The folder of the demo's database."""
    return demo[0]


# --- the demo ------------------------------------------------------------------------------------------


def test_the_demo_prints_the_barometer_of_2025(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = demo
    assert done.returncode == 0, done.stderr
    assert "2025" in done.stdout.splitlines()[0]
    assert "Late deliveries" in done.stdout and "Maison Bleue · Petit Pas" in done.stdout
    for path in sample_files():
        assert path.name in done.stderr and path.name not in done.stdout
    assert "Try next:" in done.stderr


def test_the_demo_leaves_only_what_was_asked_for(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert sorted(path.name for path in demo[0].iterdir()) == [DATABASE, f"{DATABASE}.last", "kpibar.key"]


# --- streams -------------------------------------------------------------------------------------------


def test_json_is_all_there_is_on_stdout(held: Path) -> None:
    done = kpibar("report", "--json", folder=held)
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert (said["schema"], said["edition"]["year"]) == ("kpibar.report", 2025)
    assert len({kpi["id"] for kpi in said["kpis"]}) == len(said["kpis"]) > 15


@pytest.mark.long
def test_words_of_ingest_go_to_stderr(folder: Path) -> None:
    write(folder, "good.csv", GOOD + "3,never,email\n")
    done = kpibar("ingest", "good.csv", "--tz", "UTC", folder=folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert "good.csv (kpibar-contacts, utf-8, comma)" in done.stderr
    assert "3 read = 2 added + 0 updated + 0 unchanged + 1 rejected" in done.stderr
    assert 'good.csv:4: column "created_at": "aaaaa" is not a date and time' in done.stderr
    assert "already ingested on" in kpibar("ingest", "good.csv", folder=folder).stderr
    assert "aaaaa" in kpibar("rejects", folder=folder).stdout
    assert kpibar("rejects", "--file", "other.csv", folder=folder).returncode == 2
    rejects = json.loads(kpibar("rejects", "--json", folder=folder).stdout)
    assert [(one["file"], one["line"], one["column"]) for one in rejects] == [("good.csv", 4, "created_at")]


def test_a_failed_file_is_the_last_thing_said_and_the_others_are_loaded(folder: Path) -> None:
    write(folder, "good.csv", GOOD)
    done = kpibar("ingest", "nope.csv", "good.csv", "--tz", "UTC", folder=folder)
    assert done.returncode == 1
    assert "1 file: 2 added, 0 updated, 0 rejected; 1 file failed" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("kpibar: nope.csv: no such file")


@pytest.mark.long
@pytest.mark.parametrize("suffix", ["json", "csv", "txt"])
def test_a_report_in_a_file_is_the_report_of_stdout(held: Path, folder: Path, suffix: str) -> None:
    out = folder / f"report.{suffix}"
    arguments = ("report", "--family", "delivery", "--db", str(held / DATABASE))
    written = kpibar(*arguments, "-o", out.name, folder=folder)
    assert (written.returncode, written.stdout, written.stderr) == (0, "", f"written: {out.name}\n")
    assert out.stat().st_mode & 0o777 == 0o600
    text = out.read_text(encoding="utf-8")
    assert "\x1b" not in text
    if suffix == "json":
        assert {kpi["family"] for kpi in json.loads(text)["kpis"]} == {"delivery"}
    elif suffix == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert "late_share" in {row["kpi"] for row in rows}
        assert text == kpibar(*arguments, "--format", "csv", folder=folder).stdout
    else:
        assert "Late deliveries" in text


@pytest.mark.long
def test_filters_and_a_breakdown(held: Path) -> None:
    done = kpibar("report", "--json", "--kpi", "late_share", "--by", "carrier", "--brand", "Petit Pas", folder=held)
    said = json.loads(done.stdout)
    assert [kpi["id"] for kpi in said["kpis"]] == ["late_share"]
    assert said["scope"]["brands"] == ["Petit Pas"]
    assert [one["id"] for one in said["dimensions"]] == ["carrier"]


@pytest.mark.long
@pytest.mark.parametrize("arguments", [("report", "--json"), ("kpis",)])
def test_a_reader_that_leaves_early_meets_no_traceback(held: Path, arguments: tuple[str, ...]) -> None:
    """What `kpibar report | head -1` does: the pipe is closed before all is written."""
    line = [sys.executable, "-m", "kpibar", *arguments]
    with child(line, cwd=held, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_an_interrupt_is_no_traceback_and_leaves_a_whole_database(folder: Path) -> None:
    samples = [str(path) for path in sample_files()]
    line = [sys.executable, "-m", "kpibar", "ingest", *samples, "--tz", "Europe/Paris"]
    with child(line, cwd=folder, stderr=subprocess.PIPE, encoding="utf-8") as process:
        while not (folder / DATABASE).exists() or (folder / DATABASE).stat().st_size < 100_000:
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read().endswith("kpibar: interrupted; what was not finished was rolled back\n")
        assert process.wait(timeout=60) == 130
    with duckdb.connect(str(folder / DATABASE), read_only=True) as database:
        in_ledger = database.execute("SELECT coalesce(sum(added), 0) FROM files WHERE entity = 'contacts'").fetchall()
        assert database.execute("SELECT count(*) FROM contacts").fetchall() == in_ledger


# --- terminals -----------------------------------------------------------------------------------------


def on_a_terminal(folder: Path, *arguments: str, **environment: str) -> bytes:
    """What the command writes to a terminal."""
    leader, follower = pty.openpty()
    variables = {**os.environ, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment}
    line = [sys.executable, "-m", "kpibar", *arguments]
    with child(line, cwd=folder, env=variables, stdout=follower) as process:
        os.close(follower)
        written = b""
        while chunk := _read(leader):
            written += chunk
        process.wait(timeout=60)
    os.close(leader)
    return written


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65_536)
    except OSError:  # Linux says so at the end of a terminal
        return b""


@pytest.mark.long
def test_colour_is_for_terminals_and_no_color_is_obeyed(held: Path) -> None:
    colours = (b"\x1b[31m", b"\x1b[32m", b"\x1b[33m", b";31m", b";32m", b";33m")
    shown = on_a_terminal(held, "report", COLUMNS="120")
    assert any(colour in shown for colour in colours)
    plain = on_a_terminal(held, "report", COLUMNS="120", NO_COLOR="1")
    assert b"2025" in plain and not any(colour in plain for colour in colours)
    piped = kpibar("report", folder=held).stdout
    assert "2025" in piped and "\x1b" not in piped
    assert "\x1b[" in kpibar("report", "--color", "always", folder=held).stdout


@pytest.mark.long
def test_a_terminal_without_unicode_gets_a_report_too(held: Path) -> None:
    done = kpibar("report", "--lang", "fr", folder=held, LC_ALL="C", LANG="C", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and "2025" in done.stdout


@pytest.mark.long
def test_the_language_of_the_report(held: Path) -> None:
    family = ("report", "--family", "delivery")
    assert "Livraisons en retard" in kpibar(*family, "--lang", "fr", folder=held).stdout
    assert "Livraisons en retard" in kpibar(*family, folder=held, KPIBAR_LANG="fr").stdout


# --- starting, help ------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_version_is_told_without_loading_an_engine(folder: Path) -> None:
    code = (
        "import sys\nfrom kpibar.cli.app import main\nsys.argv = ['kpibar', '--version']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    print(end.code)\n"
        "print(sorted({'duckdb', 'pandas', 'numpy', 'pydantic'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    version, status, loaded = done.stdout.splitlines()
    assert version.startswith("kpibar ") and (status, loaded) == ("0", "[]")


def test_the_help_of_each_command_has_an_example_of_it() -> None:
    tree = command()
    assert isinstance(tree, typer.core.TyperGroup)
    assert set(tree.commands) >= {"ingest", "report", "kpis", "layouts", "status", "rejects", "demo"}
    for name, one in tree.commands.items():
        assert f"Example: kpibar {name}" in (one.help or ""), name


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--help",), 0, "kpibar demo"),
        (("report", "-h"), 0, "Example: kpibar report"),
        (("nope",), 2, ""),
        (("report", "--nope"), 2, ""),
        (("report", "--year", "last"), 2, ""),
        (("ingest",), 2, ""),
    ],
)
def test_usage(folder: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = kpibar(*arguments, folder=folder)
    assert done.returncode == code
    assert said in done.stdout
    assert bool(done.stderr) == (code != 0) and "Traceback" not in done.stderr


# --- settings ------------------------------------------------------------------------------------------


def target(done: subprocess.CompletedProcess[str]) -> str:
    """The target in the passport of late_share."""
    return next(line.split()[-1] for line in done.stdout.splitlines() if line.startswith("target"))


def test_settings_flag_then_variable_then_nearest_then_the_users(folder: Path) -> None:
    toml = "[targets]\nlate_share = {}\n"
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    write(Path(os.environ["XDG_CONFIG_HOME"]), "kpibar/kpibar.toml", toml.format(0.4))
    assert target(kpibar("kpis", "late_share", folder=below)) == "0.4"
    write(folder, "a/kpibar.toml", toml.format(0.3))
    write(folder, "kpibar.toml", toml.format(0.9))
    assert target(kpibar("kpis", "late_share", folder=below)) == "0.3"
    write(folder, "variable.toml", toml.format(0.2))
    variable = {"KPIBAR_CONFIG": str(folder / "variable.toml")}
    assert target(kpibar("kpis", "late_share", folder=below, **variable)) == "0.2"
    flag = str(write(folder, "flag.toml", toml.format(0.1)))
    assert target(kpibar("kpis", "late_share", "--config", flag, folder=below, **variable)) == "0.1"


@pytest.mark.long
def test_the_database_flag_then_variable_then_setting_beside_its_file(folder: Path) -> None:
    below = folder / "below"
    below.mkdir()

    def database(*arguments: str, **environment: str) -> str:
        done = kpibar("status", *arguments, folder=below, **environment)
        return done.stderr.removeprefix("kpibar: ").partition(": no data yet")[0]

    assert database() == DATABASE
    write(folder, "kpibar.toml", 'database = "set.duckdb"\n')
    assert database() == str(folder / "set.duckdb")
    assert database(KPIBAR_DB="variable.duckdb") == "variable.duckdb"
    assert database("--db", "flag.duckdb", KPIBAR_DB="variable.duckdb") == "flag.duckdb"


def test_zone_and_brand_may_come_from_variables(folder: Path) -> None:
    write(folder, "good.csv", GOOD)
    variables = {"KPIBAR_TZ": "America/New_York", "KPIBAR_BRAND": "Maison"}
    assert kpibar("ingest", "good.csv", folder=folder, **variables).returncode == 0
    with duckdb.connect(str(folder / DATABASE), read_only=True) as database:
        found = database.execute("SELECT DISTINCT brand, created_at::VARCHAR FROM contacts").fetchall()
    assert found == [("Maison", "2025-03-01 15:00:00")]


# --- the commands that list ----------------------------------------------------------------------------


@pytest.mark.long
def test_status_tells_files_sources_columns_and_thresholds(held: Path) -> None:
    done = kpibar("status", folder=held)
    assert (done.returncode, done.stderr) == (0, "")
    for words in ("Europe/Paris", "sendcloud-parcels.csv", "12,385 read", "contacts: ", "service_level_s = 20"):
        assert words in done.stdout


@pytest.mark.long
def test_the_sql_of_every_kpi_runs_as_printed(held: Path) -> None:
    definitions = json.loads(kpibar("kpis", "--json", folder=held).stdout)
    assert len(definitions) > 15
    with duckdb.connect(str(held / DATABASE), read_only=True) as database:
        for kpi in definitions:
            assert kpi["sql"]
            for statement in kpi["sql"]:
                assert database.execute(statement).fetchall(), kpi["id"]
    passport = kpibar("kpis", "late_share", folder=held).stdout
    late = next(kpi for kpi in definitions if kpi["id"] == "late_share")
    for words in (late["hash"], late["definition"]["en"], *late["sql"]):
        assert words in passport


@pytest.mark.long
def test_layouts_are_listed_and_shown(folder: Path) -> None:
    listed = kpibar("layouts", folder=folder).stdout
    assert "zendesk-tickets" in listed and "built in" in listed
    shown = kpibar("layouts", "sendcloud-parcels", folder=folder).stdout
    for words in ("fills parcels", "first_offer_at", 'delivered_at = instant("delivered_at")', "UTC"):
        assert words in shown
