"""What happens inside a file's transaction: its batches are typed, judged and written, then settled and entered."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from kpibar.database import ledger
from kpibar.database.engine import EngineError
from kpibar.database.ledger import Counts, Entry, Lines, Statement
from kpibar.database.store import Store
from kpibar.layouts.layout import growth
from kpibar.load import rejects
from kpibar.load.brands import SPELLINGS, find_spellings, remarks_on_orders, remarks_on_spellings, write_names
from kpibar.load.classification import classify, count_unmapped, look_up_pseudonyms
from kpibar.load.codes import CODES, find_codes, spellings_of
from kpibar.load.counts import (
    DAMAGED_TEXT,
    LINE_BLANK,
    LINE_END_MISSING,
    LINE_IN_QUOTES,
    Tally,
    check_assertions,
    count_agreeing,
    count_later,
    count_records,
    count_typed,
    count_uncertain,
    count_unknown,
    newest_left_aside,
    note_newest,
    second_header,
    write_remarks,
    write_unknown,
)
from kpibar.load.errors import AllRejected, TooManyRejects, TooManyRepairs, TwinsHeld
from kpibar.load.forgotten import ForgottenRegister, leave_out, load_forgotten, note_emptied_texts
from kpibar.load.identifiers import restore_identifiers
from kpibar.load.identify import IdentifiedFile, leave_aside, remove_earlier
from kpibar.load.mapping import Context
from kpibar.load.masks import mask_identifiers
from kpibar.load.merge import Target, same_elsewhere, settle, take
from kpibar.load.outcome import DEFAULT_LIMIT, Limit, LoadedTable, Options, Outcome, Watch
from kpibar.load.plan import Plan, make_plan
from kpibar.load.repair import Repairer, repairer
from kpibar.load.staging import stage_batch, type_batch
from kpibar.load.typed import BROKEN_GROUPS
from kpibar.load.unread import count_unread, refuse_rounded
from kpibar.plausibility.answers import count_odd_answers
from kpibar.plausibility.brands import Names
from kpibar.plausibility.open_records import ENOUGH as FEWEST_SETTLED
from kpibar.plausibility.open_records import OUTCOMES, files_without_open_records
from kpibar.plausibility.references import ORDERS_MISSED, orders_missed
from kpibar.plausibility.twins import find_twins
from kpibar.plausibility.uniformity import ENOUGH as FEWEST_UNIFORM
from kpibar.plausibility.uniformity import count_uniform
from kpibar.privacy.disclosure import NAMED_FROM
from kpibar.read.columns import normal
from kpibar.read.errors import HeaderMoved
from kpibar.read.export import Export
from kpibar.read.mojibake import restore
from kpibar.read.reader import Account, Batch, Reader, join_batches, sizes_for
from kpibar.read.scan import Dialect
from kpibar.read.tables import Row
from kpibar.read.workbook_marks import NO_RESULT
from kpibar.values.date_order import confirm, confirm_formats, not_iso
from kpibar.values.date_order import settle as settle_dates
from kpibar.values.decimal_signs import CODE as DECIMAL_SIGN
from kpibar.values.decimal_signs import settle_decimals, signs_shown
from kpibar.values.half_days import CODE as TWELVE_HOURS
from kpibar.values.half_days import count_half_days
from kpibar.values.instants import instant_in_name
from kpibar.values.macros import with_macros
from kpibar.values.ticks import CODE as TICK_COLUMN
from kpibar.values.ticks import settle_ticks, tick_counts

_SCRATCH = (
    BROKEN_GROUPS, "typed", "mapped", "known", "batch", "incoming", "mentioned", "unheard", "said_reasons", "unmapped",
    SPELLINGS, *map(spellings_of, CODES),
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """A file, how it is read before its own dates have been looked at, and what its batches brought so far.

    `options` is what the user stated for it; `separate` tells of a file's name whether its records are wanted though
    another source has them too. Within the file's transaction, `targets` are the tables it fills, `before` is how many
    records these had, `register` what is not to be taken in again.
    """

    file: IdentifiedFile
    first_plan: Plan
    context: Context
    options: Options
    names: Names
    watch: Watch | None = None
    separate: Callable[[str], bool] = lambda name: False
    targets: tuple[Target, ...] = ()
    before: Mapping[str, int] = field(default_factory=dict)
    register: ForgottenRegister = field(default_factory=ForgottenRegister)
    tally: Tally = field(default_factory=Tally)

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.export.path

    @property
    def reading_id(self) -> str:
        """A hash of how it is read: it changes when the same bytes would be read differently."""
        parts = (self.first_plan.hash, "" if self.options.repair else "as-it-is", str(self.file.period))
        return "-".join(filter(None, parts))

    @property
    def dialect(self) -> Dialect:
        """How its records are written."""
        return replace(self.file.export.dialect, free=self.first_plan.free)

    def repairer(self) -> Repairer:
        """What puts a broken line right."""
        return repairer(self.file.layout, self.file.export.columns, self.context, self.dialect)

    def plan(self, context: Context) -> Plan:
        """How it is read once its own dates have been looked at."""
        same = context == self.context
        return self.first_plan if same else make_plan(self.file.layout, self.file.export.columns, context)


def load_file(store: Store, task: Task) -> Outcome:
    """Everything that happens inside the file's transaction."""
    export = task.file.export
    first, before = ledger.before_file(store, task.first_plan.tables)
    targets = tuple(
        Target(name, task.file.source, first + number, export.sha256)
        for number, name in enumerate(task.first_plan.tables)
    )
    task = replace(task, targets=targets, before=before, register=load_forgotten(store), tally=Tally())
    reader = Reader(
        task.dialect, export.first_line, task.repairer, repair=task.options.repair, group=group_place(task),
        path=export.path, sizes=sizes_for(growth(task.file.layout)),
    )  # fmt: skip
    task.tally.remarks["double_encoding", ""] += export.mojibake_lines
    text = export.kind == "text"
    batches = reader.batches(_watch_blocks(task, reader)) if text else reader.rows(_sheet_rows(task, task.tally))
    notation = (_take_grouped if task.first_plan.has_groups else _take_each)(store, task, batches)
    return _finish(store, task, reader.account, _statement_of(task, notation))


def _watch_blocks(task: Task, reader: Reader) -> Iterator[bytes]:
    """The blocks of a text; whoever watches is told how far it is read."""
    bytes_read = 0
    for block in task.file.export.blocks():
        yield block
        bytes_read += len(block)
        if task.watch:
            account = reader.account
            task.watch(task.path, bytes_read, task.file.export.size, account.records, account.rejects)


def _sheet_rows(task: Task, tally: Tally) -> Iterator[Row]:
    """The rows of an export; UTF-8 that was encoded twice is restored, a formula without result in free text empty."""
    free = task.dialect.free
    for line, row in task.file.export.rows():
        cells = row
        if NO_RESULT in cells:
            cells = ["" if at in free and text == NO_RESULT else text for at, text in enumerate(cells)]
            tally.remarks["formula_unread", ""] += NO_RESULT not in cells
        if not all(map(str.isascii, cells)):
            texts = [restore(cell) for cell in cells]
            tally.remarks["double_encoding", ""] += texts != cells
            cells = texts
        yield line, cells
    for code, records in task.file.export.remarks.items():
        tally.remarks[code, ""] += records


def _take_each(store: Store, task: Task, batches: Iterable[Batch]) -> Context:
    """The first, small batch settles the order of dates; a later one that contradicts it refuses the file."""
    plan, notation = task.first_plan, task.context
    for number, batch in enumerate(batches):
        with _name_lines(batch):
            plan, notation = _take_next(store, task, number, batch, plan, notation)
    return notation


def _take_next(
    store: Store, task: Task, number: int, batch: Batch, plan: Plan, notation: Context
) -> tuple[Plan, Context]:
    if number == 0:
        stage_batch(store, batch, task.dialect, 0)
        count_unread(store, task.file, plan, task.tally.remarks)
        plan, notation = type_staged(store, task, batch, task.tally.remarks)
    else:
        type_batch(store, batch, task.dialect, plan)
    rejects_before = task.tally.bad
    _take_batch(store, task, batch, plan)
    if number and task.tally.bad > rejects_before and notation.orders:
        stage_batch(store, batch, task.dialect, 0)
        confirm(store.engine, task.path, plan.dates, notation, batch.lines)
        store.engine.run("DROP TABLE staged")
    if number:
        confirm_formats(store.engine, task.path, plan.strange)
    return plan, notation


@contextmanager
def _name_lines(batch: Batch) -> Iterator[None]:
    """What the engine refuses meanwhile is in these lines."""
    try:
        yield
    except EngineError as error:
        if len(batch.lines):
            error.lines = int(batch.lines[0]), int(batch.last_lines[-1])
        raise


def _take_grouped(store: Store, task: Task, all_batches: Iterable[Batch]) -> Context:
    """Lines that are folded into one record may stand anywhere: all are there before the first is typed."""
    batches, before = [], 0
    for batch in all_batches:
        with _name_lines(batch):
            stage_batch(store, batch, task.dialect, before)
        before += batch.records
        batches.append(replace(batch, text=b""))
    batch = join_batches(batches)
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {BROKEN_GROUPS} (name VARCHAR)")
    names = sorted({fault.group for fault in batch.faults} - {""})
    if names:
        store.engine.append(BROKEN_GROUPS, {"name": names})
    count_unread(store, task.file, task.first_plan, task.tally.remarks)
    plan, notation = type_staged(store, task, batch, task.tally.remarks)
    _take_batch(store, task, batch, plan)
    return notation


def _statement_of(task: Task, notation: Context) -> Statement:
    """What was said of the file; and the order its dates showed, which a few of its records may not show."""
    options, export = task.options, task.file.export
    orders = set(notation.orders.values()) - {""}
    order = orders.pop() if len(orders) == 1 and notation.stated_order is None else None
    encoding = options.encoding if export.kind == "text" else None
    period = task.file.period
    return Statement(
        task.file.timezone, options.date_order or order, encoding, options.keep_text, period.first, period.last
    )


def group_place(task: Task) -> int | None:
    """The place of the column by which the layout folds lines into one record."""
    group, columns = task.file.layout.group, task.file.export.columns
    names = [column.normal for column in columns]
    return names.index(normal(group)) if group and normal(group) in names else None


def type_staged(
    store: Store, task: Task, batch: Batch, remarks: Counter[tuple[str, str]] | None = None
) -> tuple[Plan, Context]:
    """Turn `staged` into `typed`, its dates, decimals and ticks read as they show themselves (`remarks`)."""
    run, rows = store.engine.run, store.engine.rows
    dates, numbers, flags = task.first_plan.dates, task.first_plan.numbers, task.first_plan.flags
    aggregates = [*not_iso(dates.values()), signs_shown(numbers.values()), *tick_counts(flags.values())]
    total, *shown_by = rows(f"SELECT count(*), {', '.join(aggregates)} FROM staged")[0]
    doubtful = {name: cell for (name, cell), flag in zip(dates.items(), shown_by, strict=False) if flag}
    signs, ticks = shown_by[len(dates)], shown_by[len(dates) + 1 :]
    notation = settle_dates(store.engine, task.path, doubtful, task.context, batch.lines)
    notation, remarks_on_signs = settle_decimals(store.engine, numbers if signs else {}, notation)
    notation, remarks_on_ticks = settle_ticks(list(flags), total, ticks, notation)
    if remarks is not None:
        remarks.update({(DECIMAL_SIGN, about): n for about, n in remarks_on_signs.items()})
        remarks.update({(TICK_COLUMN, about): n for about, n in remarks_on_ticks.items()})
        half_days = count_half_days(store.engine, dates, total)
        remarks.update({(TWELVE_HOURS, f'"{name}"'): n for name, n in half_days.items()})
    plan = task.plan(notation)
    direct = frozenset[str]()
    if plan.form_columns:
        odd = rows(plan.other_forms("staged", batch.plain))[0]
        direct = frozenset(name for name, flag in zip(plan.form_columns, odd, strict=True) if not flag)
    typing = f"CREATE OR REPLACE TEMP TABLE typed AS {plan.typed_sql('staged', batch.plain, direct)}"
    run(with_macros(f"{typing}; DROP TABLE staged"))
    return plan, notation


def _take_batch(store: Store, task: Task, batch: Batch, plan: Plan) -> None:
    """Judge, classify and write the records of `typed`."""
    file_id, tally, period = task.targets[0].file_id, task.tally, task.file.period
    if task.file.layout.keep:
        note_newest(tally, task.targets[0].entity, newest_left_aside(store, plan))
    if period:
        outside, without_date = leave_aside(store, plan, period, task.context.day_zone)
        tally.remarks["period_outside", str(period)] += outside
        tally.remarks["period_undated", str(period)] += without_date
    faults = [(fault.line, fault.last_line, fault.code, fault.reason) for fault in batch.faults]
    rejects.write_faults(store, file_id, faults)
    tally.faults += len(batch.faults)
    main, code = task.targets[0], task.context.calling_code
    restore_identifiers(store, plan.identifiers, (main.entity, main.source), code, tally.remarks)
    mask_identifiers(store, plan.text_columns, code, tally.remarks)
    refuse_rounded(store, task.path, main.entity, plan)
    if task.register:
        zone = task.context.day_zone
        for remark, n in leave_out(store, plan, task.register, main.source, task.names, zone).items():
            tally.remarks[remark, ""] += n
    judgement = count_typed(store, plan, tally)
    if judgement.rejected:
        tally.bad += rejects.write_rejects(store, file_id, batch, plan.has_groups)
    if judgement.words:
        _refuse_second_header(store, task, plan, batch)
    if judgement.near:
        count_uncertain(store, plan, tally)
    count_unknown(store, plan, judgement.unknown, tally)
    count_agreeing(store, plan, task.file.layout, tally)
    classify(store, plan)
    count_unmapped(store, plan, tally)
    looked_up = look_up_pseudonyms(store, plan)
    spellings = find_spellings(store, plan, task.names, task.context.brand)
    for target in task.targets:
        code_columns = find_codes(store, plan, target.entity, tally)
        code_columns |= {"brand"} if target.entity in spellings else frozenset()
        records = count_records(store, plan, target.entity, tally)
        before = task.before[target.entity] + tally.additions[target.entity]
        additions, contests = take(store, target, plan, looked_up, tally.records, code_columns, records, before)
        tally.additions[target.entity] += additions
        tally.contests[target.entity] += contests
        if records.faults:
            rejects.write_key_faults(store, target.file_id, batch, plan.meaning_sql(target.entity))
            tally.refusals[target.entity] += records.faults
        note_newest(tally, target.entity, records.newest)
    tally.records += batch.records


def _refuse_second_header(store: Store, task: Task, plan: Plan, batch: Batch) -> None:
    """Raises HeaderMoved."""
    names = task.file.layout.vocabulary() | {column.normal for column in task.file.export.columns}
    place = second_header(store, plan, names)
    if place is not None:
        raise HeaderMoved(task.path, int(batch.lines[place]))


def _finish(store: Store, task: Task, account: Account, statement: Statement) -> Outcome:
    """Settle what is contested, check the whole and enter it in the ledger."""
    tally = task.tally
    tally.remarks[LINE_IN_QUOTES, ""] += account.line_wraps
    tally.remarks[DAMAGED_TEXT, ""] += account.damaged_records
    tally.remarks[LINE_END_MISSING, ""] += account.open_ends
    # Blank lines between all records, or most of them, are how the file is written.
    tally.remarks[LINE_BLANK, ""] += account.gaps if 2 * account.gaps <= account.records else 0
    if account.moved_line is not None:
        raise HeaderMoved(task.path, account.moved_line)
    check_assertions(task.path, task.file.layout, tally)
    lines, tables = _lines(task.file.export, account), []
    as_of = instant_in_name(task.path.name, task.context.day_zone)
    for number, target in enumerate(task.targets):
        # All tables of a file speak up to the same instant, the main one's or a later one of their own.
        as_of = task.options.instant or max(filter(None, (as_of, tally.newest[target.entity])), default=None)
        table = task.first_plan.tables[target.entity]
        remarks = None if number else tally.remarks
        additions, contests = tally.additions[target.entity], tally.contests[target.entity]
        merge = settle(store, target, task.path, as_of, table.updates, additions, contests, remarks)
        count_later(store, target.entity, target.file_id, task.options.instant, tally)
        refusals = tally.refusals[target.entity]
        counts = replace(merge, records=merge.records + refusals, rejected=refusals)
        if number == 0:
            counts = _main_counts(merge, tally, account)
            _refuse_all_rejected(store, task, counts, target.file_id)
        _refuse_rejects(store, task.file.export, counts, target.file_id, task.options.max_rejects)
        if number == 0:
            _refuse_repairs(task, counts, account)
        counts = replace(counts, removed=_remove_outside(store, task, target, counts.updated))
        entry = replace(_entry(task, target, as_of, counts, Lines() if number else lines), statement=statement)
        ledger.prove_tables(store, entry, task.before[target.entity])
        ledger.write_entry(store, entry, task.context.day_zone)
        ledger.write_columns(store, target.file_id, task.file.source, target.entity, table.columns)
        tables.append(LoadedTable(target.entity, counts, table.columns))
    for target, table_counts in zip(task.targets, tables, strict=True):
        _judge_plausibility(store, task, target, table_counts.counts.records)
    unknown = write_unknown(store, task.targets[0].file_id, tally)
    _remark_on_brands(store, task)
    remark_rows = write_remarks(store, task.targets[0].file_id, tally)
    _drop_scratch(store, task.targets)
    has_rejects = any(table.counts.rejected for table in tables)
    first = rejects.first_rejects(store, task.file.export.name, task.targets[0].file_id) if has_rejects else ()
    outcome = task.file.outcome(tuple(tables))
    return replace(
        outcome,
        lines=lines,
        unknown=unknown,
        remarks=remark_rows,
        own_reasons=bool(task.context.reasons),
        rejects=first,
        uncertain=tally.uncertain,
        repaired_lines=tuple(account.repaired_lines),
        other_sources=ledger.other_sources(store, task.file.layout.name, task.file.brand),
        same_elsewhere=same_elsewhere(store, task.targets[0]),
    )


def _remove_outside(store: Store, task: Task, target: Target, updates: int) -> int:
    """Take out what an earlier reading of the file brought and its period leaves aside; how many records.

    Where these, or the `updates` ones, gave up texts, their bytes are still in the database's file: that is noted.
    """
    period, count = task.file.period, 0
    if period:
        count = remove_earlier(store, target.entity, target.source, target.sha256, target.file_id)
    if period and target == task.targets[0]:
        task.tally.remarks["period_removed", str(period)] += count
    if target.entity == "contacts" and (updates or count) and not task.options.keep_text:
        note_emptied_texts(store, target.source)
    return count


def _judge_plausibility(store: Store, task: Task, target: Target, records: int) -> None:
    """Remark on what is doubtful about the `records` of a table, of which few show little. Raises TwinsHeld."""
    remarks = task.tally.remarks
    if not records:
        return
    _judge_twins(store, task, target)
    if target.entity == "surveys":
        count_odd_answers(store, target.file_id, remarks)
    if records >= FEWEST_UNIFORM:
        count_uniform(store, target.entity, target.file_id, remarks)
    if target.entity in OUTCOMES and records >= FEWEST_SETTLED:
        for records_without_open in files_without_open_records(store, target.entity, target.file_id).values():
            remarks[f"settled_{target.entity}", ""] += records_without_open


def _judge_twins(store: Store, task: Task, target: Target) -> None:
    """Refuse a file of which another source holds most records too, and remark on single ones. Raises TwinsHeld."""
    remarks = task.tally.remarks
    for twins in find_twins(store, target.entity, target.source, target.file_id):
        files = ledger.file_names(store, twins.source, target.entity)
        about = f"{twins.source} ({target.entity})"
        if any(map(task.separate, (task.file.export.name, *files))):
            remarks["twins_separate", about] += twins.twins
        elif stretch := twins.stretch:
            copy, original = (task.path.name, twins.source) if twins.newer else (files[0], target.source)
            day = stretch.last + timedelta(days=1)
            layout, _, brand = twins.source.partition("/")
            missing_brand = brand if layout == task.file.layout.name else None
            raise TwinsHeld(task.path, twins.describe(target.source, stretch), copy, day, original, brand=missing_brand)
        elif twins.by == "customer" and twins.twins >= NAMED_FROM:
            remarks["twins_single", about] += twins.twins


def _remark_on_brands(store: Store, task: Task) -> None:
    """Store the names of the file's brands, and remark on what they are written like and which orders they miss."""
    tally = task.tally
    if task.file.spelling is not None and task.file.spelling != task.file.brand:
        task.names.read[task.file.brand or "", task.file.spelling] += tally.records
    write_names(store, task.names)
    tally.remarks += remarks_on_spellings(task.names)
    for target in task.targets:
        if not tally.additions[target.entity] + tally.contests[target.entity]:
            continue
        tally.remarks += remarks_on_orders(store, target.entity, target.file_id)
        if target.entity in ("orders", "parcels"):
            for brand in orders_missed(store, target.file_id if target.entity == "parcels" else None):
                of_brand = f" of {brand.brand}" if brand.brand else ""
                about = f"{brand.references}{of_brand}; parcels write {brand.parcels}, orders {brand.orders}"
                tally.remarks[ORDERS_MISSED, about] += brand.absent


def _main_counts(counts: Counts, tally: Tally, account: Account) -> Counts:
    """The counts of a file's main table: those of its merge, and what never came to be merged."""
    return replace(
        counts,
        records=tally.records + tally.faults,
        folded=tally.folded,
        rejected=tally.bad + tally.faults,
        dropped=tally.dropped,
        repaired=account.repairs,
    )


def _lines(export: Export, account: Account) -> Lines:
    before = export.preamble + export.header_lines
    return Lines(
        account.total + before, export.preamble, export.header_lines, account.blank, account.footer, account.records,
        account.rejects,
    )  # fmt: skip


def _refuse_all_rejected(store: Store, task: Task, counts: Counts, file_id: int) -> None:
    """Raises AllRejected."""
    path, file = task.path, task.file
    if counts.rejected and counts.rejected == counts.records - counts.folded - counts.dropped:
        first = rejects.first_rejects(store, file.export.name, file_id)[0]
        raise AllRejected(path, counts.rejected, str(first), file.layout.formats if file.is_own_layout else ())


def _refuse_rejects(store: Store, export: Export, counts: Counts, file_id: int, limit: Limit) -> None:
    """Refuse a table that loses too many of the records meant for it. Raises TooManyRejects.

    Repeated headers and lines of totals are no records: none is lost with them, unless they are most of the file.
    """
    if limit.allows(counts.rejected, counts.records):
        return
    not_records = rejects.no_records(store, file_id)
    not_records = not_records if 2 * not_records < counts.records else 0
    if not limit.allows(counts.rejected - not_records, counts.records - not_records):
        first = rejects.first_rejects(store, export.name, file_id)
        raise TooManyRejects(export.path, counts.rejected, counts.records, limit.text, tuple(map(str, first)))


def _refuse_repairs(task: Task, counts: Counts, account: Account) -> None:
    """Raises TooManyRepairs, where neither the usual limit of rejects nor the one that was stated allows so many."""
    limits = (DEFAULT_LIMIT, task.options.max_rejects)
    if not any(limit.allows(counts.repaired, counts.records) for limit in limits):
        raise TooManyRepairs(task.path, counts.repaired, counts.records, account.repaired_lines[0])


def _entry(task: Task, target: Target, as_of: datetime | None, counts: Counts, lines: Lines) -> Entry:
    file, export = task.file, task.file.export
    return Entry(
        target.file_id, export.sha256, export.name, export.size, file.layout.name, file.source, target.entity,
        file.brand, export.encoding, export.delimiter, task.reading_id, as_of, counts, lines,
    )  # fmt: skip


def _drop_scratch(store: Store, targets: Iterable[Target]) -> None:
    tables = (*_SCRATCH, *(f"contested_{target.entity}" for target in targets))
    store.engine.run("; ".join(f"DROP TABLE IF EXISTS {table}" for table in tables))
