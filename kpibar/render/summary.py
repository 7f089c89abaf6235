"""Words for the commands other than the report: outcomes of ingest, contents of a database, KPIs and layouts."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from kpibar.database.ledger import Counts, Statement
from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.compute import cells_statement, moments, stock_statement
from kpibar.kpis.estimates import Window
from kpibar.kpis.time_cells import times_statement
from kpibar.layouts.layout import Layout, Shelf
from kpibar.load.corrections import Corrections
from kpibar.load.outcome import LoadedTable, Outcome, Remark
from kpibar.load.plan import REASONS
from kpibar.measure.coverage import disabled_kpis
from kpibar.measure.report import Coverage
from kpibar.privacy.disclosure import NAMED_FROM, blank
from kpibar.privacy.personal import name_shape
from kpibar.render.clean import clean
from kpibar.render.methods import method_lines
from kpibar.render.numbers import format_number
from kpibar.topics.reasons import UNKNOWN
from kpibar.topics.rules import reasons

_NAMED_LINES = 12
_NAMED_WORDS = 10
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def number(value: float) -> str:
    """A whole number with thousands separators."""
    return format_number(value, 0, "en")


def outcome_lines(outcome: Outcome, definitions: Catalogue, dry_run: bool, brief: bool = False) -> list[str]:
    """What became of a file, one fact a line; in brief, the counts only."""
    name = clean(str(outcome.path.with_name(name_shape(outcome.path.name))))
    if outcome.error is not None:
        return []
    delimiter = _DELIMITERS.get(outcome.delimiter, outcome.delimiter)
    how = ", ".join(filter(None, (outcome.layout, outcome.encoding, delimiter)))
    if outcome.same_as_before is not None:
        when = f"{outcome.same_as_before:%Y-%m-%d %H:%M} UTC"
        later = f"; now complete up to {outcome.new_as_of:%Y-%m-%d %H:%M} UTC" if outcome.new_as_of else ""
        return [f"{name} ({how})", f"  already ingested on {when}: nothing added, nothing updated{later}"]
    lines = [f"{name} ({how})" + (" - dry run, nothing stored" if dry_run else "")]
    lines += [f"  {_count_line(table)}" for table in outcome.tables]
    if brief:
        return lines
    lines += [f"  rejected {clean(text)}" for text in outcome.first_rejects]
    excess = sum(table.counts.rejected for table in outcome.tables) - len(outcome.first_rejects)
    if excess > 0:
        lines.append(f"  rejected {number(excess)} more: see `kpibar rejects`")
    lines += _repair_lines(outcome)
    if uncertain := outcome.uncertain:
        subject = "record has" if uncertain == 1 else "records have"
        lines.append(
            f"  {number(uncertain)} {subject} a time in the hour that is skipped or repeated when clocks change"
        )
    if footer := outcome.lines.footer:
        subject = "line" if footer == 1 else "lines"
        lines.append(f"  left out: {number(footer)} {subject} below the records (totals, notes of the report)")
    lines += _unknown(outcome)
    lines += [f"  {remark_text(remark)}" for remark in outcome.remarks]
    words = [(value, n) for column, value, n in outcome.unknown if column == REASONS]
    lines += [f"  {line}" for line in reason_lines(words, outcome.own_reasons)]
    lines += [
        f'  {column} stays empty: the file has no column "{clean(name)}", from which your layout reads it'
        for column, name in outcome.absent
    ]
    lines += _other_sources(outcome)
    without_input = disabled_kpis(definitions, outcome.tables[0].entity, outcome.tables[0].columns)
    if without_input:
        columns = sorted({need.partition(".")[2] for needs in without_input.values() for need in _options(needs)})
        lines.append(f"  gives no figures for {', '.join(without_input)}: no {', '.join(columns)}")
    return lines


@lru_cache(maxsize=1)
def _sentences() -> Mapping[str, Mapping[str, str]]:
    text = files("kpibar").joinpath("render", "remarks.toml").read_text(encoding="utf-8")
    sentences: dict[str, dict[str, str]] = tomllib.loads(text)
    return sentences


def remark_text(remark: Remark) -> str:
    """A remark as a sentence."""
    forms = _sentences()[remark.code]
    form = forms["one"] if remark.records == 1 else forms["many"]
    return clean(form.format(records=number(remark.records), about=remark.about))


def _repair_lines(outcome: Outcome) -> list[str]:
    """Where broken lines were put right, so that they can be looked up in the export."""
    if not outcome.repaired_lines:
        return []
    numbers = ", ".join(map(number, outcome.repaired_lines[:_NAMED_LINES]))
    excess = outcome.counts.repaired - _NAMED_LINES
    rest = f" and {number(excess)} more" if excess > 0 else ""
    is_single = outcome.counts.repaired == 1
    return [f"  repaired, in the only way that fits its types: line {numbers}" if is_single else
            f"  repaired, each in the only way that fits its types: lines {numbers}{rest}"]  # fmt: skip


def _options(needs: Iterable[str]) -> list[str]:
    return [option for need in needs for option in need.split("|")]


def _count_line(table: LoadedTable) -> str:
    return f"{table.entity}: {equation(table.counts)}"


def equation(counts: Counts) -> str:
    """The counts as an equation that adds up; fates nothing met are left out, added and rejected never."""
    fates = (
        ("added", counts.added, True),
        ("updated", counts.updated, True),
        ("unchanged", counts.unchanged, True),
        ("superseded", counts.superseded, False),
        ("folded", counts.folded, False),
        ("rejected", counts.rejected, True),
        ("dropped", counts.dropped, False),
    )
    parts = " + ".join(f"{number(count)} {fate}" for fate, count, always in fates if count or always)
    repaired = f" ({number(counts.repaired)} repaired)" if counts.repaired else ""
    return f"{number(counts.records)} read{repaired} = {parts}"


def _unknown(outcome: Outcome) -> list[str]:
    by_column: dict[str, list[str]] = {}
    for column, value, n in outcome.unknown:
        by_column.setdefault(column, []).append(f"{clean(value)} ({number(n)})")
    return [
        f'  values of "{clean(column)}" that the layout does not list: {", ".join(values[:6])}'
        f"; `kpibar layouts {clean(outcome.layout)}` shows its words"
        for column, values in by_column.items()
        if column != REASONS
    ]


def reason_lines(words: Sequence[tuple[str, int]], has_reasons: bool) -> list[str]:
    """The words of recorded reasons that nobody knows, and what to add to kpibar.toml for those that may be shown.

    `has_reasons` tells that kpibar.toml names reasons already. A rare word is shown by its shape.
    """
    if not words:
        return []
    word_list = ", ".join(f'"{clean(word)}" ({number(n)})' for word, n in words[:_NAMED_WORDS])
    lines = [f"reasons listed neither in [reasons] nor in the rules, and their number of contacts: {word_list}"]
    common = [(word, n) for word, n in words if n >= NAMED_FROM and blank(word) != word]
    if common:
        where = "add below [reasons] in" if has_reasons else "add to"
        names = ", ".join(reason for reason in reasons() if reason != "other")
        lines.append(f'{where} kpibar.toml, each with what it stands for ({names}, other) instead of "{UNKNOWN}":')
        lines += [] if has_reasons else ["  [reasons]"]
        lines += [f'  {_toml_text(word)} = "{UNKNOWN}"  # {number(n)} contacts' for word, n in common]
    return lines


def _toml_text(text: str) -> str:
    """A text as a key of TOML."""
    return json.dumps(clean(text), ensure_ascii=False)


def _other_sources(outcome: Outcome) -> list[str]:
    """What the file has in common with sources of another brand, or of none."""
    if outcome.same_elsewhere:
        source_list = " and ".join(f'{number(count)} under "{clean(name)}"' for name, count in outcome.same_elsewhere)
        return [f"  records in the database already, {source_list}, count twice: ingest them under one --brand only"]
    if outcome.other_sources:
        names = ", ".join(f'"{clean(source)}"' for source in outcome.other_sources)
        return [
            f'  its records belong to "{clean(outcome.source)}", those of earlier exports of this layout to {names}: '
            "if all come from one tool, give all the same --brand, or records that are in several of them count twice"
        ]
    return []


def totals(outcomes: Sequence[Outcome]) -> str:
    """One line over all files."""
    loads = [outcome for outcome in outcomes if outcome.error is None]
    fresh = [table.counts for outcome in loads if outcome.same_as_before is None for table in outcome.tables]
    failures = len(outcomes) - len(loads)
    text = (
        f"{len(loads)} file{'s' if len(loads) != 1 else ''}: {number(sum(c.added for c in fresh))} added, "
        f"{number(sum(c.updated for c in fresh))} updated, {number(sum(c.rejected for c in fresh))} rejected"
    )
    return text + (f"; {failures} file{'s' if failures != 1 else ''} failed" if failures else "")


def space_warning(path: Path, free: int, need: int) -> str:
    """A warning before an ingest that the disk might not hold."""
    return (
        f"only {number(free / 1e6)} MB are free beside {clean(str(path))}, an ingest of these exports may need "
        f"{number(need / 1e6)} MB; if the space runs out, the file being read is rolled back"
    )


def loss_warning(path: Path, entries: int) -> str:
    """A warning that the disk lost what had been written."""
    return (
        f"{clean(str(path))}: the last {entries} entr{'ies' if entries > 1 else 'y'} of its ledger "
        f"{'are' if entries > 1 else 'is'} gone since it was last closed (lost by the disk, or an older copy was put "
        "back): ingest the last exports again"
    )


def reading_options(statement: Statement, brand: str | None, as_of: datetime | None) -> str:
    """The options of `ingest` by which records are read as those of an earlier file were; "" where none is needed.

    They are complete up to the same instant as that file, whatever the newest of them shows.
    """
    options = {
        "tz": statement.timezone,
        "date-order": statement.date_order,
        "encoding": statement.encoding,
        "as-of": f"{as_of.isoformat()}Z" if as_of else None,
    }
    words = f' --brand "{brand}"' if brand else ""
    words += "".join(f" --{name} {value}" for name, value in options.items() if value)
    return words + (" --keep-text" if statement.keep_text else "")


def to_correct(corrections: Corrections, output: Path) -> str:
    """What to do with the rejected records that were written to a file."""
    words = reading_options(corrections.statement, corrections.brand, corrections.as_of)
    subject = f"{number(corrections.records)} rejected record{'s' * (corrections.records > 1)}"
    return clean(
        f"{subject}: correct them in the file, then `kpibar ingest {output} "
        f"--layout {corrections.layout}{words}`. The file holds customer data; delete it afterwards"
    )


def layouts_table(shelf: Shelf) -> list[tuple[str, str, str, str]]:
    """Name, what it fills, status and where it comes from, of every layout."""
    return [
        (layout.name, layout.fills, layout.status, clean(shelf.paths[layout.name])) for layout in shelf.layouts.values()
    ]


def layout_words(layout: Layout, origin: str) -> list[str]:
    """A layout in words: detection, zone, and each canonical column's expression."""
    lines = [
        f"{layout.name}: {layout.title or layout.name} ({layout.status}, {clean(origin)})",
        f"fills {layout.fills}; recognised by: {', '.join(layout.detect)}",
        f"times without offset are in: {'the zone you give (--tz)' if layout.zone == 'account' else layout.zone}",
    ]
    if layout.note:
        lines.append(layout.note)
    tables = [(layout.fills, layout.select), *((name, also.select) for name, also in layout.also.items())]
    for entity, select in tables:
        lines += ["", f"[{entity}]"]
        lines += [f"{column} = {' '.join(expression.split())}" for column, expression in select.items()]
    for name, words in layout.enum.items():
        lines += ["", f"[enum.{name}]: kpibar's word, and what the export writes for it; ingest lists any other"]
        for value in dict.fromkeys(words.values()):
            lines.append(f"{value}: {', '.join(cell for cell, word in words.items() if word == value)}")
    return [clean(line) for line in lines]


def kpi_words(kpi: Kpi, definitions: Catalogue, lang: str, window: Window, target: float | None) -> list[str]:
    """The passport of a KPI: definition, formula, parameters, methods, source, hash, and the SQL that runs."""
    lines = [f"{kpi.id}: {_in(kpi.title, lang)} ({kpi.kind}, {kpi.unit}, {_better(kpi)})", ""]
    if kpi.definition:
        lines += [_in(kpi.definition, lang), ""]
    lines += [f"formula   {formula(kpi)}"]
    if kpi.date:
        lines.append(f"dated by  {kpi.date}, one row of fact_{kpi.from_table} each")
    if kpi.maturity_days:
        lines.append(f"maturity  {kpi.maturity_days} days before the export's date")
    if kpi.unknown:
        lines.append(f"bounds    if none, or all, of {kpi.unknown} were hits")
    for side, text in kpi.doubt.items():
        lines.append(f"          and of the {side} with {text}")
    if kpi.rests_on:
        lines.append(f"rests on  {', '.join(kpi.rests_on)}: years compare where these did not change")
    if target is not None:
        lines.append(f"target    {target}")
    lines += method_lines(kpi)
    lines += [f"needs     {', '.join(need.replace('|', ' or ') for need in kpi.needs) or 'nothing in particular'}"]
    lines += [f"source    {kpi.source or 'not stated'}", f"hash      {kpi.hash}", ""]
    for part in parts(kpi, definitions):
        lines += [*statement(part, window).splitlines(), ""]
    return [clean(line) for line in lines[:-1]]


def _in(text: object, lang: str) -> str:
    assert isinstance(text, dict)
    return str(text.get(lang, text.get("en", "")))


def _better(kpi: Kpi) -> str:
    return "no direction" if kpi.better == "none" else f"{kpi.better} is better"


def formula(kpi: Kpi) -> str:
    """The KPI's formula in one line, over its fact table's columns."""
    return kpi.formula


def parts(kpi: Kpi, definitions: Catalogue) -> list[Kpi]:
    """The KPIs whose statements make this one: itself, or the two counts of a ratio."""
    return [definitions.get(name) for name in kpi.operands] or [kpi]


def statement(kpi: Kpi, window: Window) -> str:
    """The SQL that computes a KPI alone for a window."""
    if kpi.additive:
        return cells_statement([kpi], [window], kpi.over or None, None)
    if kpi.is_stock:
        # A passport is of no database: the last moment of its days is told in UTC.
        return stock_statement(kpi, [end for end in moments([window], "UTC") if end.closes], None, None)
    return times_statement(kpi, [window], None, None)


def coverage_rows(coverages: Iterable[Coverage]) -> list[tuple[str, ...]]:
    """What each source holds, as cells of a table."""
    return [
        (
            clean(coverage.source),
            coverage.entity,
            number(coverage.rows),
            str(coverage.first or "-"),
            str(coverage.last or "-"),
            str(coverage.as_of_on or "-"),
            f"{len(coverage.months_missing)} missing" if coverage.months_missing else "all",
        )
        for coverage in coverages
    ]
