"""The sample exports in other clothes: every KPI must be the same, whatever they are saved as.

Run: python -m tests.wrappings [--records N], over all records of the sample unless told otherwise; exits 1 on a
difference. The suite runs it over the first records of each export (test_wrappings.py).
"""

import argparse
import csv
import gzip
import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from kpibar.cli.demo import sample_files, sample_folder
from kpibar.config import load
from kpibar.database.store import open_store
from kpibar.layouts.layout import shelf
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.measure.barometer import compute
from kpibar.measure.report import Request
from kpibar.model.build import build
from kpibar.read.export import open_export
from kpibar.read.records import Record
from kpibar.render.document import document
from tests.intake import records as records_of
from tests.workbooks import ods, xlsx

Rows = list[list[str]]
# The exports are taken on one day, so that what is mature does not depend on the wrapping.
AS_OF = datetime(2026, 2, 15, 12, 0)


def text(rows: Rows, delimiter: str = ",", end: str = "\n", quoting: Any = csv.QUOTE_MINIMAL, quote: str = '"') -> str:
    """The rows as delimited text."""
    return "".join(_line(row, delimiter, quoting, quote) + end for row in rows)


def _line(row: list[str], delimiter: str, quoting: Any, quote: str) -> str:
    """A row without its end: the writer puts a line feed within a cell in quotes only where it ends rows itself."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=quoting, quotechar=quote).writerow(row)
    return out.getvalue().removesuffix("\n")


def _json(rows: Rows) -> bytes:
    head, *records = rows
    return json.dumps([dict(zip(head, record, strict=True)) for record in records]).encode()


def _ndjson(rows: Rows) -> bytes:
    head, *records = rows
    return b"".join(json.dumps(dict(zip(head, record, strict=True))).encode() + b"\n" for record in records)


def _zip(rows: Rows) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.csv", text(rows))
    return out.getvalue()


WRAPPINGS: Mapping[str, Callable[[Rows], bytes]] = {
    "utf-8": lambda rows: text(rows).encode(),
    "utf-8-sig": lambda rows: text(rows).encode("utf-8-sig"),
    "cp1252": lambda rows: text(rows).encode("cp1252"),
    "utf-16": lambda rows: text(rows).encode("utf-16"),
    "semicolon": lambda rows: text(rows, ";").encode(),
    "tab": lambda rows: text(rows, "\t").encode(),
    "bar": lambda rows: text(rows, "|").encode(),
    "sep=;": lambda rows: b"sep=;\r\n" + text(rows, ";", "\r\n").encode(),
    "all quoted": lambda rows: text(rows, quoting=csv.QUOTE_ALL).encode(),
    "apostrophes": lambda rows: text(rows, quoting=csv.QUOTE_ALL, quote="'").encode(),
    "CRLF": lambda rows: text(rows, end="\r\n").encode(),
    "CR": lambda rows: text(rows, end="\r").encode(),
    "xlsx": xlsx,
    "ods": ods,
    "json": _json,
    "ndjson": _ndjson,
    "gz": lambda rows: gzip.compress(text(rows).encode()),
    "zip": _zip,
}


def clean(path: Path, records: int | None) -> Rows:
    """Header and the first whole records of a sample export: what is damaged cannot be saved as something else."""
    export = open_export(path, shelf(None).vocabulary())
    whole = (item.cells for item in records_of(export) if isinstance(item, Record))
    return [[column.header for column in export.columns], *islice(whole, records)]


def barometer(folder: Path, exports: Mapping[str, bytes]) -> dict[str, Any]:
    """What the report of exports (name -> content) says, without when and from which files, and the counts."""
    config = load(sample_folder() / "kpibar.toml")
    paths = [folder / name for name in exports]
    for path in paths:
        path.write_bytes(exports[path.name])
    database = folder / "wrapped.duckdb"
    with open_store(database, write=True) as store:
        outcomes = ingest(store, paths, config, Options(as_of=AS_OF))
        build(store, config.settings.thresholds, config.settings.files)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    report = document(compute(database, config, Request()), datetime.now(UTC).isoformat())
    counts = {outcome.path.stem: [(table.entity, table.counts) for table in outcome.tables] for outcome in outcomes}
    return {"kpis": report["kpis"], "counts": counts}


def compared(names: Iterator[str] | list[str], records: int | None) -> Iterator[tuple[str, int, list[str]]]:
    """For each wrapping: how many KPIs were compared with those of the plain text, and which differ."""
    rows = {path.stem: clean(path, records) for path in sample_files()}
    expected = _wrapped(rows, "utf-8")
    for name in names:
        found = _wrapped(rows, name)
        values = {kpi["id"]: kpi for kpi in found["kpis"]}
        different = [kpi["id"] for kpi in expected["kpis"] if values.get(kpi["id"]) != kpi]
        different += [
            f"counts of {stem}" for stem, counts in expected["counts"].items() if found["counts"][stem] != counts
        ]
        yield name, len(values), different


def _wrapped(rows: Mapping[str, Rows], name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return barometer(Path(folder), {f"{stem}.csv": WRAPPINGS[name](table) for stem, table in rows.items()})


def main() -> None:
    """Compare all wrappings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=None)
    failed = False
    for name, kpis, different in compared(list(WRAPPINGS), parser.parse_args().records):
        print(f"{name:12} {kpis} KPIs, {len(different)} differ {' '.join(different)}", flush=True)
        failed |= bool(different)
    sys.exit(failed)


if __name__ == "__main__":
    main()
