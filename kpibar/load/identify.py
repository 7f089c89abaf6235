"""A file and what it is: its layout, and the source and brand its records belong to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import available_timezones

from kpibar.config import Config, valid_zone
from kpibar.database.schema import BEGINS
from kpibar.database.store import Store
from kpibar.errors import ZoneUnknown
from kpibar.layouts.layout import (
    Layout,
    Shelf,
    absent,
    identify,
    layout_by_name,
    look_alikes,
    missing_columns,
    required_columns,
)
from kpibar.load.errors import HeaderDuplicated, LayoutUnmatched
from kpibar.load.outcome import LoadedTable, Options, Outcome
from kpibar.load.plan import Plan
from kpibar.privacy.disclosure import blank
from kpibar.privacy.personal import text_shape
from kpibar.read.export import Export, open_export
from kpibar.values.timezones import local_time


@dataclass(frozen=True)
class Period:
    """Local days of the brand's zone, both ends included; None: no limit."""

    first: date | None = None
    last: date | None = None

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None

    def __str__(self) -> str:
        """The period as kpibar.toml states it: "from = 2025-06-01, until = 2025-12-31", "" without limits."""
        ends = (("from", self.first), ("until", self.last))
        return ", ".join(f"{name} = {day}" for name, day in ends if day is not None)


ALWAYS = Period()


def leave_aside(store: Store, plan: Plan, period: Period, zone: str) -> tuple[int, int]:
    """Drop the records of `typed` that began outside the period; how many they are, and how many have no known day.

    The latter stay.
    """
    fields = plan.tables[plan.main].fields
    instants = [f"CAST(({fields[name]}) AS TIMESTAMP)" for name in BEGINS[plan.main] if name in fields]
    begins = f"coalesce({', '.join(instants)}, NULL)"
    day = f"CAST({local_time(begins, zone)} AS DATE)"
    limits = [(f"{day} < ?", period.first), (f"{day} > ?", period.last)]
    limits_of_period = [(limit, end) for limit, end in limits if end is not None]
    outside = f"NOT t.dropped AND ({' OR '.join(limit for limit, _ in limits_of_period)})"
    values = [end for _, end in limits_of_period]
    counts = store.engine.rows(
        f"SELECT count(*) FILTER (WHERE {outside}), count(*) FILTER (WHERE NOT t.dropped AND t.bad IS NULL "
        f"AND t.key_fault IS NULL AND {begins} IS NULL) FROM typed AS t",
        values,
    )[0]
    if counts[0]:
        store.engine.run(f"UPDATE typed AS t SET dropped = TRUE WHERE {outside}", values)
    return int(counts[0]), int(counts[1])


def remove_earlier(store: Store, entity: str, source: str, sha256: str, file_id: int) -> int:
    """Take out the records that earlier readings of a file brought and its present one did not; how many.

    What another file brought again belongs to that file.
    """
    earlier = "SELECT file_id FROM files WHERE sha256 = ? AND source = ? AND entity = ? AND file_id < ?"
    from_earlier = f"FROM {entity} WHERE source = ? AND file_id IN ({earlier})"
    values = [source, sha256, source, entity, file_id]
    count = int(store.engine.rows(f"SELECT count(*) {from_earlier}", values)[0][0])
    if count and entity == "contacts":
        store.engine.run(
            f"DELETE FROM mentions WHERE source = ? AND contact_id IN (SELECT contact_id {from_earlier})",
            [source, *values],
        )
    if count:
        store.engine.run(f"DELETE {from_earlier}", values)
    return count


@dataclass(frozen=True)
class IdentifiedFile:
    """An export of a known layout: its layout, and the source and brand its records belong to.

    `spelling` is the brand as it was stated, `brand` its name. `is_own_layout` tells that the layout is the user's.
    `period` are the days its records are wanted of.
    `absent` are the columns the user's own layout or settings name and the file lacks.
    """

    export: Export
    layout: Layout
    source: str
    brand: str | None
    timezone: str | None
    absent: tuple[tuple[str, str], ...] = ()
    spelling: str | None = None
    is_own_layout: bool = False
    period: Period = ALWAYS

    def outcome(self, tables: tuple[LoadedTable, ...]) -> Outcome:
        """The outcome of the file with these tables filled."""
        export = self.export
        return Outcome(
            export.path, self.layout.name, self.source, export.encoding, export.delimiter, tables, absent=self.absent
        )


def identify_file(
    path: Path,
    layouts: Shelf,
    config: Config,
    options: Options,
    parses: Callable[[IdentifiedFile], bool] = lambda file: True,
) -> IdentifiedFile:
    """Read a file and find its layout: the one asked for by flag or rule, else the one its header tells.

    `parses` tells whether a layout that was not asked for can read the first records of a file. Raises LayoutUnmatched,
    LayoutTied, LayoutUnknown, LayoutMissesColumns, HeaderDuplicated and what `open_export` raises.
    """
    rule = config.rule_for(path.name)
    layout_name = options.layout or rule.layout
    fields = layouts.get(layout_name).fields if layout_name else ()
    export = open_export(path, layouts.vocabulary(), options.encoding, fields or None)
    header = [column.normal for column in export.columns]
    layout = layout_by_name(path, layout_name, header, layouts) if layout_name else identify(path, header, layouts)
    if layout is None:
        raise _no_layout(
            export, layouts, lambda candidate: parses(_read_with(export, candidate, layouts, config, options))
        )
    return _read_with(export, layout, layouts, config, options)


def _read_with(export: Export, layout: Layout, layouts: Shelf, config: Config, options: Options) -> IdentifiedFile:
    """A file read with a layout. Raises HeaderDuplicated, ConfigInvalid."""
    _refuse_duplicates(export, layout)
    _refuse_unknown_zones(export, layout)
    rule = config.rule_for(export.path.name)
    brand_name = options.brand or rule.brand or config.settings.brand
    brand = None if brand_name is None else text_shape(brand_name)
    source = layout.name if brand is None else f"{layout.name}/{brand}"
    # What the user wrote himself should fit his own export; of what is built in, exports have this or that.
    own_entries = layout.select if layout.name in layouts.own_names else config.settings.layouts.get(layout.name, {})
    zone = options.timezone or rule.timezone
    header = [column.normal for column in export.columns]
    period = Period(rule.first, rule.last)
    return IdentifiedFile(
        export,
        layout,
        source,
        brand,
        zone,
        absent(layout, own_entries, header),
        brand,
        layout.name in layouts.own_names,
        period,
    )


def _no_layout(export: Export, layouts: Shelf, parses: Callable[[Layout], bool]) -> LayoutUnmatched:
    """The error for a header that is that of no layout: which one can read it all the same, or what it resembles."""
    names = frozenset(column.normal for column in export.columns)
    alike = look_alikes(names, layouts)
    for layout in alike:
        if not required_columns(layout, names) and parses(layout):
            return LayoutUnmatched(export.path, layout.name, missing_columns(layout, names), readable=True)
    for layout in alike:
        required_names = required_columns(layout, names)
        if required_names:
            return LayoutUnmatched(export.path, layout.name, required_names, readable=False)
    return LayoutUnmatched(export.path)


def _refuse_duplicates(export: Export, layout: Layout) -> None:
    names_before: set[str] = set()
    read = layout.vocabulary()
    for column in export.columns:
        if column.normal in names_before and column.normal in read:
            raise HeaderDuplicated(export.path, export.header_line, column.name)
        names_before.add(column.normal)


def _refuse_unknown_zones(export: Export, layout: Layout) -> None:
    read = layout.vocabulary()
    for column in export.columns:
        if column.zone and column.normal in read:
            where = f'{export.path}:{export.header_line}: column "{column.name.partition("(")[0].strip()}": '
            try:
                valid_zone(column.zone)
            except ZoneUnknown as error:
                raise ZoneUnknown(_shown_zone(column.zone), where) from error


def _shown_zone(name: str) -> str:
    """A name that may be meant as a zone; blanked where it begins as none does."""
    return name if name.partition("/")[0] in {zone.partition("/")[0] for zone in available_timezones()} else blank(name)
