"""One export file -> one transaction: read, type, judge, merge, and prove that the counts add up.

The same bytes again change nothing. A file that fails leaves nothing behind and does not stop the others.
"""

import re
from collections import Counter
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
from kpibar.ingest.batches import Account, Batch, Reader, joined
from kpibar.ingest.classify import classify, look_up_pseudonyms
from kpibar.ingest.dateorder import confirm
from kpibar.ingest.dateorder import settle as settle_dates
from kpibar.ingest.expressions import Reading
from kpibar.ingest.feed import stage_batch, type_batch
from kpibar.ingest.files import Export, open_export
from kpibar.ingest.instants import as_of_instant
from kpibar.ingest.layouts import Layout, Shelf, chosen, identify, shelf
from kpibar.ingest.ledger import Counts, Entry, Lines
from kpibar.ingest.limits import DEFAULT_LIMIT, Limit
from kpibar.ingest.merge import Target, newest, open_contested, settle, take
from kpibar.ingest.plan import Context, Plan, plan
from kpibar.ingest.proof import Dialect
from kpibar.ingest.pseudonyms import bind, key_path, load_key
from kpibar.ingest.seal import write_seal
from kpibar.ingest.topics import reasons
from kpibar.store import Store

_AGREEMENT = 0.95
_ENOUGH_TO_ASSERT = 20
_MOST_UNKNOWN = 20
_SCRATCH = ("typed", "mapped", "known", "batch", "incoming", "mentioned", "vendor_reasons", "text_reasons")


@dataclass(frozen=True)
class Options:
    """What the user said of the files: layout, zone of naive times, date order, brand, instant they speak up to.

    `as_of` is a UTC instant, or a text as a user writes it (see `as_of_instant`). `repair` allows a damaged record
    to be read where only one reading fits; a file with more rejects than `max_rejects` is refused.
    """

    layout: str | None = None
    timezone: str | None = None
    brand: str | None = None
    as_of: datetime | str | None = None
    dry_run: bool = False
    keep_text: bool = False
    date_order: str | None = None
    encoding: str | None = None
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

    `uncertain` counts records with a time in the hour that is skipped or repeated when clocks change. `same_as_before` tells when the same bytes were ingested, `extended` up to when they are now said to speak.
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
    uncertain: int = 0
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
    fields = known.get(wanted).fields if wanted else ()
    export = open_export(path, known.vocabulary(), options.encoding, fields or None)
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
        " rejected, dropped, repaired FROM files WHERE sha256 = ? AND source = ? AND entity = ? AND reading = ?"
        " AND encoding = ?",
        [sha256, file.source, file.layout.fills, compiled.hash, file.export.encoding],
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
        date_order=options.date_order or layout.date_order,
    )
    mapped = {value.casefold(): reason for value, reason in settings.reasons.items()}
    return Context(reading, file.brand, brand_zone, mapped, settings.hours, options.keep_text)


@dataclass
class _Progress:
    """What the batches of a file brought so far. `unknown` counts listed values by column and value."""

    targets: list[Target]
    records: int = 0
    faults: int = 0
    bad: int = 0
    folded: int = 0
    dropped: int = 0
    uncertain: int = 0
    added: Counter[str] = field(default_factory=Counter)
    newest: dict[str, datetime | None] = field(default_factory=dict)
    agreeing: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)


def _load(store: Store, file: _File, compiled: Plan, context: Context, options: Options) -> Outcome:
    """Everything that happens inside the file's transaction."""
    export, layout = file.export, file.layout
    first = ledger.next_file_id(store)
    targets = [Target(entity, file.source, first + number) for number, entity in enumerate(compiled.tables)]
    done = _Progress(targets)
    for target in targets:
        open_contested(store, target)
    names = tuple(column.written for column in export.columns)
    reader = Reader(Dialect(export.delimiter or ",", export.quote or '"', len(names), names), export.first_line)
    given = reader.batches(export.blocks()) if export.kind == "text" else reader.rows(export.rows())
    if compiled.grouped:
        _take_grouped(store, file, given, reader.dialect, context, done)
    else:
        _take_each(store, file, given, reader.dialect, context, done)
    return _finish(
        store, file, compiled, context, options, done, _lines(export, reader.account), reader.account.repaired
    )


def _take_each(
    store: Store, file: _File, given: Iterable[Batch], dialect: Dialect, context: Context, done: _Progress
) -> None:
    """The first, small batch settles the order of dates; a later one that contradicts it refuses the file."""
    path, settled = file.export.path, context.reading
    compiled = plan(file.layout, file.export.columns, context)
    for number, batch in enumerate(given):
        if number == 0:
            stage_batch(store, batch, dialect)
            settled = settle_dates(store.engine, path, compiled.dates, context.reading)
            compiled = plan(file.layout, file.export.columns, replace(context, reading=settled))
            store.engine.run(f"CREATE OR REPLACE TEMP TABLE typed AS {compiled.typed('staged', batch.plain)}")
            store.engine.run("DROP TABLE staged")
        else:
            type_batch(store, batch, dialect, compiled)
        rejected = done.bad
        _take_batch(store, batch, compiled, file.layout, done)
        if number and done.bad > rejected and settled.orders:
            stage_batch(store, batch, dialect)
            confirm(store.engine, path, compiled.dates, settled)
            store.engine.run("DROP TABLE staged")


def _take_grouped(
    store: Store, file: _File, given: Iterable[Batch], dialect: Dialect, context: Context, done: _Progress
) -> None:
    """Lines that are folded into one record may stand anywhere: all are there before the first is typed."""
    batches = []
    for batch in given:
        stage_batch(store, batch, dialect)
        batches.append(replace(batch, text=b""))
    compiled = plan(file.layout, file.export.columns, context)
    settled = settle_dates(store.engine, file.export.path, compiled.dates, context.reading)
    compiled = plan(file.layout, file.export.columns, replace(context, reading=settled))
    batch = joined(batches)
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE typed AS {compiled.typed('staged', batch.plain)}")
    store.engine.run("DROP TABLE staged")
    _take_batch(store, batch, compiled, file.layout, done)


def _take_batch(store: Store, batch: Batch, compiled: Plan, layout: Layout, done: _Progress) -> None:
    """Judge, classify and write the records of `typed`."""
    file_id = done.targets[0].file_id
    ledger.write_faults(store, file_id, [(fault.line, fault.line, fault.code, fault.reason) for fault in batch.faults])
    done.faults += len(batch.faults)
    done.bad += ledger.write_rejects(store, file_id, batch, compiled.grouped)
    done.uncertain += store.engine.rows(compiled.clock_changes)[0][0]
    _count_unknown(store, compiled, done)
    _count_agreeing(store, compiled, layout, done)
    classify(store, compiled)
    looked_up = look_up_pseudonyms(store, compiled)
    for target in done.targets:
        done.added[target.entity] += take(store, target, compiled, looked_up, done.records)
        latest = newest(store, compiled, target.entity)
        done.newest[target.entity] = max(filter(None, (latest, done.newest.get(target.entity))), default=None)
    folded = "coalesce(sum(lines_folded - 1), 0)::BIGINT" if compiled.grouped else "0"
    more, dropped = store.engine.rows(f"SELECT {folded}, count(*) FILTER (WHERE dropped) FROM typed")[0]
    done.folded, done.dropped = done.folded + more, done.dropped + dropped
    done.records += batch.records


def _finish(
    store: Store,
    file: _File,
    compiled: Plan,
    context: Context,
    options: Options,
    done: _Progress,
    lines: Lines,
    repaired: int,
) -> Outcome:
    """Settle what is contested, check the whole and enter it in the ledger."""
    path, layout = file.export.path, file.layout
    _check_assertions(path, layout, done)
    loaded: list[Loaded] = []
    as_of = None
    for number, target in enumerate(done.targets):
        entity = target.entity
        # All tables of a file speak up to the same instant, the main one's or a later one of their own.
        as_of = _as_of(options) or max(filter(None, (as_of, done.newest[entity])), default=None)
        counts = settle(store, target, as_of, compiled.tables[entity].filled, done.added[entity])
        if number == 0:
            counts = replace(
                counts,
                records=done.records + done.faults,
                folded=done.folded,
                rejected=done.bad + done.faults,
                dropped=done.dropped,
                repaired=repaired,
            )
            _refuse_rejects(store, path, counts, target.file_id, options.max_rejects)
        _enter(store, file, compiled, target, as_of, counts, Lines() if number else lines, context)
        held = compiled.tables[entity].held
        ledger.write_held(store, target.file_id, file.source, entity, held)
        loaded.append(Loaded(entity, counts, held))
    unknown = _write_unknown(store, done)
    for table in (*_SCRATCH, *(f"contested_{target.entity}" for target in done.targets)):
        store.engine.run(f"DROP TABLE IF EXISTS {table}")
    first = ledger.first_rejects(store, path.name, done.targets[0].file_id)
    return replace(
        file.outcome(tuple(loaded)), lines=lines, unknown=unknown, first_rejects=first, uncertain=done.uncertain
    )


def _lines(export: Export, account: Account) -> Lines:
    before = export.preamble + export.header_lines
    return Lines(
        account.total + before, export.preamble, export.header_lines, account.blank, account.footer, account.records,
        account.rejected,
    )  # fmt: skip


def _count_unknown(store: Store, compiled: Plan, done: _Progress) -> None:
    """Count the values of listed columns that the layout does not know."""
    for name, column in compiled.unknown.items():
        rows = store.engine.rows(f"SELECT {name}, count(*) FROM typed WHERE {name} IS NOT NULL GROUP BY 1")
        done.unknown.update({(column, value): n for value, n in rows})


def _write_unknown(store: Store, done: _Progress) -> tuple[tuple[str, str, int], ...]:
    """Keep the most frequent unknown values of each column, and return them."""
    found = []
    for column in dict.fromkeys(column for column, _ in done.unknown):
        values = [(value, n) for (own, value), n in done.unknown.items() if own == column]
        found += [(column, value, n) for value, n in sorted(values, key=lambda one: (-one[1], one[0]))[:_MOST_UNKNOWN]]
    for column, value, n in found:
        file_id = done.targets[0].file_id
        store.engine.run("INSERT INTO unknown_values VALUES (?, ?, ?, ?)", [file_id, column, value, n])
    return tuple(found)


def _count_agreeing(store: Store, compiled: Plan, layout: Layout, done: _Progress) -> None:
    """Count on how many records each of the layout's assertions can be judged, and on how many it holds."""
    for asserted in layout.asserted:
        table = compiled.tables[layout.fills]
        names = sorted(name for name in table.fields if re.search(rf"\b{name}\b", f"{asserted.left} {asserted.right}"))
        known, agreeing = store.engine.rows(
            f"SELECT count(*), count(*) FILTER (WHERE abs(a - b) <= {asserted.tolerance_s}) FROM "
            f"(SELECT ({asserted.left}) AS a, ({asserted.right}) AS b FROM ({compiled.field(layout.fills, *names)})) "
            "WHERE a IS NOT NULL AND b IS NOT NULL"
        )[0]
        done.known[asserted.name] += known
        done.agreeing[asserted.name] += agreeing


def _check_assertions(path: Path, layout: Layout, done: _Progress) -> None:
    """Refuse the file when one of the layout's assertions fails on more than 5 % of its records."""
    for asserted in layout.asserted:
        known, agreeing = done.known[asserted.name], done.agreeing[asserted.name]
        if known >= _ENOUGH_TO_ASSERT and agreeing < _AGREEMENT * known:
            raise LayoutContradicted(path, layout.name, asserted.name, agreeing, known)


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
    target: Target,
    as_of: datetime | None,
    counts: Counts,
    lines: Lines,
    context: Context,
) -> None:
    """Write the ledger entry, provided counts and lines add up. Raises LedgerBroken."""
    export = file.export
    entry = Entry(
        target.file_id, export.sha256, export.path.name, export.size, file.layout.name, file.source, target.entity,
        file.brand, export.encoding, export.delimiter, compiled.hash, as_of, counts, lines,
    )  # fmt: skip
    ledger.write_entry(store, entry, context.brand_zone)
