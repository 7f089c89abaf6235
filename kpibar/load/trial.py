"""Whether a layout can read a file: its first records, typed as they would be, and nothing kept."""

from collections.abc import Mapping
from dataclasses import replace

from kpibar.database.engine import EngineError
from kpibar.database.schema import KEYS
from kpibar.database.store import Store
from kpibar.errors import KpibarError
from kpibar.layouts.layout import Entity, Layout, entries
from kpibar.layouts.origins import placeholders
from kpibar.load.plan import Plan, make_plan
from kpibar.load.staging import stage_batch
from kpibar.load.transaction import Task, group_place, type_staged
from kpibar.load.typed import BROKEN_GROUPS
from kpibar.read.reader import Reader
from kpibar.values.helpers import HELPERS

_GOOD = "SELECT count(*) FILTER (WHERE bad IS NULL AND key_fault IS NULL AND NOT dropped), count(*) FROM typed"


def parses(store: Store, task: Task) -> bool:
    """Whether as many of a file's first records can be read as the limit of rejects asks for."""
    try:
        with store.transaction(keep=False):
            return _parses(store, task)
    except EngineError as error:
        if not error.statement:
            raise
    except KpibarError:
        pass
    return False


def faulty_entry(store: Store, task: Task) -> str | None:
    """The entry of a layout whose SQL does not run, on no cells at all or on the first records; None without one."""
    for entry, program in entries(task.file.layout):
        cells = [
            f"CAST(NULL AS {HELPERS[call.helper].type}) AS cell_{number}" for number, call in enumerate(program.calls)
        ]
        source = f"(SELECT {', '.join([*cells, '1 AS lines_folded'])})"
        if not _runs(store, f"SELECT {placeholders(program)} FROM {source}"):
            return entry
    return _faulty_column(store, task)


def _faulty_column(store: Store, task: Task) -> str | None:
    """The entry of the first column that does not run on a file's first records, each tried beside the key alone."""
    layout = task.file.layout
    tables = {layout.fills: layout.select, **{entity: also.select for entity, also in layout.also.items()}}
    for entity, select in tables.items():
        for column in select:
            alone = _alone(layout, entity, column)
            file = replace(task.file, layout=alone)
            trial_task = replace(task, file=file, first_plan=make_plan(alone, file.export.columns, task.context))
            try:
                with store.transaction(keep=False):
                    trial_plan = _type_first(store, trial_task)
                    store.engine.rows(f"SELECT max({column}) FROM ({trial_plan.field(entity, column)})")
            except EngineError as error:
                if error.statement:
                    return f"{'[select]' if entity == layout.fills else f'[also.{entity}.select]'} {column}"
                raise
            except KpibarError:
                continue
    return None


def _alone(layout: Layout, entity: Entity, column: str) -> Layout:
    """A layout with one column of a table beside the keys."""

    def select_kept(table: Entity, select: Mapping[str, str]) -> dict[str, str]:
        names = {*KEYS[table].mandatory, *([column] if table == entity else [])}
        return {name: sql for name, sql in select.items() if name in names}

    further = {
        table: also.model_copy(update={"select": select_kept(table, also.select)})
        for table, also in layout.also.items()
        if table == entity
    }
    return layout.model_copy(
        update={"select": select_kept(layout.fills, layout.select), "also": further, "assertions": ()}
    )


def _runs(store: Store, sql: str) -> bool:
    try:
        with store.transaction(keep=False):
            store.engine.rows(sql)
    except EngineError as error:
        if not error.statement:
            raise
        return False
    return True


def _parses(store: Store, task: Task) -> bool:
    _type_first(store, task)
    good, records = store.engine.rows(_GOOD)[0]
    return bool(good) and task.options.max_rejects.allows(records - good, records)


def _type_first(store: Store, task: Task) -> Plan:
    """Type the first batch of a file; the plan by which that was done."""
    export = task.file.export
    reader = Reader(
        task.dialect, export.first_line, task.repairer, repair=task.options.repair, group=group_place(task),
        path=export.path,
    )  # fmt: skip
    batches = reader.batches(export.blocks()) if export.kind == "text" else reader.rows(export.rows())
    batch = next(batches)
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {BROKEN_GROUPS} (name VARCHAR)")
    stage_batch(store, batch, task.dialect, 0)
    return type_staged(store, task, batch)[0]
