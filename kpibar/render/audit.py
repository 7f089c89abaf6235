"""A sample of contacts as a file to label, and the figures corrected by its labels, as text and as JSON."""

import csv
import io
from dataclasses import asdict
from typing import Any

from kpibar.audit.correction import Correction, Estimate, Part
from kpibar.audit.labels import COLUMNS
from kpibar.audit.sample import Sample
from kpibar.audit.strata import SMALL_LANGUAGES, UNKNOWN
from kpibar.kpis.estimates import Measure
from kpibar.render.clean import clean, csv_text, json_text
from kpibar.render.listings import columns
from kpibar.render.messages import say, segment_name
from kpibar.render.numbers import DASH, format_interval, format_value

SCHEMA, SCHEMA_VERSION = "kpibar.audit", "1.0"
# So many signs of a message are enough to know what it asks.
_LONGEST_BODY = 1000


def sample_csv(sample: Sample, lang: str) -> str:
    """The sample as CSV with a column to fill; with the delimiter and the mark that a French spreadsheet expects."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if lang == "fr" else ",", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for contact in sample.contacts:
        place = (contact.contact, str(contact.created_on), contact.channel, contact.language)
        cells = (str(contact.key), "", *place, contact.subject, contact.body[:_LONGEST_BODY])
        writer.writerow([csv_text(cell) for cell in cells])
    return "\ufeff" + text.getvalue()


def correction_text(correction: Correction, lang: str) -> str:
    """The corrected figures beside those of the report, then each language and channel, then what to know of them."""
    heading = say("audit_title", lang, year=correction.year)
    figures = [
        ["", say("audit_recorded", lang), say("audit_corrected", lang)],
        _figure_row("audit_share", correction.share_recorded, correction.whole.share, "share", lang),
        _figure_row("audit_rate", correction.rate_recorded, correction.rate, "per_100", lang),
    ]
    names = ("language", "channel", "contacts", "by_reason", "labels", "sensitivity", "specificity", "corrected")
    parts = [[say(f"audit_{name}", lang) for name in names]]
    parts += [_part_row(part, lang) for part in (*correction.parts, correction.whole)]
    notes = _notes(correction, lang)
    return "\n".join([heading, "", *columns(figures), "", *columns(parts), "", *notes])


def _figure_row(title: str, recorded: Measure, corrected: Estimate | None, unit: str, lang: str) -> list[str]:
    return [say(title, lang), _with_interval(recorded, unit, lang), _with_interval(corrected, unit, lang)]


def _with_interval(figure: Measure | Estimate | None, unit: str, lang: str) -> str:
    if figure is None or figure.value is None:
        return DASH
    return f"{format_value(figure.value, unit, lang)} [{format_interval(figure.low, figure.high, unit, lang)}]"


def _part_row(part: Part, lang: str) -> list[str]:
    words = {UNKNOWN: say("unknown", lang), SMALL_LANGUAGES: say("audit_small_languages", lang), "": say("total", lang)}
    channel = segment_name("channel", part.channel, lang) if part.channel != UNKNOWN else words[UNKNOWN]
    return [
        clean(words.get(part.language, part.language)),
        clean(channel),
        format_value(part.contacts, "count", lang),
        format_value(part.by_reason / part.contacts, "share", lang),
        format_value(part.labels, "count", lang),
        format_value(part.sensitivity, "share", lang),
        format_value(part.specificity, "share", lang),
        _with_interval(part.share, "share", lang),
    ]


def _notes(correction: Correction, lang: str) -> list[str]:
    values = {
        name: format_value(count, "count", lang)
        for name, count in (
            ("level", 100 * correction.confidence),
            ("blank", correction.blank),
            ("missing", correction.missing),
            ("contacts", correction.whole.in_strata_without_label),
            ("total", correction.total),
            ("total_now", correction.total_now),
        )
    }
    keys = ["method"]
    keys += ["blank"] if correction.blank else []
    keys += ["missing"] if correction.missing else []
    keys += ["without_label"] if correction.whole.in_strata_without_label else []
    keys += ["total"] if correction.total != correction.total_now else []
    return [say(f"audit_note_{key}", lang, **values) for key in keys]


def correction_json(correction: Correction) -> str:
    """The corrected figures as JSON: shares from 0 to 1, contacts per order."""
    return json_text(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "year": correction.year,
            "confidence": correction.confidence,
            "wismo_share": _figure_json(correction.share_recorded, correction.whole.share),
            "wismo_rate": _figure_json(correction.rate_recorded, correction.rate),
            "whole": _part_json(correction.whole),
            "parts": [_part_json(part) for part in correction.parts],
            "blank": correction.blank,
            "missing": correction.missing,
            "total": correction.total,
            "total_now": correction.total_now,
        }
    )


def _figure_json(recorded: Measure, corrected: Estimate | None) -> dict[str, Any]:
    return {
        "recorded": {"value": recorded.value, "ci_low": recorded.low, "ci_high": recorded.high},
        "corrected": _estimate_json(corrected),
    }


def _estimate_json(estimate: Estimate | None) -> dict[str, float] | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "ci_low": estimate.low, "ci_high": estimate.high}


def _part_json(part: Part) -> dict[str, Any]:
    names = ("language", "channel")
    values = {name: value for name, value in asdict(part).items() if name != "share"}
    return {**values, **{name: values[name] or None for name in names}, "share": _estimate_json(part.share)}
