"""What a database holds: files, sources, rejects, settings in force, and what is missing for which KPI."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kpibar.config import Config
from kpibar.database.errors import DatabaseEmpty
from kpibar.database.ledger import LAST_READING, Counts
from kpibar.database.store import Store
from kpibar.errors import FileNotHeld
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.estimates import Window
from kpibar.layouts.settings import OldReading, checked_settings, outdated_settings
from kpibar.load.outcome import Reject, Remark
from kpibar.load.plan import REASONS
from kpibar.measure.coverage import coverage, filled_columns, missing_inputs
from kpibar.measure.deliveries import unknown_statuses
from kpibar.measure.duplicates import duplicates
from kpibar.measure.period import find_edition
from kpibar.measure.report import Coverage
from kpibar.measure.succession import Proposal, known_sources, proposals
from kpibar.privacy.personal import unmarked_name

# So many words of reasons are listed.
_MOST_WORDS = 20


@dataclass(frozen=True)
class LoadedFile:
    """One ledger entry."""

    name: str
    layout: str
    source: str
    entity: str
    encoding: str
    as_of: datetime | None
    ingested_at: datetime
    counts: Counts


@dataclass(frozen=True)
class DatabaseStatus:
    """What `kpibar status` tells.

    `unknown_reasons` are words of recorded reasons that nobody knows, and their contacts; `statuses` those of parcels.
    """

    path: Path
    config: Config
    timezone: str
    window: Window
    files: tuple[LoadedFile, ...]
    coverage: tuple[Coverage, ...]
    columns: dict[str, tuple[str, ...]]
    absent_inputs: dict[str, tuple[str, ...]]
    remarks: tuple[tuple[str, Remark], ...]
    unknown_reasons: tuple[tuple[str, int], ...]
    statuses: tuple[tuple[str, int], ...]
    proposals: tuple[Proposal, ...]
    old_readings: tuple[OldReading, ...]
    duplicates: tuple[tuple[str, int], ...]


def database_status(store: Store, config: Config) -> DatabaseStatus:
    """Everything a database can say of itself. Raises DatabaseEmpty."""
    files, layouts = _files(store), checked_settings(config)
    if not files:
        raise DatabaseEmpty(store.path)
    kpis, columns = catalogue(config.settings), filled_columns(store)
    absent_inputs = {kpi.id: missing_inputs(kpi, kpis, columns) for kpi in kpis.kpis if not kpi.hidden}
    window = find_edition(store).window
    return DatabaseStatus(
        path=store.path,
        config=config,
        timezone=store.meta("timezone") or "UTC",
        window=window,
        files=files,
        coverage=coverage(store, window),
        columns=_columns(store),
        absent_inputs={name: needs for name, needs in absent_inputs.items() if needs},
        remarks=_remarks(store),
        unknown_reasons=_unknown_reasons(store),
        statuses=unknown_statuses(store),
        proposals=proposals(store, config.settings.succession, known_sources(store)),
        old_readings=outdated_settings(store, config, layouts),
        duplicates=duplicates(store),
    )


def _files(store: Store) -> tuple[LoadedFile, ...]:
    rows = store.engine.rows(
        "SELECT name, layout, source, entity, encoding, as_of, ingested_at, records, added, updated, unchanged,"
        " superseded, folded, rejected, dropped, repaired, removed FROM files ORDER BY file_id"
    )
    return tuple(LoadedFile(*row[:7], Counts(*row[7:])) for row in rows)  # type: ignore[call-arg]


def _columns(store: Store) -> dict[str, tuple[str, ...]]:
    rows = store.engine.rows("SELECT source || ': ' || entity, column_name FROM columns_held GROUP BY ALL ORDER BY ALL")
    columns: dict[str, tuple[str, ...]] = {}
    for source, column in rows:
        columns[source] = (*columns.get(source, ()), column)
    return columns


def _remarks(store: Store) -> tuple[tuple[str, Remark], ...]:
    """What was remarked of each file in its last reading, with the file's name."""
    rows = store.engine.rows(
        "SELECT files.name, r.code, r.about, r.records FROM remarks r JOIN files ON files.file_id = r.file_id "
        f"WHERE {LAST_READING} ORDER BY r.file_id, r.records DESC, r.code, r.about"
    )
    return tuple((name, Remark(code, about, records)) for name, code, about, records in rows)


def _unknown_reasons(store: Store) -> tuple[tuple[str, int], ...]:
    """The words of recorded reasons that nobody knew when the files were read last, the most frequent first."""
    rows = store.engine.rows(
        "SELECT u.value, sum(u.n)::BIGINT FROM unknown_values u JOIN files ON files.file_id = u.file_id "
        f"WHERE u.column_name = ? AND {LAST_READING} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_WORDS}",
        [REASONS],
    )
    return tuple((word, int(n)) for word, n in rows)


def list_rejects(store: Store, file: str | None = None) -> tuple[Reject, ...]:
    """Every reject of the database, or of the files of that name, in file and line order; of a file that was read
    several times those of its last reading. Raises FileNotHeld."""
    names = [row[0] for row in store.engine.rows("SELECT DISTINCT name FROM files")]
    file_names = [name for name in names if file in (None, name, unmarked_name(name))]
    if file is not None and not file_names:
        raise FileNotHeld(file, names)
    rows = store.engine.rows(
        "SELECT files.name, r.line, r.column_name, r.shape, r.code, r.reason FROM rejects r "
        f"JOIN files ON files.file_id = r.file_id WHERE list_contains(?, files.name) AND {LAST_READING} "
        "ORDER BY r.file_id, r.line, r.reason",
        [file_names],
    )
    return tuple(Reject(*row) for row in rows)
