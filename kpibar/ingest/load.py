"""One export file -> one transaction: read, type, judge, merge, and prove that the counts add up.

The same bytes again change nothing. A file that fails leaves nothing behind and does not stop the others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from kpibar.config import Config, valid_zone
from kpibar.engine import EngineError
from kpibar.errors import (
    AllRejected,
    ConfigInvalid,
    FileKnownOtherwise,
    HeaderDuplicated,
    KpibarError,
    LayoutContradicted,
    LayoutInvalid,
    TooManyRejects,
    ZoneChanged,
    ZoneNeeded,
)
from kpibar.ingest import ledger
from kpibar.ingest.expressions import Reading
from kpibar.ingest.files import Export, open_export
from kpibar.ingest.header import normal
from kpibar.ingest.instants import as_of_instant, instant_in_name
from kpibar.ingest.layouts import Layout, Shelf, chosen, identify, shelf
from kpibar.ingest.ledger import Counts, Entry, Lines
from kpibar.ingest.limits import DEFAULT_LIMIT, Limit
from kpibar.ingest.merge import merge, newest
from kpibar.ingest.normalise import Context, Plan, plan, shape
from kpibar.ingest.pseudonyms import bind, key_path, load_key
from kpibar.ingest.seal import write_seal
from kpibar.ingest.staging import Staged, stage
from kpibar.ingest.topics import reasons
from kpibar.store import Store

_AGREEMENT = 0.95
_ENOUGH_TO_ASSERT = 20
_SCRATCH = ("staged", "spans", "cells", "typed", "mapped", "batch", "incoming")


@dataclass(frozen=True)
class Options:
    """What the user said of the files: layout, zone of naive times, brand, instant the export speaks up to.

    `as_of` is a UTC instant, or a text as a user writes it (see `as_of_instant`). `repair` allows a damaged record
    to be read where only one reading fits; a file with more rejects than `max_rejects` is refused.
    """

    layout: str | None = None
    timezone: str | None = None
    brand: str | None = None
    as_of: datetime | str | None = None
    dry_run: bool = False
    keep_text: bool = False
    repair: bool = True
    max_rejects: Limit = DEFAULT_LIMIT


@dataclass(frozen=True)
class Loaded:
    """One table filled from one file, and the canonical columns the file could fill."""

    entity: str
    counts: Counts
    held: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `error` is set when nothing of it was loaded.

    `same_as_before` tells when the same bytes were ingested, `extended` up to when they are now said to speak.
    """

    path: Path
    layout: str = ""
    source: str = ""
    encoding: str = ""
    delimiter: str = ""
    tables: tuple[Loaded, ...] = ()
    lines: Lines = field(default_factory=Lines)
    unknown: tuple[tuple[str, str, int], ...] = ()
    first_rejects: tuple[str, ...] = ()
    same_as_before: datetime | None = None
    extended: datetime | None = None
    error: KpibarError | None = field(default=None, compare=False)

    @property
    def counts(self) -> Counts:
        """The counts of the file's main table."""
        return self.tables[0].counts if self.tables else Counts()


@dataclass(frozen=True)
class _File:
    """A recognised export: its layout, and the source and brand its records belong to."""

    export: Export
    layout: Layout
    source: str
    brand: str | None
    timezone: str | None

    def outcome(self, tables: tuple[Loaded, ...]) -> Outcome:
        """The outcome of the file with these tables filled."""
        export = self.export
        return Outcome(export.path, self.layout.name, self.source, export.encoding, export.delimiter, tables)


def ingest(
    store: Store,
    paths: Iterable[Path],
    config: Config,
    options: Options,
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Load each file in its own transaction and call `done`; a file that fails does not stop the others.

    Raises what concerns no single file: KeyMissing, KeyUnusable, LayoutInvalid, LayoutUnknown, ConfigInvalid,
    InstantInvalid.
    """
    _check_reasons(config)
    known = shelf(config.folder or Path.cwd(), config.settings.layouts)
    if options.layout:
        known.get(options.layout)
    bind(store, load_key(key_path(config.settings.project), create=store.meta("key_id") is None))
    store.engine.run("CREATE OR REPLACE TEMP MACRO seconds(later, earlier) AS epoch(later) - epoch(earlier)")
    if isinstance(options.as_of, str):
        zone = options.timezone or config.settings.timezone or store.meta("timezone")
        options = replace(options, as_of=as_of_instant(options.as_of, zone))
    outcomes = []
    for path in paths:
        try:
            outcomes.append(_ingest_file(store, path, known, config, options))
            if not options.dry_run:
                write_seal(store)
        except KpibarError as error:
            outcomes.append(Outcome(path, error=error))
        done(outcomes[-1])
    return outcomes


def _check_reasons(config: Config) -> None:
    """Refuse a [reasons] entry that names no canonical reason. Raises ConfigInvalid."""
    for value, reason in config.settings.reasons.items():
        if reason not in reasons():
            expected = ", ".join(reasons())
            raise ConfigInvalid(config.path or Path("kpibar.toml"), f'reasons."{value}": expected one of {expected}')


def _ingest_file(store: Store, path: Path, known: Shelf, config: Config, options: Options) -> Outcome:
    file = _recognise(path, known, config, options)
    context = _context(store, file, config, options)
    compiled = plan(file.layout, file.export.columns, context)
    again = _known_already(store, file, compiled, options)
    if again is not None:
        return again
    try:
        with store.transaction(keep=not options.dry_run):
            store.remember("timezone", context.brand_zone)
            return _load(store, file, compiled, context, options)
    except EngineError as error:
        if not error.statement:
            raise
        where = Path(known.paths[file.layout.name])
        raise LayoutInvalid(where, f"its SQL does not run on {path}: {error}") from error


def _recognise(path: Path, known: Shelf, config: Config, options: Options) -> _File:
    """Read a file and find its layout: the one asked for by flag or rule, else the one its header tells."""
    rule = config.rule_for(path.name)
    wanted = options.layout or rule.layout
    export = open_export(path, known.vocabulary())
    header = [column.normal for column in export.columns]
    layout = chosen(path, wanted, header, known) if wanted else identify(path, header, known)
    _refuse_duplicates(export, layout)
    _refuse_unknown_zones(export, layout)
    brand = options.brand or rule.brand or config.settings.brand
    source = layout.name if brand is None else f"{layout.name}/{brand}"
    return _File(export, layout, source, brand, options.timezone or rule.timezone)


def _refuse_duplicates(export: Export, layout: Layout) -> None:
    seen: set[str] = set()
    read = layout.vocabulary()
    for column in export.columns:
        if column.normal in seen and column.normal in read:
            raise HeaderDuplicated(export.path, export.header_line, column.name)
        seen.add(column.normal)


def _refuse_unknown_zones(export: Export, layout: Layout) -> None:
    read = layout.vocabulary()
    for column in export.columns:
        if column.zone and column.normal in read:
            valid_zone(column.zone, f'{export.path}:{export.header_line}: column "{column.name}": ')


def _known_already(store: Store, file: _File, compiled: Plan, options: Options) -> Outcome | None:
    """The outcome for bytes that were ingested before and read the same way, None for what is new.

    A later --as-of is news even so: the same records, still true at a later date.
    """
    sha256 = file.export.sha256
    rows = store.engine.rows(
        "SELECT file_id, ingested_at, as_of, records, 0, 0, added + updated + unchanged, superseded, folded,"
        " rejected, dropped, repaired FROM files WHERE sha256 = ? AND source = ? AND entity = ? AND reading = ?",
        [sha256, file.source, file.layout.fills, compiled.hash],
    )
    if not rows:
        _refuse_other_brand(store, file)
        return None
    file_id, when, as_of, *counted = rows[0]
    later = _as_of(options)
    extended = later if later is not None and (as_of is None or later > as_of) else None
    if extended and not options.dry_run:
        with store.transaction():
            ledger.extend(store, sha256, file.source, extended)
    held = ledger.columns_held(store, file_id)
    known = file.outcome((Loaded(file.layout.fills, Counts(*counted), held),))
    return replace(known, same_as_before=when, extended=extended)


def _as_of(options: Options) -> datetime | None:
    """The stated instant, which `ingest` has read from the user's words."""
    return options.as_of if isinstance(options.as_of, datetime) else None


def _refuse_other_brand(store: Store, file: _File) -> None:
    """Raises FileKnownOtherwise."""
    before = store.engine.rows(
        "SELECT source FROM files WHERE sha256 = ? AND layout = ? AND source <> ?",
        [file.export.sha256, file.layout.name, file.source],
    )
    if before:
        raise FileKnownOtherwise(file.export.path, file.source, before[0][0])


def _context(store: Store, file: _File, config: Config, options: Options) -> Context:
    """Zones and settings for a file. Raises ZoneNeeded.

    Even times with an offset need the brand's zone: a day is its day. The first one stated is the database's.
    """
    layout, settings = file.layout, config.settings
    stated = file.timezone or settings.timezone or store.meta("timezone")
    if stated is None:
        raise ZoneNeeded(file.export.path)
    known = store.meta("timezone")
    if settings.timezone and known and settings.timezone != known:
        raise ZoneChanged(store.path, known, settings.timezone)
    brand_zone = known or settings.timezone or stated
    reading = Reading(
        zone=stated if layout.zone == "account" else layout.zone,
        day_zone=brand_zone,
        zones={column.normal: column.zone for column in file.export.columns if column.zone},
        formats=layout.formats,
        decimal=layout.decimal,
        enums=layout.enum,
        calling_code=settings.country_calling_code,
    )
    mapped = {value.casefold(): reason for value, reason in settings.reasons.items()}
    return Context(reading, file.brand, brand_zone, mapped, settings.hours, options.keep_text)


def _load(store: Store, file: _File, compiled: Plan, context: Context, options: Options) -> Outcome:
    """Everything that happens inside the file's transaction."""
    export, layout = file.export, file.layout
    file_id = ledger.next_file_id(store)
    staged = stage(store, export, file_id)
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE cells AS {compiled.cells}")
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE typed AS {compiled.typed}")
    unknown = _count_unknown(store, export, compiled, layout, file_id)
    loaded, as_of = [], None
    for number, (entity, mapped) in enumerate(compiled.mapped.items()):
        store.engine.run(f"CREATE OR REPLACE TEMP TABLE mapped AS {mapped}")
        # All tables of a file speak up to the same instant, the main one's or a later one of their own.
        named = instant_in_name(export.path.name, context.brand_zone)
        as_of = _as_of(options) or max(filter(None, (as_of, named, newest(store, entity))), default=None)
        if number == 0:
            _check_assertions(store, export.path, layout)
        counts = merge(store, entity, file.source, file_id + number, as_of, compiled.filled[entity])
        if number == 0:
            counts = _complete(store, counts, staged, file_id)
            _refuse_rejects(store, export.path, counts, file_id, options.max_rejects)
        lines = staged.lines if number == 0 else Lines()
        _enter(store, file, compiled, entity, file_id + number, as_of, counts, lines, context)
        ledger.write_held(store, file_id + number, file.source, entity, compiled.held[entity])
        loaded.append(Loaded(entity, counts, compiled.held[entity]))
    for table in _SCRATCH:
        store.engine.run(f"DROP TABLE IF EXISTS {table}")
    first = ledger.first_rejects(store, export.path.name, file_id)
    return replace(file.outcome(tuple(loaded)), lines=staged.lines, unknown=unknown, first_rejects=first)


def _count_unknown(
    store: Store, export: Export, compiled: Plan, layout: Layout, file_id: int
) -> tuple[tuple[str, str, int], ...]:
    """Values of listed columns that the layout does not know, most frequent first."""
    found = []
    positions = {column.normal: i for i, column in enumerate(export.columns)}
    for call in compiled.enums.values():
        cell = f"c{positions[normal(call.column)]}"
        known = [value.casefold() for value in layout.enum[call.argument]]
        # A shifted column may put a person here: what looks like an e-mail or a number shows its shape only.
        shown = f"CASE WHEN regexp_matches({cell}, '@|(\\p{{N}}.*){{6}}') THEN {shape(cell)} ELSE left({cell}, 60) END"
        rows = store.engine.rows(
            f"SELECT {shown}, count(*) FROM cells WHERE {cell} IS NOT NULL "
            f"AND NOT list_contains(?::VARCHAR[], lower({cell})) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
            [known],
        )
        found += [(call.column, value, n) for value, n in rows]
    for column, value, n in found:
        store.engine.run("INSERT INTO unknown_values VALUES (?, ?, ?, ?)", [file_id, column, value, n])
    return tuple(found)


def _check_assertions(store: Store, path: Path, layout: Layout) -> None:
    """Refuse the file when one of the layout's assertions fails on more than 5 % of its records."""
    for asserted in layout.asserted:
        known, agreeing = store.engine.rows(
            f"SELECT count(*), count(*) FILTER (WHERE abs(a - b) <= {asserted.tolerance_s}) FROM "
            f"(SELECT ({asserted.left}) AS a, ({asserted.right}) AS b FROM mapped WHERE bad IS NULL) "
            "WHERE a IS NOT NULL AND b IS NOT NULL"
        )[0]
        if known >= _ENOUGH_TO_ASSERT and agreeing < _AGREEMENT * known:
            raise LayoutContradicted(path, layout.name, asserted.name, agreeing, known)


def _complete(store: Store, counts: Counts, staged: Staged, file_id: int) -> Counts:
    """Write the rejects of the typing step and account for every record that was read.

    A group of lines is judged as a whole; the lines beyond its first are folded, whatever became of it.
    """
    bad = ledger.write_rejects(store, file_id)
    folded, dropped = store.engine.rows(
        "SELECT coalesce(sum(lines_folded - 1), 0)::BIGINT, count(*) FILTER (WHERE dropped) FROM typed"
    )[0]
    faults = staged.faults
    return replace(counts, records=staged.records + faults, folded=folded, rejected=bad + faults, dropped=dropped)


def _refuse_rejects(store: Store, path: Path, counts: Counts, file_id: int, limit: Limit) -> None:
    """Raises AllRejected, TooManyRejects."""
    if counts.rejected and counts.rejected == counts.records - counts.folded - counts.dropped:
        raise AllRejected(path, counts.rejected, ledger.first_rejects(store, path.name, file_id)[0])
    if not limit.allows(counts.rejected, counts.records):
        first = ledger.first_rejects(store, path.name, file_id)
        raise TooManyRejects(path, counts.rejected, counts.records, limit.text, first)


def _enter(
    store: Store,
    file: _File,
    compiled: Plan,
    entity: str,
    file_id: int,
    as_of: datetime | None,
    counts: Counts,
    lines: Lines,
    context: Context,
) -> None:
    """Write the ledger entry, provided counts and lines add up. Raises LedgerBroken."""
    export = file.export
    entry = Entry(
        file_id, export.sha256, export.path.name, export.path.stat().st_size, file.layout.name, file.source, entity,
        file.brand, export.encoding, export.delimiter, compiled.hash, as_of, counts, lines,
    )  # fmt: skip
    ledger.write_entry(store, entry, context.brand_zone)
