"""Whether a layout can read a file: its first records, typed as they would be, and nothing kept."""

from kpibar.engine import EngineError
from kpibar.errors import KpibarError
from kpibar.ingest.batches import Reader
from kpibar.ingest.feed import stage_batch
from kpibar.ingest.taking import Task, group_place, type_staged
from kpibar.ingest.typed import BROKEN
from kpibar.store import Store

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


def _parses(store: Store, task: Task) -> bool:
    export = task.file.export
    reader = Reader(task.dialect, export.first_line, task.repairer, repair=task.options.repair, group=group_place(task))
    given = reader.batches(export.blocks()) if export.kind == "text" else reader.rows(export.rows())
    batch = next(given)
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {BROKEN} (name VARCHAR)")
    stage_batch(store, batch, task.dialect)
    type_staged(store, task, batch)
    good, records = store.engine.rows(_GOOD)[0]
    return bool(good) and task.options.max_rejects.allows(records - good, records)
