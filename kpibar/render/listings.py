"""The commands that list: KPIs, layouts, what a database holds, rejects. As text and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from kpibar.checks import Finding
from kpibar.database.ledger import ERASURES
from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.estimates import Window
from kpibar.layouts.layout import Shelf
from kpibar.load.rejects import describe
from kpibar.render import summary
from kpibar.render.clean import clean, json_text
from kpibar.render.messages import note_text
from kpibar.status import DatabaseStatus, Reject

_EXAMPLE = Window(date(2025, 1, 1), date(2025, 12, 31))


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines with aligned columns, two spaces apart."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def kpis_text(known: Catalogue, lang: str) -> str:
    """Every KPI by family: id and title."""
    lines: list[str] = []
    for family in known.families:
        members = [kpi for kpi in known.kpis if kpi.family == family.id and not kpi.hidden]
        lines += ["", f"{family.title.get(lang, family.title['en'])} ({family.id})"]
        lines += [f"  {line}" for line in columns([_kpi_row(kpi, lang) for kpi in members])]
    return "\n".join([*lines[1:], "", "`kpibar kpis ID` explains one."])


def _kpi_row(kpi: Kpi, lang: str) -> tuple[str, str, str]:
    return kpi.id, kpi.kind, clean(kpi.title.get(lang, kpi.title["en"]))


def kpi_text(known: Catalogue, name: str, lang: str, target: float | None) -> str:
    """The passport of one KPI."""
    return "\n".join(summary.kpi_words(known.get(name), known, lang, _EXAMPLE, target))


def kpis_json(known: Catalogue, name: str | None) -> str:
    """The definitions as JSON: a list, or the one asked for."""
    if name is not None:
        return json_text(_kpi_json(known.get(name), known))
    return json_text([_kpi_json(kpi, known) for kpi in known.kpis if not kpi.hidden])


def _kpi_json(kpi: Kpi, known: Catalogue) -> dict[str, Any]:
    statements = [summary.statement(part, _EXAMPLE) for part in summary.parts(kpi, known)]
    fields = {name: value for name, value in asdict(kpi).items() if name != "wording"}
    return {**fields, "hash": kpi.hash, "formula": summary.formula(kpi), "sql": statements}


def layouts_text(shelf: Shelf) -> str:
    """Every layout: name, table, status, origin."""
    rows = [("LAYOUT", "FILLS", "STATUS", "FROM"), *summary.layouts_table(shelf)]
    return "\n".join([*columns(rows), "", "`kpibar layouts NAME` shows one; your own go into layouts/NAME.toml."])


def layout_text(shelf: Shelf, name: str) -> str:
    """One layout in words."""
    return "\n".join(summary.layout_words(shelf.get(name), shelf.paths[name]))


def status_text(held: DatabaseStatus) -> str:
    """What a database holds, in words."""
    config = held.config
    lines = [
        f"database  {clean(str(held.path))}",
        f"settings  {clean(str(config.path)) if config.path else 'defaults (no kpibar.toml found)'}",
        f"time zone {held.timezone}",
        "",
        "Files",
    ]
    files = [("file", "layout", "as of", "records"), *(_file_row(one) for one in held.files)]
    lines += [f"  {line}" for line in columns(files)]
    if held.remarks:
        lines += ["", "Remarks"]
        lines += [f"  {clean(name)}: {summary.remark_text(remark)}" for name, remark in held.remarks]
    if held.old_readings:
        said = (note_text(f"{one.setting}_changed", {"files": ", ".join(one.files)}, "en") for one in held.old_readings)
        lines += ["", "Settings", *(f"  {clean(text)}" for text in said)]
    if held.unknown_reasons:
        words = summary.reason_lines(held.unknown_reasons, bool(config.settings.reasons))
        lines += ["", "Reasons", *(f"  {line}" for line in words)]
    if held.statuses:
        words = [f'"{clean(word)}" ({summary.number(n)})' for word, n in held.statuses]
        lines += ["", "Statuses", f"  unknown statuses of parcels without a day of delivery: {', '.join(words)}"]
        lines += ["  these parcels count as never delivered; fill delivered_at, or complete in kpibar's parcels file"]
    if held.duplicates:
        lines += ["", "Calls and their tickets"]
        lines += [f"  {note_text(code, {'rows': count}, 'en')}" for code, count in held.duplicates]
    for one in held.proposals:
        lines += [
            "",
            f"{clean(one.handover.predecessor)} ends on {one.last}, {clean(one.handover.successor)} begins on ",
        ]
        lines[-1] += f"{one.first}: if one tool followed the other, write this into kpibar.toml to compare the years"
        lines += [f"  {clean(line)}" for line in one.handover.lines]
    heads = ("source", "table", "rows", "first", "last", "as of", f"months of {held.window.start.year}")
    lines += ["", "Records"]
    lines += [f"  {line}" for line in columns([heads, *summary.coverage_rows(held.coverage)])]
    lines += ["", "Columns"]
    lines += [f"  {clean(source)}: {', '.join(names)}" for source, names in held.columns.items()]
    lines += ["", "Missing" if held.absent_inputs else "Missing: nothing, every KPI has its inputs"]
    lines += [
        f"  {name}: {', '.join(n.replace('|', ' or ') for n in needs)}" for name, needs in held.absent_inputs.items()
    ]
    lines += ["", "Thresholds", *(f"  {name} = {value}" for name, value in config.settings.thresholds)]
    lines += [f"  target {name} = {value:g}" for name, value in config.settings.targets.items()]
    return "\n".join(lines)


def _file_row(one: Any) -> tuple[str, str, str, str]:
    as_of = f"{one.as_of:%Y-%m-%d %H:%M}" if one.as_of else "-"
    counts = summary.equation(one.counts)
    if one.layout in ERASURES:  # of no file: what was taken out of a source
        counts = f"{summary.number(one.counts.removed)} removed from {one.entity} of {clean(one.source)}"
    return clean(one.name), one.layout, as_of, counts


def status_json(held: DatabaseStatus) -> str:
    """What a database holds, as JSON."""
    return json_text(
        {
            "database": str(held.path),
            "config": {"path": str(held.config.path) if held.config.path else None, "sha256": held.config.sha256},
            "timezone": held.timezone,
            "files": [asdict(one) for one in held.files],
            "coverage": [asdict(one) for one in held.coverage],
            "columns": held.columns,
            "missing": held.absent_inputs,
            "remarks": [{"file": name, **asdict(remark)} for name, remark in held.remarks],
            "successions_proposed": [asdict(one) for one in held.proposals],
            "settings_changed": [asdict(one) for one in held.old_readings],
            "unmapped_reasons": [{"word": word, "contacts": n} for word, n in held.unknown_reasons],
            "unknown_statuses": [{"word": word, "parcels": n} for word, n in held.statuses],
            "counted_once": dict(held.duplicates),
            "thresholds": held.config.settings.thresholds.model_dump(),
            "targets": held.config.settings.targets,
        }
    )


def rejects_text(found: Sequence[Reject]) -> str:
    """Every reject in words, one a line."""
    if not found:
        return "nothing was rejected"
    return "\n".join(clean(describe(one.file, one.line, one.column, one.shape, one.reason)) for one in found)


def rejects_json(found: Sequence[Reject]) -> str:
    """Every reject as JSON."""
    return json_text([asdict(one) for one in found])


def check_text(found: Sequence[Finding]) -> str:
    """What a check found, in words, one a line."""
    faults = [one for one in found if not one.note]
    lines = [clean(f"{'note' if one.note else 'fault'}: {one.about}: {one.text}") for one in found]
    return "\n".join(
        [*lines, f"{len(faults)} fault{'s' * (len(faults) > 1)}" if faults else "the database agrees with its ledger"]
    )


def check_json(found: Sequence[Finding]) -> str:
    """What a check found, as JSON."""
    return json_text([asdict(one) for one in found])
