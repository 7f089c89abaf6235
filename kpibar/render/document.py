"""The JSON document `kpibar.report`, written and read back: the contract for machines.

Raw units throughout: shares 0 to 1, seconds, points, per order; six decimals; null for unknown, never NaN. Keys are
always present. Additions keep the major version; a reader ignores keys it does not know. The schema is
`kpibar/render/report.schema.json`; `versions` brings older documents to it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from kpibar.config import PRACTICAL_POINTS, PRACTICAL_RELATIVE, Reporting, Thresholds
from kpibar.kpis.estimates import Measure, Window
from kpibar.kpis.filter import FILTERS
from kpibar.kpis.intervals import Interval
from kpibar.kpis.kinds import KINDS, Kind, KindSpec
from kpibar.kpis.passport import Better, Family, Passport
from kpibar.measure.circulation import SMALLEST
from kpibar.measure.errors import ReportUnreadable
from kpibar.measure.report import (
    Barometer,
    Basis,
    Breakdown,
    Change,
    Comparison,
    Coverage,
    Edition,
    Note,
    Request,
    Row,
    Segment,
    Target,
    Verdict,
)
from kpibar.render.cells import Cells
from kpibar.render.clean import json_text
from kpibar.render.messages import dimension_name, note_text, say, segment_name
from kpibar.render.overview import opening_sentences
from kpibar.render.tidy import UNIT_WORDS as _UNIT
from kpibar.render.tidy import round_figure as _round
from kpibar.render.versions import SCHEMA, SCHEMA_VERSION, upgrade

LANGUAGES = ("en", "fr")
# Words of the document that differ from those of the report, and back.
_GOOD: Mapping[Better, str] = {"lower": "down", "higher": "up", "none": "none"}
# Verdicts that older readers do not know are `neutral` to them; `verdict_detail` has them all.
_NEUTRAL = frozenset({"stable", "small", "cannot_tell"})
_DIRECTIONS: Mapping[str, Better] = {word: better for better, word in _GOOD.items()}
_UNITS: Mapping[str, Any] = {word: unit for unit, word in _UNIT.items()}
_KINDS: Mapping[str, Kind] = {spec.estimator: kind for kind, spec in KINDS.items()}
# How the file of a report begins, in every version of it.
JSON_BEGINNING = f'{{\n "schema": "{SCHEMA}"'


def to_json(barometer: Barometer, generated_at: str) -> str:
    """The report as JSON text. `generated_at` is an ISO 8601 instant."""
    return json_text(document(barometer, generated_at))


def document(barometer: Barometer, generated_at: str) -> dict[str, Any]:
    """The report as plain lists, dictionaries, texts and numbers."""
    edition, basis = barometer.edition, barometer.basis
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "original_version": None,
        "kind": "barometer",
        "generator": {"name": "kpibar", "version": basis.version, "catalog_version": basis.catalogue_version},
        "generated_at": generated_at,
        "edition": _edition(edition),
        "scope": {
            "brands": list(barometer.brands),
            "filters": [{name: value} for name, value in barometer.request.rows.values.items()],
            "panel": False,
            "anonymised": False,
            "smallest_group": SMALLEST if barometer.request.share else None,
            # One dimension, as before there could be several; null where several are asked for.
            "breakdown": barometer.request.by[0] if len(barometer.request.by) == 1 else None,
            "dimensions_asked": list(barometer.request.by),
        },
        "parameters": {
            "ci_level": basis.reporting.confidence,
            "alpha": _round(1 - basis.reporting.confidence),
            "multiple_testing": "benjamini_hochberg",
            "practical_points": PRACTICAL_POINTS,
            "practical_relative": PRACTICAL_RELATIVE,
            **basis.reporting.model_dump(exclude={"confidence", "agents"}, exclude_none=True),
            **basis.thresholds.model_dump(),
        },
        "config": {
            "path": basis.file,
            "sha256": basis.sha256,
        },
        "coverage": [_coverage(source) for source in barometer.coverage],
        "families": [{"id": family.id, "title": dict(family.title)} for family in barometer.families],
        "dimensions": _dimensions(barometer),
        "opening": _opening(barometer),
        "kpis": [_kpi(row, edition.year) for row in barometer.rows],
        "notes": [_note(note) for note in barometer.notes],
    }


def _opening(barometer: Barometer) -> list[dict[str, Any]]:
    """The first sentences: a stable code, the KPIs each is about, and its text in each language."""
    sentences = {lang: tuple(opening_sentences(Cells(barometer, lang))) for lang in LANGUAGES}
    return [
        {
            "code": same[0].code,
            "kpis": list(same[0].kpis),
            "text": {lang: sentence.text for lang, sentence in zip(LANGUAGES, same, strict=True)},
        }
        for same in zip(*sentences.values(), strict=True)
    ]


def _edition(edition: Edition) -> dict[str, Any]:
    return {
        "year": edition.year,
        "title": {lang: say("title", lang, year=edition.year) for lang in LANGUAGES},
        "period": {**_window(edition.window), "timezone": edition.timezone, "complete": edition.complete},
        "compared_to": {"year": edition.year - 1, **_window(edition.previous)},
    }


def _coverage(source: Coverage) -> dict[str, Any]:
    return {
        "source": source.source,
        "entity": source.entity,
        "rows": source.rows,
        "first": _day(source.first),
        "last": _day(source.last),
        "as_of": _day(source.as_of_on),
        "months_missing": list(source.months_missing),
        "linked_to_order": _round(source.linked),
    }


def _dimensions(barometer: Barometer) -> list[dict[str, Any]]:
    dimensions = dict.fromkeys(part.dimension for row in barometer.rows for part in row.breakdowns if part.segments)
    return [{"id": name, "title": {lang: dimension_name(name, lang) for lang in LANGUAGES}} for name in dimensions]


def _kpi(row: Row, year: int) -> dict[str, Any]:
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
        "margin": {"absolute": _round(kpi.margin or None), "relative": _round(kpi.margin_relative or None)},
        "headline": kpi.headline,
        **_measure(row.now),
        "previous": {
            "period": str(year - 1),
            "comparable": row.comparable,
            "reason": row.comparison.reason,
            **_status(row.before),
            **_measure(row.before),
            "bounds": _bounds(row.before),
            "weighted_value": _round(row.before.weighted_value),
            "design_effect": _round(row.before.design_effect),
        },
        "bounds": _bounds(row.now),
        "weighted_value": _round(row.now.weighted_value),
        "design_effect": _round(row.now.design_effect),
        "followed_share": _round(row.followed),
        "delta": _delta(row.change),
        "target": _target(row),
        "status": row.status,
        "status_reason": row.reason,
        "missing": list(row.missing),
        "immature": row.now.immature,
        "series": [_point(month, measure) for month, measure in row.series],
        "previous_series": [_point(month, measure) for month, measure in row.before_series],
        "breakdowns": [_breakdown(part) for part in row.breakdowns if part.segments],
        "notes": [_note(note) for note in row.notes],
    }


def _measure(measure: Measure) -> dict[str, float | None]:
    """The measure object used at every level; of one with too small a base the denominator is left."""
    return {
        "value": _round(measure.value),
        "numerator": _round(measure.numerator),
        "denominator": _round(measure.denominator),
        "ci_low": _round(measure.low),
        "ci_high": _round(measure.high),
    }


def _bounds(measure: Measure) -> dict[str, float | None] | None:
    """What the figure would be if none, or all, of the rows of which it is not known were hits."""
    bounds = measure.bounds
    return None if bounds is None else {"low": _round(bounds.low), "high": _round(bounds.high)}


def _point(month: date, measure: Measure) -> dict[str, Any]:
    return {"period": f"{month:%Y-%m}", **_status(measure), **_measure(measure), "immature": measure.immature}


def _status(measure: Measure) -> dict[str, str | None]:
    """Whether there is a value, and why not."""
    return {"status": measure.status, "status_reason": measure.reason}


def _delta(change: Change | None) -> dict[str, Any]:
    if change is None:
        change = Change(absolute=0.0, relative=None)
        absolute = None
    else:
        absolute = _round(change.absolute)
    has_test = change.p_adjusted is not None
    return {
        "abs": absolute,
        "rel": _round(change.relative),
        "ci_low": _round(change.low),
        "ci_high": _round(change.high),
        "p_value": _round(change.p_value),
        "p_adjusted": _round(change.p_adjusted),
        "significance": ("significant" if change.clear else "not_significant") if has_test else "not_tested",
        "verdict": "neutral" if change.verdict in _NEUTRAL else change.verdict,
        "verdict_detail": None if change.verdict == "none" else change.verdict,
        "margin": _round(change.margin),
        "smallest_visible": _round(change.smallest_visible),
        "probability_longer": _round(change.longer),
    }


def _target(row: Row) -> dict[str, Any]:
    if row.target is None:
        return {"value": None, "source": None, "status": None}
    return {"value": _round(row.target.value), "source": "config", "status": row.target.status}


def _breakdown(breakdown: Breakdown) -> dict[str, Any]:
    return {
        "dimension": breakdown.dimension,
        "segments": [_segment(segment, breakdown.dimension) for segment in breakdown.segments],
        "decomposition": None,
    }


def _segment(segment: Segment, dimension: str) -> dict[str, Any]:
    return {
        "key": segment.key,
        "title": {lang: segment_name(dimension, segment.key, lang) for lang in LANGUAGES},
        **_status(segment.now),
        **_measure(segment.now),
        "design_effect": _round(segment.now.design_effect),
        "previous": {
            **_status(segment.before),
            **_measure(segment.before),
            "design_effect": _round(segment.before.design_effect),
        },
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


def from_document(document: Mapping[str, Any]) -> Barometer:
    """The report a document was written from: written again, one of the present version is the same document.

    Figures have the decimals of the document; statements of KPIs and settings of sources are not in it, and thresholds
    that an older document does not tell are those of today. Raises ReportUnreadable.
    """
    complete = upgrade(document)
    try:
        return _barometer_of(complete)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ReportUnreadable(f"{type(error).__name__} at {error}".splitlines()[0]) from error


def _barometer_of(document: Mapping[str, Any]) -> Barometer:
    scope, year = document["scope"], document["edition"]["year"]
    values = {name: entry[name] for entry in scope["filters"] for name in FILTERS if name in entry}
    return Barometer(
        edition=_edition_of(document["edition"]),
        request=Request(
            year, by=tuple(scope["dimensions_asked"] or ()), share=scope["smallest_group"] is not None, **values
        ),
        brands=tuple(scope["brands"]),
        families=tuple(
            Family(family["id"], family["title"], order) for order, family in enumerate(document["families"])
        ),
        rows=tuple(_row_of(entry) for entry in document["kpis"]),
        coverage=tuple(_coverage_of(entry) for entry in document["coverage"]),
        basis=_basis_of(document),
        notes=tuple(_note_of(entry) for entry in document["notes"]),
    )


def _edition_of(entry: Mapping[str, Any]) -> Edition:
    period = entry["period"]
    year, previous = _window_of(period), _window_of(entry["compared_to"])
    return Edition(entry["year"], year, previous, period["complete"], period["timezone"])


def _basis_of(document: Mapping[str, Any]) -> Basis:
    parameters, generator, config = document["parameters"], document["generator"], document["config"]
    reporting = {name: parameters[name] for name in Reporting.model_fields if name in parameters}
    thresholds = {name: parameters[name] for name in Thresholds.model_fields if parameters.get(name) is not None}
    return Basis(
        Reporting.model_validate({**reporting, "confidence": parameters["ci_level"]}),
        Thresholds.model_validate(thresholds),
        file=config["path"],
        sha256=config["sha256"],
        version=generator["version"],
        catalogue_version=generator["catalog_version"],
    )


def _coverage_of(entry: Mapping[str, Any]) -> Coverage:
    first, last, as_of = (_day_of(entry[name]) for name in ("first", "last", "as_of"))
    months, linked = tuple(entry["months_missing"]), entry["linked_to_order"]
    return Coverage(entry["source"], entry["entity"], entry["rows"], first, last, as_of, months, linked)


def _row_of(entry: Mapping[str, Any]) -> Row:
    spec, previous, target = KINDS[_KINDS[entry["estimator"]]], entry["previous"], entry["target"]
    notes = tuple(_note_of(note) for note in entry["notes"])
    reasons = (note.values for note in notes if note.code == previous["reason"])
    return Row(
        kpi=_passport_of(entry),
        now=replace(_measure_of(entry, spec), immature=entry["immature"]),
        before=_measure_of(previous, spec),
        comparison=Comparison(previous["comparable"], previous["reason"], next(reasons, {})),
        change=_change_of(entry["delta"]),
        target=None if target["value"] is None else Target(target["value"], target["status"]),
        status=entry["status"],
        series=tuple(_point_of(point, spec) for point in entry["series"]),
        before_series=tuple(_point_of(point, spec) for point in entry["previous_series"]),
        breakdowns=tuple(_breakdown_of(breakdown, spec) for breakdown in entry["breakdowns"]),
        missing=tuple(entry["missing"]),
        notes=notes,
        reason=entry["status_reason"],
        followed=entry["followed_share"],
    )


def _passport_of(entry: Mapping[str, Any]) -> Passport:
    return Passport(
        id=entry["id"],
        family=entry["family"],
        title=entry["title"],
        kind=_KINDS[entry["estimator"]],
        unit=_UNITS.get(entry["unit"], entry["unit"]),
        better=_DIRECTIONS[entry["good"]],
        definition=entry["definition"],
        source=entry["source"],
        margin=(margins := entry["margin"] or {}).get("absolute") or 0.0,
        margin_relative=margins.get("relative") or 0.0,
        headline=bool(entry["headline"]),
        hash=entry["hash"],
        maturity_days=entry["maturity_days"],
    )


def _measure_of(entry: Mapping[str, Any], spec: KindSpec) -> Measure:
    """The figure of a measure object; its base is the number of rows a count counts, else the denominator."""
    base = entry["numerator"] if spec.counts else entry["denominator"]
    return Measure(
        value=entry["value"],
        numerator=entry["numerator"],
        denominator=entry["denominator"],
        low=entry["ci_low"],
        high=entry["ci_high"],
        base=int(base or 0),
        immature=entry.get("immature", 0),
        # Before reasons were written, a masked figure was shown as one of too small a base, whichever mask it was.
        reason=entry["status_reason"] or ("small_base" if entry["status"] == "low_base" else None),
        bounds=Interval(bounds["low"], bounds["high"]) if (bounds := entry.get("bounds")) else None,
        weighted_value=entry.get("weighted_value"),
        design_effect=entry.get("design_effect"),
    )


def _point_of(entry: Mapping[str, Any], spec: KindSpec) -> tuple[date, Measure]:
    return date.fromisoformat(f"{entry['period']}-01"), _measure_of(entry, spec)


def _breakdown_of(entry: Mapping[str, Any], spec: KindSpec) -> Breakdown:
    return Breakdown(entry["dimension"], tuple(_segment_of(segment, spec) for segment in entry["segments"]))


def _segment_of(entry: Mapping[str, Any], spec: KindSpec) -> Segment:
    now, before = _measure_of(entry, spec), _measure_of(entry["previous"], spec)
    return Segment(entry["key"], now, before, _change_of(entry["delta"]), entry["status"])


def _change_of(entry: Mapping[str, Any]) -> Change | None:
    if entry["abs"] is None:
        return None
    return Change(
        absolute=entry["abs"],
        relative=entry["rel"],
        low=entry["ci_low"],
        high=entry["ci_high"],
        p_value=entry["p_value"],
        p_adjusted=entry["p_adjusted"],
        clear=entry["significance"] == "significant",
        verdict=entry["verdict_detail"] or _verdict_of(entry),
        margin=entry["margin"],
        smallest_visible=entry["smallest_visible"],
        longer=entry["probability_longer"],
    )


def _verdict_of(entry: Mapping[str, Any]) -> Verdict:
    """The verdict of a document before 1.2, in which a clear change that did not matter was neutral too."""
    if entry["verdict"] == "neutral":
        return "small" if entry["significance"] == "significant" else "cannot_tell"
    verdict: Verdict = entry["verdict"]
    return verdict


def _note_of(entry: Mapping[str, Any]) -> Note:
    return Note(entry["code"], entry["values"], entry["level"])


def _window_of(entry: Mapping[str, str]) -> Window:
    return Window(date.fromisoformat(entry["start"]), date.fromisoformat(entry["end"]))


def _day_of(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
