"""One reproducer per cause of error: what to put into the folder, the command line, and what its last line says.

A reproducer gets a folder that holds a database of two contacts, its key and the export they came from.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, ignore_patterns

import kpibar as package
from kpibar import errors
from kpibar.cli.errors import FormatUnknown
from kpibar.database.errors import KeyMissing, KeyUnsafe, KeyUnusable, LedgerBroken
from kpibar.errors import KpibarError
from kpibar.kpis.errors import FamilyUnknown, KpiInvalid, KpiUnknown, TargetInvalid
from kpibar.layouts.errors import LayoutInvalid, LayoutMissesColumns, LayoutTied, LayoutUnknown
from kpibar.load.errors import (
    AllRejected,
    FileKnownOtherwise,
    HeaderDuplicated,
    LayoutContradicted,
    LayoutUnmatched,
    LimitInvalid,
    OriginalUnknown,
    ProofBroken,
    TooManyRejects,
    ZoneChanged,
    ZoneNeeded,
)
from kpibar.measure.errors import BrandUnknown, YearWithoutData
from kpibar.read.errors import (
    FileEmpty,
    FileIsDirectory,
    FileMissing,
    FileNotRegular,
    FileNotText,
    FileUnreadable,
    HeaderNotFound,
)
from kpibar.values.errors import DateOrderAmbiguous, DateOrderMixed, InstantInvalid
from tests.intake import write
from tests.support import kpibar

DAY = "2025-03-01 10:00:00"
GOOD = f"contact_id,created_at,channel\n1,{DAY},email\n2,{DAY},phone\n"
DATABASE = "kpibar.duckdb"
LAYOUT = """
name = "{name}"
fills = "contacts"
grain = "case"
detect = ["contact_id", "created_at", "{more}"]
[select]
contact_id = '{id}'
created_at = 'instant("created_at")'
"""


OWN_KPI = """
[kpis.mine]
title = { en = "Mine" }
kind = "count"
from = "contacts"
date = "created_on"
unit = "count"
"""


@dataclass(frozen=True)
class Case:
    """A command line, what its last line must hold, and variables of its environment."""

    arguments: tuple[str, ...]
    said: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


Reproducer = Callable[[Path], Case]
REPRODUCERS: list[tuple[type[KpibarError], Reproducer]] = []


def reproduces(error: type[KpibarError]) -> Callable[[Reproducer], Reproducer]:
    def register(function: Reproducer) -> Reproducer:
        REPRODUCERS.append((error, function))
        return function

    return register


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder that is also its home."""
    home = {"KPIBAR_KEY_FILE": "key", "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return kpibar(*arguments, folder=folder, **(home | environment))


def ingest_good(folder: Path) -> Path:
    """A folder with a database of two contacts, its key and the export they came from."""
    write(folder, "good.csv", GOOD)
    result = run(folder, "ingest", "good.csv", "--tz", "UTC")
    assert result.returncode == 0, result.stderr
    return folder


def said(arguments: str, *words: str, **environment: str) -> Case:
    return Case(tuple(arguments.split()), words, environment)


# --- files ---------------------------------------------------------------------------------------------


@reproduces(FileMissing)
def missing_file(folder: Path) -> Case:
    return said("ingest nope.csv", "nope.csv: no such file", "check the name")


@reproduces(FileIsDirectory)
def folder_for_a_file(folder: Path) -> Case:
    (folder / "exports").mkdir()
    return said("ingest exports", "exports: is a folder", "exports/*.csv")


@reproduces(FileNotRegular)
def pipe(folder: Path) -> Case:
    os.mkfifo(folder / "pipe.csv")
    return said("ingest pipe.csv", "pipe.csv: is not a regular file", "save the export")


@reproduces(FileUnreadable)
def file_inside_a_file(folder: Path) -> Case:
    return said("ingest good.csv/x.csv", "good.csv/x.csv: cannot be read")


@reproduces(FileEmpty)
def empty_file(folder: Path) -> Case:
    write(folder, "empty.csv", "")
    return said("ingest empty.csv", "empty.csv: is empty", "export it again")


@reproduces(FileNotText)
def document(folder: Path) -> Case:
    write(folder, "book.csv", b"%PDF-1.7\n" + bytes(200))
    return said("ingest book.csv", "book.csv: looks like a PDF document", "save it as CSV")


@reproduces(FileNotText)
def binary_file(folder: Path) -> Case:
    write(folder, "x.csv", b"contact_id,created_at\n" + b"abcde\0" * 20)
    return said("ingest x.csv", "x.csv: looks like a binary file")


@reproduces(HeaderNotFound)
def unknown_file(folder: Path) -> Case:
    write(folder, "notes.txt", "Dear all,\nno table here\n")
    return said("ingest notes.txt", "notes.txt: no known column names", "aaaa aaa,", "kpibar layouts")


@reproduces(HeaderDuplicated)
def duplicated_header(folder: Path) -> Case:
    write(folder, "twice.csv", f"contact_id,created_at,channel,channel\n1,{DAY},email,phone\n")
    return said("ingest twice.csv --tz UTC", 'twice.csv:1: two columns are called "channel"', "rename one")


# --- layouts -------------------------------------------------------------------------------------------


@reproduces(LayoutUnmatched)
def header_of_no_layout(folder: Path) -> Case:
    write(folder, "x.csv", f"contact_id,created_at\n1,{DAY}\n")
    return said("ingest x.csv --tz UTC", "x.csv: no layout matches", '"channel"', "try --layout kpibar-contacts")


@reproduces(LayoutTied)
def header_of_two_layouts(folder: Path) -> Case:
    for name in ("one", "two"):
        write(folder, f"layouts/{name}.toml", LAYOUT.format(name=name, more="x" + name, id='text("contact_id")'))
    write(folder, "x.csv", f"contact_id,created_at,xone,xtwo\n1,{DAY},,\n")
    return said("ingest x.csv --tz UTC", "x.csv: one and two match equally well", "--layout one")


@reproduces(LayoutUnknown)
def layout_nobody_knows(folder: Path) -> Case:
    return said("ingest good.csv --layout nope", '"nope"', "known: ", "kpibar-contacts")


@reproduces(LayoutUnknown)
def layout_nobody_can_show(folder: Path) -> Case:
    return said("layouts nope", '"nope"', "known: ", "kpibar-contacts")


@reproduces(LayoutMissesColumns)
def layout_of_another_file(folder: Path) -> Case:
    return said("ingest good.csv --layout kpibar-orders", "good.csv: layout kpibar-orders needs", '"order_ref"')


@reproduces(LayoutInvalid)
def invalid_layout(folder: Path) -> Case:
    write(folder, "layouts/mine.toml", 'name = "mine"\nfills = "dreams"\n')
    return said("ingest good.csv --tz UTC", "mine.toml: not a valid layout", '"fills"')


@reproduces(LayoutInvalid)
def layout_whose_sql_does_not_run(folder: Path) -> Case:
    write(folder, "layouts/mine.toml", LAYOUT.format(name="mine", more="channel", id='nonsense("contact_id")'))
    write(folder, "new.csv", GOOD + f"3,{DAY},email\n")
    return said(
        "ingest new.csv --tz UTC", 'mine.toml: not a valid layout: [select] contact_id: "nonsense" is not a function'
    )


@reproduces(LayoutContradicted)
def hours_given_for_seconds(folder: Path) -> Case:
    rows = "".join(f"{n},{DAY},email,2025-03-01 12:00:00,2\n" for n in range(30))
    write(folder, "hours.csv", "contact_id,created_at,channel,resolved_at,resolution_s\n" + rows)
    return said("ingest hours.csv --tz UTC", "hours.csv: layout kpibar-contacts asserts", "0 of 30", "--tz")


@reproduces(LedgerBroken)
def layout_that_makes_two_records_of_one(folder: Path) -> Case:
    """No layout can do that: the kpibar that runs here is a copy whose list of functions has one too many."""
    copytree(Path(package.__file__).parent, folder / "copy" / "kpibar", ignore=ignore_patterns("__pycache__"))
    with (folder / "copy/kpibar/values/functions.py").open("a", encoding="utf-8") as list_of_functions:
        list_of_functions.write('\nFUNCTIONS = {**FUNCTIONS, "unnest": FUNCTIONS["list_value"]}\n')
    doubling = """unnest([text("contact_id"), text("contact_id") || "channel"])"""
    write(folder, "layouts/mine.toml", LAYOUT.format(name="mine", more="channel", id=doubling))
    write(folder, "new.csv", GOOD + f"3,{DAY},email\n")
    return said(
        "ingest new.csv --tz UTC",
        "new.csv: 3 records were read but 12 accounted for",
        "report it",
        PYTHONPATH=str(folder / "copy"),
    )


@reproduces(ProofBroken)
def large_file_read_by_a_layout_that_makes_two_records_of_one(folder: Path) -> Case:
    layout_that_makes_two_records_of_one(folder)
    write(folder, "new.csv", GOOD + "".join(f"{n},{DAY},email\n" for n in range(3, 40_000)))
    return said(
        "ingest new.csv --tz UTC",
        "records was not read as it stands in the file",
        "report it",
        PYTHONPATH=str(folder / "copy"),
    )


# --- settings ------------------------------------------------------------------------------------------


@reproduces(errors.ConfigInvalid)
def settings_that_are_not_toml(folder: Path) -> Case:
    write(folder, "kpibar.toml", "brand = Maison\n")
    return said("report", "kpibar.toml: is not valid TOML", "line 1")


@reproduces(errors.ConfigInvalid)
def unknown_setting(folder: Path) -> Case:
    write(folder, "kpibar.toml", "[thresholds]\nservice_levle_s = 20\n")
    return said("status", 'kpibar.toml: "thresholds.service_levle_s" is not a setting')


@reproduces(errors.ConfigInvalid)
def zone_nobody_knows_in_the_settings(folder: Path) -> Case:
    write(folder, "kpibar.toml", 'timezone = "Mars/Base"\n')
    return said("report", "kpibar.toml: timezone:", '"Mars/Base" is not a time zone', "Europe/Paris")


@reproduces(errors.ConfigMissing)
def settings_file_that_is_not_there(folder: Path) -> Case:
    return said("report --config nope.toml", "nope.toml: no such settings file", "--config")


@reproduces(ZoneNeeded)
def times_without_a_zone(folder: Path) -> Case:
    return said("ingest good.csv --db new.duckdb", "good.csv: the time zone is missing", "--tz Europe/Paris")


@reproduces(errors.ZoneUnknown)
def zone_nobody_knows(folder: Path) -> Case:
    return said("ingest good.csv --tz Mars/Base", '"Mars/Base" is not a time zone', "Europe/Paris")


@reproduces(InstantInvalid)
def as_of_nonsense(folder: Path) -> Case:
    return said("ingest good.csv --tz UTC --as-of yesterday", '"yesterday" is not a date', "2026-01-15")


@reproduces(KeyMissing)
def other_key(folder: Path) -> Case:
    write(folder, "other.key", bytes(range(32))).chmod(0o600)
    return said("ingest good.csv", "other.key: is not the key", "KPIBAR_KEY_FILE", KPIBAR_KEY_FILE="other.key")


@reproduces(KeyUnusable)
def short_key(folder: Path) -> Case:
    write(folder, "short.key", bytes(31))
    return said("ingest good.csv", "short.key: cannot be used", "fewer than 32", KPIBAR_KEY_FILE="short.key")


@reproduces(KeyUnsafe)
def a_key_of_zeros(folder: Path) -> Case:
    write(folder, "zeros", bytes(32)).chmod(0o600)
    return said("ingest good.csv", "zeros: is no safe pseudonym key", "can be guessed", KPIBAR_KEY_FILE="zeros")


@reproduces(KeyUnusable)
def key_inside_a_file(folder: Path) -> Case:
    return said(
        "ingest good.csv --tz UTC --db new.duckdb", "good.csv/x.key: cannot be used", KPIBAR_KEY_FILE="good.csv/x.key"
    )


# --- the report ----------------------------------------------------------------------------------------


@reproduces(YearWithoutData)
def year_without_data(folder: Path) -> Case:
    return said("report --year 1999", "no data in 1999", "years with data: 2025", "--year 2025")


@reproduces(KpiUnknown)
def kpi_nobody_knows(folder: Path) -> Case:
    return said("report --kpi wismo", 'no KPI is called "wismo"', "wismo_rate")


@reproduces(KpiUnknown)
def target_of_no_kpi(folder: Path) -> Case:
    write(folder, "kpibar.toml", "[targets]\nlate = 0.1\n")
    return said("kpis", 'no KPI is called "late"', "late_share")


@reproduces(KpiInvalid)
def kpi_whose_sql_does_not_run(folder: Path) -> Case:
    write(folder, "kpibar.toml", OWN_KPI + 'where = "no_such_column = 1"\n')
    return said("report", "mine", "not a valid KPI", "no_such_column")


@reproduces(KpiInvalid)
def kpi_without_what_it_needs(folder: Path) -> Case:
    write(folder, "kpibar.toml", OWN_KPI.replace('kind = "count"', 'kind = "rate"'))
    return said("kpis", "[kpis.mine] of kpibar.toml: not a valid KPI", 'a rate needs "hit"')


@reproduces(FamilyUnknown)
def family_nobody_knows(folder: Path) -> Case:
    return said("report --family speed", 'no family is called "speed"', "known: ", "demand")


@reproduces(BrandUnknown)
def brand_nobody_carries(folder: Path) -> Case:
    return said("report --brand Nope", 'no record is of brand "Nope"', "known: none")


@reproduces(errors.OutputUnwritable)
def report_into_a_folder_that_is_not_there(folder: Path) -> Case:
    return said("report -o nowhere/out.json", "nowhere/out.json: cannot be written", "-o")


@reproduces(errors.OutputUnwritable)
def report_onto_a_folder(folder: Path) -> Case:
    (folder / "out.json").mkdir()
    return said("report -o out.json", "out.json: cannot be written", "-o")


@reproduces(FormatUnknown)
def report_of_no_format(folder: Path) -> Case:
    return said("report -o out.docx", "out.docx: its extension names no format", ".json", "--format")


@reproduces(FileKnownOtherwise)
def _as_another_brand(folder: Path) -> Case:
    write(folder, "again.csv", GOOD)
    return Case(("ingest", "again.csv", "--brand", "Anne"), ("already ingested", "same --brand"))


@reproduces(AllRejected)
def _nothing_readable(folder: Path) -> Case:
    write(folder, "excel.csv", "contact_id,created_at,channel\n7,in March,email\n8,in May,email\n")
    return Case(("ingest", "excel.csv"), ("all 2 records were rejected", "export the file anew"))


@reproduces(TooManyRejects)
def _one_reject_too_many(folder: Path) -> Case:
    write(folder, "more.csv", f"{GOOD}3,never,email\n")
    return said(
        "ingest more.csv --max-rejects 0", "1 of 3 records", "more.csv:4:", "--max-rejects 34%", "kpibar layouts"
    )


@reproduces(LimitInvalid)
def _a_limit_in_words(folder: Path) -> Case:
    return said("ingest good.csv --max-rejects few", '"few" is not a limit', "2.5%")


@reproduces(OriginalUnknown)
def _corrections_of_another_file(folder: Path) -> Case:
    write(folder, "other.csv", f"{GOOD}3,never,email\n")
    return said("rejects other.csv -o fix.csv", "other.csv: no ingested file has the same content", "kpibar status")


@reproduces(errors.FileNotHeld)
def _rejects_of_an_unknown_file(folder: Path) -> Case:
    return Case(("rejects", "--file", "nope.csv"), ('no file called "nope.csv"', "known:"))


@reproduces(ZoneChanged)
def _another_zone(folder: Path) -> Case:
    write(folder, "kpibar.toml", 'timezone = "America/New_York"\n')
    write(folder, "more.csv", GOOD.replace("1,", "9,"))
    return Case(("ingest", "more.csv"), ("counts its days in", "new database"))


@reproduces(TargetInvalid)
def _target_in_percent(folder: Path) -> Case:
    write(folder, "kpibar.toml", "[targets]\nlate_share = 8\n")
    return Case(("report",), ("late_share = 8", "write 0.08"))


@reproduces(DateOrderAmbiguous)
def _days_that_could_be_months(folder: Path) -> Case:
    write(folder, "more.csv", "contact_id,created_at,channel\n7,01/03/2025,email\n")
    return said("ingest more.csv", "more.csv: in the dates of column", "cannot be told apart", "--date-order")


@reproduces(DateOrderMixed)
def _both_orders_in_a_column(folder: Path) -> Case:
    write(folder, "more.csv", "contact_id,created_at,channel\n7,13/01/2025,email\n8,01/13/2025,email\n")
    return said("ingest more.csv", "the day first in line 2 and the month first in line 3", "--date-order")
