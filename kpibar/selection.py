"""Years of which a source holds settled records alone: exports filtered to closed tickets or delivered parcels."""

from collections.abc import Sequence
from dataclasses import dataclass

from kpibar.ingest.settled import ENOUGH, JUDGED, settled_alone
from kpibar.kpis.compute import Window, within
from kpibar.store import Store

# Two years differ where the share open in the one would leave none in the other by chance less often than this.
_CHANCE = 0.01


@dataclass(frozen=True)
class Selected:
    """A source of which one year holds settled records alone and the other one does not: the year, and its records."""

    source: str
    year: int
    records: int


def settled_sources(store: Store, entity: str, window: Window) -> tuple[tuple[str, int], ...]:
    """The sources whose files hold settled records alone, and how many of a year come from these files."""
    files = settled_alone(store, entity)
    if not files:
        return ()
    rows = store.engine.rows(
        f"SELECT source, count(*) FROM {entity} WHERE file_id IN ({', '.join(map(str, files))}) "
        f"AND {JUDGED[entity][2]} AND {within(JUDGED[entity][1], [window])} GROUP BY source ORDER BY source"
    )
    return tuple((str(source), int(records)) for source, records in rows if records >= ENOUGH)


def selected_year(store: Store, entity: str, windows: Sequence[Window]) -> Selected | None:
    """The one of two years that holds settled records alone, where the other one shows that there are others."""
    files = settled_alone(store, entity)
    if not files:
        return None
    _, day, judged, open_ones = JUDGED[entity]
    listed = ", ".join(map(str, files))
    years = [
        store.engine.rows(
            f"SELECT count(*), sum(CASE WHEN file_id IN ({listed}) THEN 1 ELSE 0 END), "
            f"sum(CASE WHEN {open_ones} THEN 1 ELSE 0 END), max(CASE WHEN file_id IN ({listed}) THEN source END) "
            f"FROM {entity} WHERE {judged} AND {within(day, [window])}"
        )[0]
        for window in windows
    ]
    for window, (records, settled, _, source), (others, other_settled, still_open, _) in zip(
        windows, years, reversed(years), strict=True
    ):
        alone = records and 2 * settled > records and others and 2 * other_settled <= others
        if alone and (1 - still_open / others) ** settled < _CHANCE:
            return Selected(str(source), window.start.year, int(settled))
    return None
