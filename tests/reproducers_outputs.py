"""Reproducers of the errors of formats and outputs; see `tests.reproducers`."""

from pathlib import Path

from kpibar.cli.errors import DialectUnused, FormatsConflict, OutputTwice
from kpibar.render.html.errors import BrowserFailed, BrowserMissing
from tests.reproducers import Case, reproduces, said


@reproduces(FormatsConflict)
def json_and_another_format(folder: Path) -> Case:
    return said("report --json --format csv", "--json and --format csv name different formats", "leave one")


@reproduces(FormatsConflict)
def a_format_and_the_extension_of_another(folder: Path) -> Case:
    return said("report --format json -o a.json -o x.csv", "--format json and -o x.csv name different formats")


@reproduces(OutputTwice)
def one_output_twice(folder: Path) -> Case:
    return said("report -o a.csv -o b.json -o ./a.csv", "a.csv: is named twice as an output", "once")


@reproduces(DialectUnused)
def a_dialect_without_csv(folder: Path) -> Case:
    return said("report -o a.json --csv-dialect excel-fr", "--csv-dialect excel-fr is given", "-o barometer.csv")


@reproduces(BrowserMissing)
def a_pdf_without_a_browser(folder: Path) -> Case:
    return said(
        "report -o a.pdf", "a PDF needs Chromium, Chrome or Edge", "apt-get install chromium", "barometer.html",
        KPIBAR_BROWSER="none",
    )  # fmt: skip


@reproduces(BrowserFailed)
def a_browser_that_is_none(folder: Path) -> Case:
    (folder / "browser").write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    (folder / "browser").chmod(0o755)
    return said(
        "report -o a.png", "browser made no PNG: it ended with code 7", "name another", KPIBAR_BROWSER="./browser"
    )
