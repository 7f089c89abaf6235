"""The commands that list: KPIs, layouts, what a database holds, rejects. As text and as JSON."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from kpibar.checks import Finding
from kpibar.database.ledger import ERASURES
from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.estimates import Window
from kpibar.layouts.layout import BUILT_IN, Layout, Shelf
from kpibar.load.outcome import Reject
from kpibar.measure.report import Coverage
from kpibar.render import passport, summary
from kpibar.render.clean import clean, json_text
from kpibar.render.messages import note_text, number, say, say_count, table_name, title
from kpibar.status import DatabaseStatus

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
        lines += ["", f"{title(family.title, lang)} ({family.id})"]
        lines += [f"  {line}" for line in columns([_kpi_row(kpi, lang) for kpi in members])]
    return "\n".join([*lines[1:], "", say("kpis_more", lang)])


def _kpi_row(kpi: Kpi, lang: str) -> tuple[str, str, str]:
    return kpi.id, say(f"passport_kind_{kpi.kind}", lang), clean(title(kpi.title, lang))


def kpi_text(definitions: Catalogue, name: str, lang: str, target: float | None) -> str:
    """The passport of one KPI."""
    return "\n".join(passport.kpi_words(definitions.find(name), definitions, lang, _EXAMPLE, target))


def kpis_json(definitions: Catalogue, name: str | None) -> str:
    """The definitions as JSON: a list, or the one asked for."""
    if name is not None:
        return json_text(_kpi_json(definitions.find(name), definitions))
    return json_text([_kpi_json(kpi, definitions) for kpi in definitions.kpis if not kpi.hidden])


def _kpi_json(kpi: Kpi, definitions: Catalogue) -> dict[str, Any]:
    statements = [passport.statement(part, _EXAMPLE) for part in passport.parts(kpi, definitions)]
    fields = {name: value for name, value in asdict(kpi).items() if name not in ("wording", "sources")}
    return {**fields, "hash": kpi.hash, "formula": kpi.formula, "sql": statements}


@lru_cache(maxsize=1)
def layout_texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Title and note of the built-in layouts by name and language, other than English, in which they are written."""
    text = files("kpibar").joinpath("render", "layouts.toml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, dict[str, str]]] = tomllib.loads(text)
    return texts


def layouts_text(shelf: Shelf, lang: str) -> str:
    """Every layout: name, table, status, origin."""
    heads = tuple(say(f"layouts_head_{name}", lang) for name in ("name", "fills", "status", "origin"))
    rows = [
        (layout.name, layout.fills, _layout_status(layout, lang), _origin(shelf.paths[layout.name], lang))
        for layout in shelf.layouts.values()
    ]
    return "\n".join([*columns([heads, *rows]), "", say("layouts_more", lang)])


def _layout_status(layout: Layout, lang: str) -> str:
    return say(f"layout_status_{layout.status}", lang)


def _origin(path: str, lang: str) -> str:
    """Where a layout comes from; the columns that kpibar.toml changes are named behind."""
    is_built_in = path.startswith(BUILT_IN)
    return clean(say("layout_built_in", lang) + path.removeprefix(BUILT_IN) if is_built_in else path)


def layout_text(shelf: Shelf, name: str, lang: str) -> str:
    """One layout in words: detection, zone, and each canonical column's expression."""
    layout = shelf.get(name)
    texts = {} if name in shelf.own_names else layout_texts().get(name, {}).get(lang, {})
    heading, note = texts.get("title", layout.title or layout.name), texts.get("note", layout.note)
    status, origin = _layout_status(layout, lang), _origin(shelf.paths[name], lang)
    zone = say("layout_zone_stated", lang) if layout.zone == "account" else layout.zone
    lines = [
        say("layout_heading", lang, name=layout.name, title=heading, status=status, origin=origin),
        say("layout_fills", lang, table=layout.fills, columns=", ".join(layout.detect)),
        say("layout_zone", lang, zone=zone),
    ]
    if note:
        lines.append(note)
    tables = [(layout.fills, layout.select), *((entity, also.select) for entity, also in layout.also.items())]
    for entity, select in tables:
        lines += ["", f"[{entity}]"]
        lines += [f"{column} = {' '.join(expression.split())}" for column, expression in select.items()]
    for enum, words in layout.enum.items():
        lines += ["", say("layout_words", lang, name=enum)]
        for value in dict.fromkeys(words.values()):
            cells = ", ".join(cell for cell, word in words.items() if word == value)
            lines.append(say("layout_word", lang, word=value, cells=cells))
    return "\n".join(clean(line) for line in lines)


def status_text(status: DatabaseStatus, lang: str = "en") -> str:
    """What a database holds, in words."""
    lines = _status_head(status, lang)
    for heading, section in _sections(status, lang):
        lines += ["", heading] if heading else [""]
        lines += section
    return "\n".join(lines)


def _status_head(status: DatabaseStatus, lang: str) -> list[str]:
    path = status.config.path
    values = {
        "database": clean(str(status.path)),
        "settings": clean(str(path)) if path else say("status_defaults", lang),
        "zone": status.timezone,
    }
    labels = {name: say(f"status_{name}", lang) for name in values}
    width = 1 + max(map(len, labels.values()))
    return [labels[name].ljust(width) + value for name, value in values.items()]


def _sections(status: DatabaseStatus, lang: str) -> Iterator[tuple[str, list[str]]]:
    """The sections of a status: heading and lines."""
    heads = tuple(say(f"status_head_{name}", lang) for name in ("file", "layout", "as_of", "records"))
    yield _section("files", columns([heads, *(_file_row(file, lang) for file in status.files)]), lang)
    yield from _doubts(status, lang)
    for proposal in status.proposals:
        predecessor, successor = clean(proposal.handover.predecessor), clean(proposal.handover.successor)
        text = say(
            "status_succession", lang, predecessor=predecessor, last=proposal.last, successor=successor,
            first=proposal.first,
        )  # fmt: skip
        yield text, [f"  {clean(line)}" for line in proposal.handover.lines]
    names = ("source", "table", "rows", "first", "last", "as_of")
    months = say("status_head_months", lang, year=status.window.start.year)
    heads = (*(say(f"status_head_{name}", lang) for name in names), months)
    yield _section("records", columns([heads, *_coverage_rows(status.coverage, lang)]), lang)
    yield _section(
        "columns", [f"{clean(source)}: {', '.join(names)}" for source, names in status.columns.items()], lang
    )
    or_word = f" {say('or', lang)} "
    missing = [
        _about(name, ", ".join(need.replace("|", or_word) for need in needs), lang)
        for name, needs in status.absent_inputs.items()
    ]
    yield _section("missing" if missing else "nothing_missing", missing, lang)
    settings = status.config.settings
    thresholds = [f"{name} = {value}" for name, value in settings.thresholds]
    thresholds += [f"{say('status_target', lang, kpi=name)} = {value:g}" for name, value in settings.targets.items()]
    yield _section("thresholds", thresholds, lang)


def _section(name: str, lines: Iterable[str], lang: str) -> tuple[str, list[str]]:
    return say(f"status_{name}", lang), [f"  {line}" for line in lines]


def _about(name: str, text: str, lang: str) -> str:
    return say("status_about", lang, name=name, text=text)


def _doubts(status: DatabaseStatus, lang: str) -> Iterator[tuple[str, list[str]]]:
    """What of the database and its settings a user should look at."""
    if status.remarks:
        remarks = [_about(clean(name), summary.remark_text(remark, lang), lang) for name, remark in status.remarks]
        yield _section("remarks", remarks, lang)
    if status.old_readings:
        texts = [
            clean(note_text(f"{old.setting}_changed", {"files": ", ".join(old.files)}, lang))
            for old in status.old_readings
        ]
        yield _section("changed", texts, lang)
    if status.unknown_reasons:
        has_reasons = bool(status.config.settings.reasons)
        yield _section("reasons", summary.reason_lines(status.unknown_reasons, has_reasons, lang), lang)
    if status.statuses:
        words = summary.counted_words(status.statuses, lang)
        texts = [say("status_unknown", lang, words=words), say("status_unknown_count", lang)]
        yield _section("statuses", texts, lang)
    if status.duplicates:
        yield _section("calls", [note_text(code, {"rows": n}, lang) for code, n in status.duplicates], lang)


def _file_row(file: Any, lang: str) -> tuple[str, str, str, str]:
    as_of = f"{file.as_of:%Y-%m-%d %H:%M}" if file.as_of else "-"
    counts = summary.equation(file.counts, lang)
    if file.layout in ERASURES:  # of no file: what was taken out of a source
        table, source = table_name(file.entity, lang), clean(file.source)
        counts = say_count("status_removed", lang, file.counts.removed, table=table, source=source)
    return clean(file.name), file.layout, as_of, counts


def _coverage_rows(coverages: Iterable[Coverage], lang: str) -> list[tuple[str, ...]]:
    """What each source holds, as cells of a table."""
    return [
        (
            clean(coverage.source),
            table_name(coverage.entity, lang),
            number(coverage.rows, lang),
            str(coverage.first or "-"),
            str(coverage.last or "-"),
            str(coverage.as_of_on or "-"),
            say_count("status_months_missing", lang, len(coverage.months_missing))
            if coverage.months_missing
            else say("status_months_all", lang),
        )
        for coverage in coverages
    ]


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


def rejects_text(rejects: Sequence[Reject], lang: str) -> str:
    """Every reject in words, one a line."""
    if not rejects:
        return say("rejects_none", lang)
    return "\n".join(summary.reject_text(reject, lang) for reject in rejects)


def rejects_json(rejects: Sequence[Reject]) -> str:
    """Every reject as JSON."""
    return json_text([asdict(reject) for reject in rejects])


def check_text(findings: Sequence[Finding], lang: str) -> str:
    """What a check found, in words, one a line."""
    lines = [_finding(finding, lang) for finding in findings]
    faults = sum(not finding.note for finding in findings)
    last = say_count("check_faults", lang, faults) if faults else say("check_agrees", lang)
    return "\n".join([*map(clean, lines), last])


def check_json(findings: Sequence[Finding]) -> str:
    """What a check found, as JSON."""
    return json_text(
        [
            {"code": finding.code, "about": str(finding.about), "text": finding.text, "note": finding.note}
            for finding in findings
        ]
    )


def _finding(finding: Finding, lang: str) -> str:
    about, fault = finding.about.text(lang), finding.fault.text(lang)
    return say("check_note" if finding.note else "check_fault", lang, about=about, text=fault)
