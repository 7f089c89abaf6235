"""One export file -> one transaction: read, type, judge, merge, and prove that the counts add up.

A record is identified by (source, record id). The newer version wins: by the record's own `updated_at` when both
versions have one, else by the instant up to which their exports speak, else the one ingested last. The same
bytes again change nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kpibar.config import Config, FileRule
from kpibar.errors import HeaderDuplicated, KpibarError, LayoutContradicted, LedgerBroken, ZoneNeeded
from kpibar.ingest.expressions import Reading, local_time, pseudonym
from kpibar.ingest.files import Blank, Export, Fault, Record, open_export, records
from kpibar.ingest.header import normal
from kpibar.ingest.layouts import Layout, Shelf, chosen, identify, shelf
from kpibar.ingest.normalise import Context, Plan, order_mentions, plan
from kpibar.ingest.pseudonyms import bind, key_path, load_key
from kpibar.ingest.tables import HAPPENED, KEYS, columns
from kpibar.store import Store

BATCH = 50_000
_AGREEMENT = 0.95
_ENOUGH_TO_ASSERT = 20


@dataclass(frozen=True)
class Options:
    """What the user said of the files: layout, zone of naive times, brand, instant the export speaks up to."""

    layout: str | None = None
    timezone: str | None = None
    brand: str | None = None
    as_of: datetime | None = None
    dry_run: bool = False
    keep_text: bool = False


@dataclass(frozen=True)
class Counts:
    """What became of the records of a file; `records` is the sum of the others."""

    records: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    folded: int = 0
    rejected: int = 0
    dropped: int = 0

    @property
    def accounted(self) -> int:
        """The sum of every fate; equals `records` or the transaction is rolled back."""
        return (
            self.added + self.updated + self.unchanged + self.superseded + self.folded + self.rejected + self.dropped
        )


@dataclass(frozen=True)
class Loaded:
    """One table filled from one file."""

    entity: str
    counts: Counts
    held: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `error` is set when nothing of it was loaded."""

    path: Path
    layout: str = ""
    source: str = ""
    encoding: str = ""
    delimiter: str = ""
    tables: tuple[Loaded, ...] = ()
    unknown: tuple[tuple[str, str, int], ...] = ()
    first_rejects: tuple[str, ...] = ()
    same_as_before: datetime | None = None
    error: KpibarError | None = field(default=None, compare=False)

    @property
    def counts(self) -> Counts:
        """The counts of the file's main table."""
        return self.tables[0].counts if self.tables else Counts()


def ingest(
    store: Store,
    paths: Iterable[Path],
    config: Config,
    options: Options,
    progress: Callable[[Path], None] = lambda path: None,
) -> list[Outcome]:
    """Load each file in its own transaction; a file that fails does not stop the others.

    Raises what concerns no single file: KeyMissing, KeyUnusable, LayoutInvalid, LayoutUnknown.
    """
    known = shelf(config.folder, config.settings.layouts)
    if options.layout:
        known.get(options.layout)
    bind(store, load_key(key_path(config.settings.project)))
    store.engine.run("CREATE OR REPLACE TEMP MACRO seconds(later, earlier) AS epoch(later) - epoch(earlier)")
    outcomes = []
    for path in paths:
        progress(path)
        try:
            outcomes.append(_ingest_file(store, path, known, config, options))
        except KpibarError as error:
            outcomes.append(Outcome(path, error=error))
    return outcomes


def _ingest_file(store: Store, path: Path, known: Shelf, config: Config, options: Options) -> Outcome:
    rule = config.rule_for(path.name)
    wanted = options.layout or rule.layout
    export = open_export(path, (known.get(wanted) if wanted else known).vocabulary())
    header = [column.normal for column in export.columns]
    layout = chosen(path, wanted, header, known) if wanted else identify(path, header, known)
    _refuse_duplicates(export, layout)
    brand = options.brand or rule.brand or config.settings.brand
    source = layout.name if brand is None else f"{layout.name}/{brand}"
    again = _known_already(store, export, source, layout, options)
    if again is not None:
        return again
    with store.transaction(keep=not options.dry_run):
        context = _context(store, export, layout, config, options, rule, brand)
        return _load(store, export, layout, source, brand, context, options)


def _refuse_duplicates(export: Export, layout: Layout) -> None:
    seen: set[str] = set()
    read = layout.vocabulary()
    for column in export.columns:
        if column.normal in seen and column.normal in read:
            raise HeaderDuplicated(export.path, export.header_line, column.name)
        seen.add(column.normal)


def _known_already(
    store: Store, export: Export, source: str, layout: Layout, options: Options
) -> Outcome | None:
    """The outcome for bytes that were ingested before, None for new ones.

    A later --as-of is news even so: the same records, still true at a later date.
    """
    rows = store.engine.rows(
        "SELECT file_id, ingested_at, records, added + updated + unchanged, superseded, folded, rejected, dropped,"
        " as_of FROM files WHERE sha256 = ? AND source = ? AND entity = ?",
        [export.sha256, source, layout.fills],
    )
    if not rows:
        return None
    file_id, when, records, kept, superseded, folded, rejected, dropped, as_of = rows[0]
    if options.as_of and not options.dry_run and (as_of is None or options.as_of > as_of):
        with store.transaction():
            _set_as_of(store, export.sha256, source, options.as_of)
    counts = Counts(records, 0, 0, kept, superseded, folded, rejected, dropped)
    return Outcome(
        export.path,
        layout.name,
        source,
        export.encoding,
        export.delimiter,
        (Loaded(layout.fills, counts, _columns_held(store, file_id)),),
        same_as_before=when,
    )


def _columns_held(store: Store, file_id: int) -> tuple[str, ...]:
    rows = store.engine.rows("SELECT column_name FROM columns_held WHERE file_id = ? ORDER BY ALL", [file_id])
    return tuple(row[0] for row in rows)


def _context(
    store: Store,
    export: Export,
    layout: Layout,
    config: Config,
    options: Options,
    rule: FileRule,
    brand: str | None,
) -> Context:
    """Zones and settings for a file; the first zone a database hears of becomes its brand's zone."""
    stated = options.timezone or rule.timezone or config.settings.timezone or store.meta("timezone")
    if stated is None and layout.zone != "account":
        stated = layout.zone
    if stated is None:
        raise ZoneNeeded(export.path)
    brand_zone = config.settings.timezone or store.meta("timezone") or stated
    store.remember("timezone", brand_zone)
    zones = {column.normal: column.zone for column in export.columns if column.zone}
    reading = Reading(
        zone=stated if layout.zone == "account" else layout.zone,
        day_zone=brand_zone,
        zones=_Zones(zones),
        formats=layout.formats,
        decimal=layout.decimal,
        enums=layout.enum,
        calling_code=config.settings.country_calling_code,
    )
    reasons = {value.casefold(): reason for value, reason in config.settings.reasons.items()}
    return Context(reading, brand, brand_zone, reasons, config.settings.hours, options.keep_text)


class _Zones(dict[str, str]):
    """Zones by header name, found whatever the spelling."""

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return super().get(normal(name), default)


def _load(
    store: Store,
    export: Export,
    layout: Layout,
    source: str,
    brand: str | None,
    context: Context,
    options: Options,
) -> Outcome:
    """Everything that happens inside the file's transaction."""
    engine = store.engine
    file_id = engine.rows("SELECT coalesce(max(file_id), 0) + 1 FROM files")[0][0]
    read, faults, blanks = _stage(store, export, file_id)
    compiled = plan(layout, export.columns, context)
    engine.run(f"CREATE OR REPLACE TEMP TABLE cells AS {compiled.cells}")
    engine.run(f"CREATE OR REPLACE TEMP TABLE typed AS {compiled.typed}")
    unknown = _count_unknown(store, export, compiled, layout, file_id)
    loaded = []
    for number, (entity, mapped) in enumerate(compiled.mapped.items()):
        engine.run(f"CREATE OR REPLACE TEMP TABLE mapped AS {mapped}")
        main = number == 0
        if main:
            _check_assertions(store, export.path, layout, compiled)
        as_of = options.as_of or _newest(store, entity)
        counts = _merge(store, entity, source, file_id + number, as_of)
        if main:
            counts = _complete(store, counts, read, faults, blanks, file_id, compiled)
        _write_ledger(store, file_id + number, export, layout, source, entity, brand, as_of, counts, context)
        _write_held(store, file_id + number, source, entity, compiled)
        if counts.accounted != counts.records:
            raise LedgerBroken(str(export.path), counts.records, counts.accounted)
        loaded.append(Loaded(entity, counts, compiled.held[entity]))
    for table in ("staged", "cells", "typed", "mapped", "batch", "incoming"):
        engine.run(f"DROP TABLE IF EXISTS {table}")
    return Outcome(
        export.path,
        layout.name,
        source,
        export.encoding,
        export.delimiter,
        tuple(loaded),
        unknown,
        _first_rejects(store, export, file_id),
    )


def _stage(store: Store, export: Export, file_id: int) -> tuple[int, int, int]:
    """Put every record's text into `staged`; return how many records, faulty lines and blanks were read."""
    width = len(export.columns)
    listed = ", ".join(f"c{i} VARCHAR" for i in range(width))
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE staged (line BIGINT, {listed})")
    counted = {Record: 0, Fault: 0, Blank: 0}
    batch: list[Record] = []
    faults: list[Fault] = []
    for item in records(export):
        counted[type(item)] += 1
        if isinstance(item, Record):
            batch.append(item)
            if len(batch) >= BATCH:
                _append(store, batch, width)
                batch = []
        elif isinstance(item, Fault):
            faults.append(item)
    _append(store, batch, width)
    for fault in faults:
        store.engine.run(
            "INSERT INTO rejects VALUES (?, ?, NULL, NULL, ?, ?)",
            [file_id, fault.line, fault.code, fault.reason],
        )
    return counted[Record], counted[Fault], counted[Blank]


def _append(store: Store, batch: list[Record], width: int) -> None:
    if not batch:
        return
    cells = zip(*(record.cells for record in batch), strict=True)
    staged: dict[str, list[int] | tuple[str, ...]] = {"line": [record.line for record in batch]}
    staged |= dict(zip((f"c{i}" for i in range(width)), cells, strict=True))
    store.engine.append("staged", staged)


def _count_unknown(
    store: Store, export: Export, compiled: Plan, layout: Layout, file_id: int
) -> tuple[tuple[str, str, int], ...]:
    """Values of listed columns that the layout does not know, most frequent first."""
    found = []
    positions = {column.normal: i for i, column in enumerate(export.columns)}
    for call in compiled.enums.values():
        cell = f"c{positions[normal(call.column)]}"
        known = [value.casefold() for value in layout.enum[call.argument]]
        rows = store.engine.rows(
            f"SELECT left({cell}, 60), count(*) FROM cells WHERE {cell} IS NOT NULL "
            f"AND NOT list_contains(?::VARCHAR[], lower({cell})) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
            [known],
        )
        found += [(call.column, value, n) for value, n in rows]
    for column, value, n in found:
        store.engine.run("INSERT INTO unknown_values VALUES (?, ?, ?, ?)", [file_id, column, value, n])
    return tuple(found)


def _check_assertions(store: Store, path: Path, layout: Layout, compiled: Plan) -> None:
    """Refuse the file when one of the layout's assertions fails on more than 5 % of its records."""
    for asserted in layout.asserted:
        known, agreeing = store.engine.rows(
            f"SELECT count(*), count(*) FILTER (WHERE abs(a - b) <= {asserted.tolerance_s}) FROM "
            f"(SELECT ({asserted.left}) AS a, ({asserted.right}) AS b FROM mapped WHERE bad IS NULL) "
            "WHERE a IS NOT NULL AND b IS NOT NULL"
        )[0]
        if known >= _ENOUGH_TO_ASSERT and agreeing < _AGREEMENT * known:
            raise LayoutContradicted(path, layout.name, asserted.name, agreeing, known)


def _newest(store: Store, entity: str) -> datetime | None:
    """The newest instant at which something happened, never later than now."""
    held = ", ".join(HAPPENED[entity])
    rows = store.engine.rows(f"SELECT max(greatest({held})) FROM mapped WHERE bad IS NULL")
    newest: datetime | None = rows[0][0]
    return min(newest, datetime.now(UTC).replace(tzinfo=None)) if newest else None


def _merge(store: Store, entity: str, source: str, file_id: int, as_of: datetime | None) -> Counts:
    """Merge `mapped` into the canonical table; the newest version of each record stays."""
    engine, key = store.engine, KEYS[entity].id
    names = [column for column in columns(entity) if column not in ("file_id", "source")]
    listed = ", ".join(names)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE batch AS SELECT *, row_number() OVER "
        f"(PARTITION BY {key} ORDER BY updated_at DESC NULLS LAST, line DESC) AS version "
        "FROM mapped WHERE bad IS NULL AND NOT keyless"
    )
    differs = " OR ".join(f"b.{name} IS DISTINCT FROM t.{name}" for name in names)
    older = (
        "CASE WHEN b.updated_at IS NOT NULL AND t.updated_at IS NOT NULL THEN b.updated_at < t.updated_at "
        "ELSE coalesce(CAST(? AS TIMESTAMP) < f.as_of, FALSE) END"
    )
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT b.*, CASE WHEN t.{key} IS NULL THEN 'added' "
        f"WHEN NOT ({differs}) THEN 'unchanged' WHEN {older} THEN 'superseded' ELSE 'updated' END AS fate "
        f"FROM batch b LEFT JOIN {entity} t ON t.source = ? AND t.{key} = b.{key} "
        "LEFT JOIN files f ON f.file_id = t.file_id WHERE b.version = 1",
        [as_of, source],
    )
    engine.run(
        f"DELETE FROM {entity} WHERE source = ? AND {key} IN (SELECT {key} FROM incoming WHERE fate = 'updated')",
        [source],
    )
    engine.run(
        f"INSERT INTO {entity} (file_id, source, {listed}) SELECT ?, ?, {listed} FROM incoming "
        "WHERE fate IN ('added', 'updated')",
        [file_id, source],
    )
    if entity == "contacts":
        _write_mentions(store, source)
    fates: dict[str, int] = dict(engine.rows("SELECT fate, count(*) FROM incoming GROUP BY fate"))
    valid = engine.rows("SELECT count(*), count(*) FILTER (WHERE version > 1) FROM batch")[0]
    return Counts(
        records=valid[0],
        added=fates.get("added", 0),
        updated=fates.get("updated", 0),
        unchanged=fates.get("unchanged", 0),
        superseded=fates.get("superseded", 0) + valid[1],
    )


def _write_mentions(store: Store, source: str) -> None:
    """Remember, as pseudonyms, the order-number candidates in the text of the contacts just written."""
    store.engine.run(
        "DELETE FROM mentions WHERE source = ? AND contact_id IN (SELECT contact_id FROM incoming WHERE fate = 'updated')",
        [source],
    )
    key = pseudonym("'order:' || upper(number)")
    store.engine.run(
        f"INSERT INTO mentions SELECT DISTINCT ?, contact_id, {key} FROM (SELECT contact_id, "
        f"unnest({order_mentions('all_text')}) AS number FROM incoming WHERE fate IN ('added', 'updated') "
        "AND all_text IS NOT NULL) WHERE number <> ''",
        [source],
    )


def _complete(
    store: Store, counts: Counts, read: int, faults: int, blanks: int, file_id: int, compiled: Plan
) -> Counts:
    """Write the rejects of the typing step and account for every line that was read."""
    engine = store.engine
    engine.run(
        "INSERT INTO rejects SELECT ?, line, bad.name, bad.shape, 'value', bad.reason FROM mapped WHERE bad IS NOT NULL",
        [file_id],
    )
    engine.run(
        "INSERT INTO rejects SELECT ?, line, NULL, NULL, 'key', 'its identifier or its date is empty' "
        "FROM mapped WHERE bad IS NULL AND keyless",
        [file_id],
    )
    # A group is judged as a whole; the lines beyond its first are folded, whatever became of it.
    folded, dropped, bad = engine.rows(
        "SELECT coalesce(sum(lines_folded - 1), 0)::BIGINT, count(*) FILTER (WHERE dropped),"
        " (SELECT count(*) FROM mapped WHERE bad IS NOT NULL OR keyless) FROM typed"
    )[0]
    return Counts(
        records=read + faults + blanks,
        added=counts.added,
        updated=counts.updated,
        unchanged=counts.unchanged,
        superseded=counts.superseded,
        folded=folded,
        rejected=bad + faults,
        dropped=dropped + blanks,
    )


def _write_ledger(
    store: Store,
    file_id: int,
    export: Export,
    layout: Layout,
    source: str,
    entity: str,
    brand: str | None,
    as_of: datetime | None,
    counts: Counts,
    context: Context,
) -> None:
    local_day = f"CAST({local_time('CAST(? AS TIMESTAMP)', context.brand_zone)} AS DATE)"
    store.engine.run(
        f"INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {local_day}, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file_id,
            export.sha256,
            export.path.name,
            layout.name,
            source,
            entity,
            brand,
            export.encoding,
            export.delimiter,
            as_of,
            as_of,
            datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            counts.records,
            counts.added,
            counts.updated,
            counts.unchanged,
            counts.superseded,
            counts.folded,
            counts.rejected,
            counts.dropped,
        ],
    )
    _refresh_source(store, source, entity)


def _refresh_source(store: Store, source: str, entity: str) -> None:
    store.engine.run("DELETE FROM sources WHERE source = ? AND entity = ?", [source, entity])
    store.engine.run(
        "INSERT INTO sources SELECT source, entity, max(as_of), max(as_of_on) FROM files "
        "WHERE source = ? AND entity = ? GROUP BY source, entity",
        [source, entity],
    )


def _set_as_of(store: Store, sha256: str, source: str, as_of: datetime) -> None:
    """Note that a known file still speaks at a later instant."""
    zone = store.meta("timezone") or "UTC"
    local_day = f"CAST({local_time('CAST(? AS TIMESTAMP)', zone)} AS DATE)"
    store.engine.run(
        f"UPDATE files SET as_of = ?, as_of_on = {local_day} WHERE sha256 = ? AND source = ?",
        [as_of, as_of, sha256, source],
    )
    for (entity,) in store.engine.rows(
        "SELECT DISTINCT entity FROM files WHERE sha256 = ? AND source = ?", [sha256, source]
    ):
        _refresh_source(store, source, entity)


def _write_held(store: Store, file_id: int, source: str, entity: str, compiled: Plan) -> None:
    for column in compiled.held[entity]:
        store.engine.run("INSERT INTO columns_held VALUES (?, ?, ?, ?)", [file_id, source, entity, column])


def _first_rejects(store: Store, export: Export, file_id: int) -> tuple[str, ...]:
    """The first rejects of a file, as the lines of text a person would look up."""
    rows = store.engine.rows(
        "SELECT line, column_name, shape, reason FROM rejects WHERE file_id = ? ORDER BY line LIMIT 3", [file_id]
    )
    return tuple(describe(export.path.name, *row) for row in rows)


def describe(name: str, line: int, column: str | None, shape: str | None, reason: str) -> str:
    """One reject in words: file, line, column, what was found and what is wrong with it."""
    if column is None:
        return f"{name}:{line}: {reason}"
    return f'{name}:{line}: column "{column}": "{shape}" {reason}'


