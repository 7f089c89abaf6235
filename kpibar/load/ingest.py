"""One export file -> one transaction: read, type, judge, merge, and prove that the counts add up.

The same bytes again change nothing. A file that fails leaves nothing behind and does not stop the others.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from kpibar.brands import names_by_fold
from kpibar.config import Config
from kpibar.database import ledger
from kpibar.database.engine import EngineError, room_for_exports
from kpibar.database.errors import MemoryShort
from kpibar.database.key import bind, key_path, load_key
from kpibar.database.ledger import Counts
from kpibar.database.seal import write_seal
from kpibar.database.store import Store
from kpibar.errors import KpibarError
from kpibar.layouts.errors import LayoutInvalid
from kpibar.layouts.layout import Layout, Shelf
from kpibar.layouts.settings import checked_settings, remember_settings
from kpibar.load.brands import join_stored, with_brand
from kpibar.load.errors import FileKnownOtherwise, TextRefused, ZoneChanged, ZoneNeeded
from kpibar.load.identify import IdentifiedFile, identify_file
from kpibar.load.mapping import Context
from kpibar.load.outcome import LoadedTable, Options, Outcome, Watch
from kpibar.load.plan import make_plan
from kpibar.load.repair import repairer
from kpibar.load.transaction import Task, load_file
from kpibar.load.trial import faulty_entry, parses
from kpibar.plausibility.brands import Names, load_names
from kpibar.privacy.disclosure import QUOTATION, show_words
from kpibar.values.instants import as_of_instant

# What a statement with the expressions of a user's own layout may take.
_SECONDS = 600.0


def ingest(
    store: Store,
    paths: Iterable[Path],
    config: Config,
    options: Options,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
    watch: Watch | None = None,
) -> list[Outcome]:
    """Load each file in its own transaction and call `on_outcome`, and `watch` while it is read.

    A file that fails does not stop the others.

    Raises what concerns no single file: KeyMissing, KeyUnusable, LayoutInvalid, LayoutUnknown, ConfigInvalid,
    InstantInvalid, MemoryShort.
    """
    if not room_for_exports():
        raise MemoryShort
    layouts = checked_settings(config)
    if options.layout:
        layouts.get(options.layout)
    bind(store, load_key(key_path(config.settings.project), create=store.meta("key_id") is None))
    # What was answered under other settings holds no longer.
    store.engine.run(
        "DROP TABLE IF EXISTS temp.vendor_reasons; "
        "CREATE OR REPLACE TEMP MACRO seconds(later, earlier) AS epoch(later) - epoch(earlier)"
    )
    if isinstance(options.as_of, str):
        zone = options.timezone or config.settings.timezone or store.meta("timezone")
        options = replace(options, as_of=as_of_instant(options.as_of, zone))
    outcomes = []
    for path in paths:
        try:
            outcomes.append(_ingest_file(store, path, layouts, config, options, watch))
            if not options.dry_run:
                write_seal(store)
        except KpibarError as error:
            outcomes.append(Outcome(path, error=error))
        except EngineError as error:
            outcomes.append(Outcome(path, error=_refusal(path, error)))
        on_outcome(outcomes[-1])
    return outcomes


def _ingest_file(
    store: Store, path: Path, layouts: Shelf, config: Config, options: Options, watch: Watch | None
) -> Outcome:
    names = load_names(store, names_by_fold(config.settings.brands))

    def fits(file: IdentifiedFile) -> bool:
        return _parses(store, file, config, options, names)

    file = with_brand(store, identify_file(path, layouts, config, options, fits), names)
    context = _context(store, file, config, options)
    file = _without_doubtful_columns(file, context)
    plan = make_plan(file.layout, file.export.columns, context)
    task = Task(file, plan, context, options, names, watch, lambda name: config.rule_for(name).twins == "separate")
    again = _known_already(store, task, config)
    if again is not None:
        return again
    try:
        with _time_limit(store, file, config), store.transaction(keep=not options.dry_run):
            store.remember("timezone", context.day_zone)
            remember_settings(store, config, file.layout, file.export.sha256, file.source)
            return load_file(store, replace(task, names=join_stored(store, names)))
    except EngineError as error:
        where, words = Path(layouts.paths[file.layout.name]), _without_values(error, file.layout)
        if error.fault == "time":
            raise LayoutInvalid(where, f"a statement of its SQL {error} on {path}: simplify its expressions") from error
        entry = faulty_entry(store, task) if error.statement else None
        if entry is None:
            raise
        raise LayoutInvalid(where, f"its SQL does not run on {path}: {entry}: {words}") from error


def _refusal(path: Path, error: EngineError) -> KpibarError:
    """What a refusal of the engine means for a file. Raises EngineError where it means something for all of them."""
    if error.fault == "memory":
        return MemoryShort()
    if error.fault in ("disk", "damage"):
        raise error
    return TextRefused(path, error.lines, show_words(str(error), lambda word: False))


def _without_values(error: EngineError, layout: Layout) -> str:
    """What the engine says, with what it quotes blanked, unless the layout says it: a cell may be personal."""
    expressions = (
        *layout.select.values(),
        *(also_value for also in layout.also.values() for also_value in (also.where, *also.select.values())),
        layout.keep or "",
    )
    literals = {match[2] for expression in expressions for match in QUOTATION.finditer(expression)}
    literals |= {*layout.vocabulary(), *layout.formats}
    return show_words(str(error), literals.__contains__)


def _time_limit(store: Store, file: IdentifiedFile, config: Config) -> AbstractContextManager[None]:
    """A limit for each statement where the expressions of a layout are the user's own."""
    is_own_layout = file.is_own_layout or file.layout.name in config.settings.layouts
    return store.engine.limit_time(_SECONDS) if is_own_layout else nullcontext()


def _parses(store: Store, file: IdentifiedFile, config: Config, options: Options, names: Names) -> bool:
    """Whether the layout of a file can read its first records, in any time zone where none is stated."""
    try:
        context = _context(store, file, config, options)
    except ZoneNeeded:
        context = _context(store, replace(file, timezone="UTC"), config, options)
    return parses(store, Task(file, make_plan(file.layout, file.export.columns, context), context, options, names))


def _without_doubtful_columns(file: IdentifiedFile, context: Context) -> IdentifiedFile:
    """The file without its unnamed last columns, where a decimal comma in each record explains the cells there."""
    export = file.export
    if not export.padding or export.kind != "text":
        return file
    column_tests = repairer(file.layout, export.columns, context, export.dialect)
    if not column_tests.splits_numbers(export.sample):
        return file
    return replace(file, export=replace(export, columns=export.columns[: -export.padding], padding=0))


def _known_already(store: Store, task: Task, config: Config) -> Outcome | None:
    """The outcome for bytes that were last ingested in the same reading, None for what is new.

    A later --as-of is news even so: the same records, still true at a later date. A file is read again where another
    one's period took records out since: these may be its own too.
    """
    file, options, sha256 = task.file, task.options, task.file.export.sha256
    rows = store.engine.rows(
        "SELECT file_id, ingested_at, as_of, records, 0, 0, added + updated + unchanged, superseded, folded,"
        " rejected, dropped, repaired FROM files WHERE sha256 = ? AND source = ? AND entity = ? AND reading = ?"
        f" AND encoding = ? AND {ledger.LAST_READING} AND NOT {ledger.REMOVED_SINCE}",
        [sha256, file.source, file.layout.fills, task.reading_id, file.export.encoding],
    )
    if not rows:
        _refuse_other_brand(store, file)
        return None
    file_id, when, as_of, *fates = rows[0]
    if not options.dry_run:
        with store.transaction():
            remember_settings(store, config, file.layout, sha256, file.source)
    later = options.instant
    new_as_of = later if later is not None and (as_of is None or later > as_of) else None
    if new_as_of and not options.dry_run:
        with store.transaction():
            ledger.extend(store, sha256, file.source, new_as_of)
    columns = ledger.columns_of_file(store, file_id)
    outcome = file.outcome((LoadedTable(file.layout.fills, Counts(*fates), columns),))
    return replace(outcome, same_as_before=when, new_as_of=new_as_of)


def _refuse_other_brand(store: Store, file: IdentifiedFile) -> None:
    """Raises FileKnownOtherwise."""
    before = store.engine.rows(
        "SELECT source FROM files WHERE sha256 = ? AND layout = ? AND source <> ?",
        [file.export.sha256, file.layout.name, file.source],
    )
    if before:
        raise FileKnownOtherwise(file.export.path, file.source, before[0][0])


def _context(store: Store, file: IdentifiedFile, config: Config, options: Options) -> Context:
    """Zones and settings for a file. Raises ZoneNeeded.

    Even times with an offset need the brand's zone: a day is its day. The first one stated is the database's.
    """
    layout, settings = file.layout, config.settings
    zone_option = file.timezone or settings.timezone or store.meta("timezone")
    if zone_option is None:
        raise ZoneNeeded(file.export.path)
    stored_zone = store.meta("timezone")
    if settings.timezone and stored_zone and settings.timezone != stored_zone:
        raise ZoneChanged(store.path, stored_zone, settings.timezone)
    brand_zone = stored_zone or settings.timezone or zone_option
    return Context(
        zone=zone_option if layout.zone == "account" else layout.zone,
        day_zone=brand_zone,
        zones={column.normal: column.zone for column in file.export.columns if column.zone},
        formats=layout.formats,
        decimal=layout.decimal,
        enums=layout.enum,
        calling_code=settings.country_calling_code,
        date_order=options.date_order or layout.date_order,
        brand=file.brand,
        reasons=settings.reasons,
        hours=settings.hours,
        keep_text=options.keep_text,
        brands=names_by_fold(settings.brands),
    )
