"""The JSON document `kpibar.explain` 1.0: the bridge of a figure, and why it moved.

Raw units throughout: shares 0 to 1, seconds, points, per order; null for unknown, never NaN. Keys are always present.
"""

from typing import Any

from kpibar.answers.bridge import Bridge, Tally
from kpibar.answers.explain import Explanation
from kpibar.answers.mix import Breakdown
from kpibar.kpis.decomposition import Addition, Part, Split
from kpibar.kpis.estimates import Measure
from kpibar.measure.report import Change, Segment
from kpibar.render.clean import json_text

SCHEMA, SCHEMA_VERSION = "kpibar.explain", "1.0"


def explanation_json(explanation: Explanation) -> str:
    """The explanation of a figure as JSON."""
    report, row, causes = explanation.barometer, explanation.row, explanation.causes
    edition, together = report.edition, causes.together
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "generator": {"name": "kpibar", "version": report.basis.version},
        "kpi": row.kpi.id,
        "hash": row.kpi.hash,
        "unit": row.kpi.unit,
        "brand": report.request.brand,
        "year": edition.year,
        "from": str(edition.window.start),
        "to": str(edition.window.end),
        "compared_to": {"year": edition.year - 1, "from": str(edition.previous.start), "to": str(edition.previous.end)},
        "figure": _figure(row.now, row.status),
        "previous": _figure(row.before, row.before.status),
        "change": _change(row.change),
        "comparable": row.comparison.comparable,
        "reason": row.comparison.reason,
        "bridges": [_bridge(bridge) for bridge in explanation.bridges],
        "untold": explanation.untold,
        "confidence": report.basis.reporting.confidence,
        "least_base": report.basis.reporting.min_base,
        "together": None if together is None else {"dimensions": list(causes.crossed), **_split(together)},
        "by": [_breakdown(breakdown) for breakdown in causes.breakdowns],
    }
    return json_text(document)


def _figure(measure: Measure, status: str) -> dict[str, Any]:
    return {
        "value": measure.value,
        "numerator": measure.numerator,
        "denominator": measure.denominator,
        "ci_low": measure.low if measure.value is not None else None,
        "ci_high": measure.high if measure.value is not None else None,
        "status": status,
        "status_reason": measure.reason,
    }


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "absolute": change.absolute,
        "ci_low": change.low,
        "ci_high": change.high,
        "clear": change.clear,
        "verdict": change.verdict,
    }


def _bridge(bridge: Bridge) -> dict[str, Any]:
    return {
        "kpi": bridge.kpi.id,
        "role": bridge.role,
        "from": str(bridge.window.start),
        "to": str(bridge.window.end),
        "at_moment": bridge.moment,
        "reasons": [{"code": reason.code, "term": reason.term or None} for reason in bridge.reasons],
        "total": _tally(bridge, bridge.total),
        "sources": [_tally(bridge, tally) for tally in bridge.sources],
    }


def _tally(bridge: Bridge, tally: Tally) -> dict[str, Any]:
    return {
        "source": tally.source,
        "read": tally.read,
        **tally.fates,
        "removed": tally.removed,
        "loaded": tally.loaded,
        "joined": tally.joined,
        "cancelled_labels": tally.labels,
        "left_out": list(tally.left_out),
        "base": tally.base,
        "hits": tally.hits if bridge.has_hits else None,
        "against": tally.against if bridge.has_against else None,
    }


def _part(part: Part | None) -> dict[str, Any] | None:
    if part is None:
        return None
    low, high = (part.interval.low, part.interval.high) if part.interval else (None, None)
    return {"value": part.value, "ci_low": low, "ci_high": high, "clear": part.clear}


def _split(split: Split) -> dict[str, Any]:
    return {
        "change": split.change,
        "rate": _part(split.rate),
        "mix": {name: _part(part) for name, part in split.mix.items()},
        "outside": _part(split.outside),
    }


def _breakdown(breakdown: Breakdown) -> dict[str, Any]:
    split = breakdown.split
    groups = [
        {
            "group": group.name,
            "base": list(group.bases),
            "base_share": list(group.shares),
            "value": list(group.values),
            "mix": _part(group.mix),
            "rate": _part(group.rate),
        }
        for group in (split.groups if split else ())
    ]
    return {
        "dimension": breakdown.dimension,
        "split": _split(split) if split else None,
        "groups": groups,
        "additions": [_addition(addition) for addition in breakdown.additions],
        "segments": [_segment(segment) for segment in breakdown.segments],
        "known": [
            {
                "kpi": coverage.kpi.id,
                "rows": list(coverage.rows),
                "known": list(coverage.known_rows),
                "moved": coverage.has_moved,
            }
            for coverage in breakdown.coverages
        ],
    }


def _addition(addition: Addition) -> dict[str, Any]:
    return {
        "group": addition.name,
        "number": list(addition.events),
        "value": list(addition.values),
        "part": _part(addition.part),
    }


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "group": segment.key,
        "figure": _figure(segment.now, segment.status),
        "previous": _figure(segment.before, segment.before.status),
        "change": _change(segment.change),
    }
