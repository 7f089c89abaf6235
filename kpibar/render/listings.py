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


def kpis_text(definitions: Catalogue, lang: str) -> str:
    """Every KPI by family: id and title."""
    lines: list[str] = []
    for family in definitions.families:
        members = [kpi for kpi in definitions.kpis if kpi.family == family.id and not kpi.hidden]
        lines += ["", f"{family.title.get(lang, family.title['en'])} ({family.id})"]
        lines += [f"  {line}" for line in columns([_kpi_row(kpi, lang) for kpi in members])]
    return "\n".join([*lines[1:], "", "`kpibar kpis ID` explains one."])


def _kpi_row(kpi: Kpi, lang: str) -> tuple[str, str, str]:
    return kpi.id, kpi.kind, clean(kpi.title.get(lang, kpi.title["en"]))


def kpi_text(definitions: Catalogue, name: str, lang: str, target: float | None) -> str:
    """The passport of one KPI."""
    return "\n".join(summary.kpi_words(definitions.find(name), definitions, lang, _EXAMPLE, target))


def kpis_json(definitions: Catalogue, name: str | None) -> str:
    """The definitions as JSON: a list, or the one asked for."""
    if name is not None:
        return json_text(_kpi_json(definitions.find(name), definitions))
    return json_text([_kpi_json(kpi, definitions) for kpi in definitions.kpis if not kpi.hidden])


def _kpi_json(kpi: Kpi, definitions: Catalogue) -> dict[str, Any]:
    statements = [summary.statement(part, _EXAMPLE) for part in summary.parts(kpi, definitions)]
    fields = {name: value for name, value in asdict(kpi).items() if name != "wording"}
    return {**fields, "hash": kpi.hash, "formula": summary.formula(kpi), "sql": statements}


def layouts_text(shelf: Shelf) -> str:
    """Every layout: name, table, status, origin."""
    rows = [("LAYOUT", "FILLS", "STATUS", "FROM"), *summary.layouts_table(shelf)]
    return "\n".join([*columns(rows), "", "`kpibar layouts NAME` shows one; your own go into layouts/NAME.toml."])


def layout_text(shelf: Shelf, name: str) -> str:
    """One layout in words."""
    return "\n".join(summary.layout_words(shelf.get(name), shelf.paths[name]))


def status_text(status: DatabaseStatus) -> str:
    """What a database holds, in words."""
    config = status.config
    lines = [
        f"database  {clean(str(status.path))}",
        f"settings  {clean(str(config.path)) if config.path else 'defaults (no kpibar.toml found)'}",
        f"time zone {status.timezone}",
        "",
        "Files",
    ]
    files = [("file", "layout", "as of", "records"), *(_file_row(file) for file in status.files)]
    lines += [f"  {line}" for line in columns(files)]
    if status.remarks:
        lines += ["", "Remarks"]
        lines += [f"  {clean(name)}: {summary.remark_text(remark)}" for name, remark in status.remarks]
    if status.old_readings:
        texts = (
            note_text(f"{old.setting}_changed", {"files": ", ".join(old.files)}, "en") for old in status.old_readings
        )
        lines += ["", "Settings", *(f"  {clean(text)}" for text in texts)]
    if status.unknown_reasons:
        words = summary.reason_lines(status.unknown_reasons, bool(config.settings.reasons))
        lines += ["", "Reasons", *(f"  {line}" for line in words)]
    if status.statuses:
        words = [f'"{clean(word)}" ({summary.number(n)})' for word, n in status.statuses]
        lines += ["", "Statuses", f"  unknown statuses of parcels without a day of delivery: {', '.join(words)}"]
        lines += ["  these parcels count as never delivered; fill delivered_at, or complete in kpibar's parcels file"]
    if status.duplicates:
        lines += ["", "Calls and their tickets"]
        lines += [f"  {note_text(code, {'rows': count}, 'en')}" for code, count in status.duplicates]
    for proposal in status.proposals:
        predecessor, successor = clean(proposal.handover.predecessor), clean(proposal.handover.successor)
        lines += [
            "",
            f"{predecessor} ends on {proposal.last}, {successor} begins on {proposal.first}: "
            "if one tool replaced the other, write this into kpibar.toml to compare the years",
        ]
        lines += [f"  {clean(line)}" for line in proposal.handover.lines]
    heads = ("source", "table", "rows", "first", "last", "as of", f"months of {status.window.start.year}")
    lines += ["", "Records"]
    lines += [f"  {line}" for line in columns([heads, *summary.coverage_rows(status.coverage)])]
    lines += ["", "Columns"]
    lines += [f"  {clean(source)}: {', '.join(names)}" for source, names in status.columns.items()]
    lines += ["", "Missing" if status.absent_inputs else "Missing: nothing, every KPI has its inputs"]
    lines += [
        f"  {name}: {', '.join(n.replace('|', ' or ') for n in needs)}" for name, needs in status.absent_inputs.items()
    ]
    lines += ["", "Thresholds", *(f"  {name} = {value}" for name, value in config.settings.thresholds)]
    lines += [f"  target {name} = {value:g}" for name, value in config.settings.targets.items()]
    return "\n".join(lines)


def _file_row(file: Any) -> tuple[str, str, str, str]:
    as_of = f"{file.as_of:%Y-%m-%d %H:%M}" if file.as_of else "-"
    counts = summary.equation(file.counts)
    if file.layout in ERASURES:  # of no file: what was taken out of a source
        counts = f"{summary.number(file.counts.removed)} removed from {file.entity} of {clean(file.source)}"
    return clean(file.name), file.layout, as_of, counts


def status_json(status: DatabaseStatus) -> str:
    """What a database holds, as JSON."""
    return json_text(
        {
            "database": str(status.path),
            "config": {"path": str(status.config.path) if status.config.path else None, "sha256": status.config.sha256},
            "timezone": status.timezone,
            "files": [asdict(file) for file in status.files],
            "coverage": [asdict(coverage) for coverage in status.coverage],
            "columns": status.columns,
            "missing": status.absent_inputs,
            "remarks": [{"file": name, **asdict(remark)} for name, remark in status.remarks],
            "successions_proposed": [asdict(proposal) for proposal in status.proposals],
            "settings_changed": [asdict(old) for old in status.old_readings],
            "unmapped_reasons": [{"word": word, "contacts": n} for word, n in status.unknown_reasons],
            "unknown_statuses": [{"word": word, "parcels": n} for word, n in status.statuses],
            "counted_once": dict(status.duplicates),
            "thresholds": status.config.settings.thresholds.model_dump(),
            "targets": status.config.settings.targets,
        }
    )


def rejects_text(rejects: Sequence[Reject]) -> str:
    """Every reject in words, one a line."""
    if not rejects:
        return "nothing was rejected"
    return "\n".join(
        clean(describe(reject.file, reject.line, reject.column, reject.shape, reject.reason)) for reject in rejects
    )


def rejects_json(rejects: Sequence[Reject]) -> str:
    """Every reject as JSON."""
    return json_text([asdict(reject) for reject in rejects])


def check_text(findings: Sequence[Finding]) -> str:
    """What a check found, in words, one a line."""
    faults = [finding for finding in findings if not finding.note]
    lines = [clean(f"{'note' if finding.note else 'fault'}: {finding.about}: {finding.text}") for finding in findings]
    return "\n".join(
        [*lines, f"{len(faults)} fault{'s' * (len(faults) > 1)}" if faults else "the database agrees with its ledger"]
    )


def check_json(findings: Sequence[Finding]) -> str:
    """What a check found, as JSON."""
    return json_text([asdict(finding) for finding in findings])
