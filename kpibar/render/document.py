"""The JSON document `kpibar.report` 1.0 and the tidy CSV: the contract for machines.

Raw units throughout: shares 0 to 1, seconds, points, per order; six decimals; null for unknown, never NaN. Keys are
always present. Additions keep the major version; a reader ignores keys it does not know. The schema is
`kpibar/render/report.schema.json`.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

from kpibar import __version__
from kpibar.kpis.catalogue import CATALOGUE_VERSION
from kpibar.kpis.estimates import Measure, Window
from kpibar.measure.circulation import SMALLEST
from kpibar.measure.report import Barometer, Change, Coverage, Edition, Note, Row, Segment
from kpibar.render.clean import csv_text, json_text
from kpibar.render.messages import dimension_name, note_text, say, segment_name

SCHEMA = "kpibar.report"
SCHEMA_VERSION = "1.0"
LANGUAGES = ("en", "fr")
_GOOD = {"lower": "down", "higher": "up", "none": "none"}
_UNIT = {"share": "ratio", "per_100": "per_order"}
_VERDICT = {"unclear": "neutral"}
_DECIMALS = 6
_CSV_HEAD = (
    "edition", "kpi", "family", "unit", "dimension", "segment", "period",
    "value", "numerator", "denominator", "ci_low", "ci_high",
)  # fmt: skip
# What the JSON and CSV of a report, the JSON and text of a list of rejects, and an empty list begin with.
OWN_BEGINNINGS = (
    f'{{\n "schema": "{SCHEMA}"'.encode(),
    (",".join(_CSV_HEAD[:7]) + ",").encode(),
    b'[\n {\n  "file": "',
    b"nothing was rejected\n",
)


def to_json(barometer: Barometer, generated_at: str) -> str:
    """The report as JSON text. `generated_at` is an ISO 8601 instant."""
    return json_text(document(barometer, generated_at))


def document(barometer: Barometer, generated_at: str) -> dict[str, Any]:
    """The report as plain lists, dictionaries, texts and numbers."""
    edition, basis = barometer.edition, barometer.basis
    left_out = range(1, SMALLEST if barometer.request.share else 1)
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "kind": "barometer",
        "generator": {"name": "kpibar", "version": __version__, "catalog_version": CATALOGUE_VERSION},
        "generated_at": generated_at,
        "edition": _edition(edition),
        "scope": {
            "brands": list(barometer.brands),
            "filters": [{"brand": barometer.request.brand}] if barometer.request.brand else [],
            "panel": False,
            "anonymised": False,
            "smallest_group": SMALLEST if barometer.request.share else None,
        },
        "parameters": {
            "ci_level": basis.reporting.confidence,
            "alpha": _rounded(1 - basis.reporting.confidence),
            "multiple_testing": "benjamini_hochberg",
            **basis.reporting.model_dump(exclude={"confidence"}),
            **basis.thresholds.model_dump(),
        },
        "config": {
            "path": basis.file,
            "sha256": basis.sha256,
        },
        "coverage": [_coverage(held) for held in barometer.coverage],
        "families": [{"id": family.id, "title": dict(family.title)} for family in barometer.families],
        "dimensions": _dimensions(barometer),
        "kpis": [_kpi(row, edition.year, left_out) for row in barometer.rows],
        "notes": [_note(note) for note in barometer.notes],
    }


def _edition(edition: Edition) -> dict[str, Any]:
    return {
        "year": edition.year,
        "title": {lang: say("title", lang, year=edition.year) for lang in LANGUAGES},
        "period": {**_window(edition.window), "timezone": edition.timezone, "complete": edition.complete},
        "compared_to": {"year": edition.year - 1, **_window(edition.previous)},
    }


def _coverage(held: Coverage) -> dict[str, Any]:
    return {
        "source": held.source,
        "entity": held.entity,
        "rows": held.rows,
        "first": _day(held.first),
        "last": _day(held.last),
        "as_of": _day(held.as_of_on),
        "months_missing": list(held.months_missing),
        "linked_to_order": _rounded(held.linked),
    }


def _dimensions(barometer: Barometer) -> list[dict[str, Any]]:
    used = dict.fromkeys(row.dimension for row in barometer.rows if row.dimension and row.segments)
    return [{"id": name, "title": {lang: dimension_name(name, lang) for lang in LANGUAGES}} for name in used]


def _kpi(row: Row, year: int, left_out: range) -> dict[str, Any]:
    """A KPI; numbers of records in `left_out` are not said."""
    kpi = row.kpi
    return {
        "id": kpi.id,
        "family": kpi.family,
        "title": dict(kpi.title),
        "short_title": dict(kpi.title),
        "unit": _UNIT.get(kpi.unit, kpi.unit),
        "good": _GOOD[kpi.better],
        "estimator": kpi.spec.estimator,
        "definition": dict(kpi.definition),
        "source": kpi.source,
        "hash": kpi.hash,
        "maturity_days": kpi.maturity_days,
        **_measure(row.now),
        "previous": {
            "period": str(year - 1),
            "comparable": row.comparable,
            "reason": row.comparison.reason,
            "status": row.before.status,
            **_measure(row.before),
        },
        "delta": _delta(row.change),
        "target": _target(row),
        "status": row.status,
        "missing": list(row.missing),
        "immature": row.now.immature if row.now.immature not in left_out else None,
        "series": [_point(month, measure) for month, measure in row.series],
        "previous_series": [_point(month, measure) for month, measure in row.before_series],
        "breakdowns": [_breakdown(row)] if row.segments and row.dimension else [],
        "notes": [_note(note) for note in row.notes],
    }


def _measure(measure: Measure) -> dict[str, float | None]:
    """The measure object used at every level; of one with too small a base the denominator is left."""
    return {
        "value": _rounded(measure.value),
        "numerator": _rounded(measure.numerator),
        "denominator": _rounded(measure.denominator),
        "ci_low": _rounded(measure.low),
        "ci_high": _rounded(measure.high),
    }


def _point(month: date, measure: Measure) -> dict[str, Any]:
    return {"period": f"{month:%Y-%m}", "status": measure.status, **_measure(measure)}


def _delta(change: Change | None) -> dict[str, Any]:
    if change is None:
        change = Change(absolute=0.0, relative=None)
        absolute = None
    else:
        absolute = _rounded(change.absolute)
    tested = change.p_adjusted is not None
    return {
        "abs": absolute,
        "rel": _rounded(change.relative),
        "ci_low": _rounded(change.low),
        "ci_high": _rounded(change.high),
        "p_value": _rounded(change.p_value),
        "p_adjusted": _rounded(change.p_adjusted),
        "significance": ("significant" if change.clear else "not_significant") if tested else "not_tested",
        "verdict": _VERDICT.get(change.verdict, change.verdict),
    }


def _target(row: Row) -> dict[str, Any]:
    if row.target is None:
        return {"value": None, "source": None, "status": None}
    return {"value": _rounded(row.target.value), "source": "config", "status": row.target.status}


def _breakdown(row: Row) -> dict[str, Any]:
    return {
        "dimension": row.dimension,
        "segments": [_segment(segment, row.dimension or "") for segment in row.segments],
        "decomposition": None,
    }


def _segment(segment: Segment, dimension: str) -> dict[str, Any]:
    return {
        "key": segment.key,
        "title": {lang: segment_name(dimension, segment.key, lang) for lang in LANGUAGES},
        "status": segment.status,
        **_measure(segment.now),
        "previous": {"status": segment.before.status, **_measure(segment.before)},
        "delta": _delta(segment.change),
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "level": note.level,
        "code": note.code,
        "values": dict(note.values),
        "text": {lang: note_text(note.code, note.values, lang) for lang in LANGUAGES},
    }


def _window(window: Window) -> dict[str, str]:
    return {"start": str(window.start), "end": str(window.end)}


def _day(day: date | None) -> str | None:
    return None if day is None else str(day)


def _rounded(value: float | None) -> float | None:
    """Six decimals; whole numbers stay whole, and a rounded zero has no sign."""
    if value is None:
        return None
    rounded = round(value, _DECIMALS) + 0.0
    return int(rounded) if rounded.is_integer() else rounded


def to_csv(barometer: Barometer) -> str:
    """The tidy long table: one line per KPI, segment and period. Text that a spreadsheet would run is disarmed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_HEAD)
    writer.writerows(_lines(barometer))
    return text.getvalue()


def _lines(barometer: Barometer) -> Iterator[list[str | float | None]]:
    year = barometer.edition.year
    for row in barometer.rows:
        head = [str(year), row.kpi.id, row.kpi.family, _UNIT.get(row.kpi.unit, row.kpi.unit)]
        yield _line(head, "all", "all", str(year), row.now)
        yield _line(head, "all", "all", str(year - 1), row.before)
        for month, measure in (*row.before_series, *row.series):
            yield _line(head, "all", "all", f"{month:%Y-%m}", measure)
        for segment in row.segments:
            dimension = row.dimension or ""
            yield _line(head, dimension, segment.key, str(year), segment.now)
            yield _line(head, dimension, segment.key, str(year - 1), segment.before)


def _line(head: list[str], dimension: str, segment: str, period: str, measure: Measure) -> list[str | float | None]:
    texts = [csv_text(text) for text in (*head, dimension, segment, period)]
    return [*texts, *_measure(measure).values()]
