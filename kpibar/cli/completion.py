"""What a shell may complete: KPIs, families, layouts, time zones, and the names in the database.

Asked between two keys: nothing is printed, written or waited for, and what cannot be read completes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kpibar.config import Config
    from kpibar.kpis.catalogue import Catalogue

Completion = Callable[[typer.Context, str], list[tuple[str, str]]]
# Tables whose rows have such a column.
_TABLES = {"brand": ("contacts", "orders", "parcels"), "carrier": ("parcels",), "team": ("contacts",)}


def complete_kpi(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The KPIs by id, and by title once a part of one is typed."""
    return _matches(lambda: _kpis(ctx, incomplete), incomplete)


def complete_family(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The families of KPIs."""
    return _matches(lambda: ((family.id, family.title["en"]) for family in _catalogue(ctx).families), incomplete)


def complete_layout(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The layouts, those of the user included."""
    return _matches(lambda: _layouts(ctx), incomplete)


def complete_zone(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The time zones."""
    return _matches(_zones, incomplete)


def complete_channel(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The channels."""
    return _matches(_channels, incomplete)


def complete_brand(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The brands in the database."""
    return _matches(lambda: _names(ctx, "brand"), incomplete)


def complete_carrier(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The carriers in the database."""
    return _matches(lambda: _names(ctx, "carrier"), incomplete)


def complete_team(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The teams in the database."""
    return _matches(lambda: _names(ctx, "team"), incomplete)


def _matches(candidates: Callable[[], Iterable[tuple[str, str]]], incomplete: str) -> list[tuple[str, str]]:
    """The candidates that go on from what is typed; none where they cannot be read. Shells heed the case."""
    with suppress(Exception):  # a shell shows whatever is raised in the middle of the line that is typed
        return [pair for pair in candidates() if pair[0].startswith(incomplete)]
    return []


def _config(ctx: typer.Context) -> "Config":
    from kpibar.config import load

    return load(ctx.params.get("config"))


def _catalogue(ctx: typer.Context) -> "Catalogue":
    from kpibar.kpis.catalogue import catalogue

    return catalogue(_config(ctx).settings)


def _kpis(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    for kpi in _catalogue(ctx).kpis:
        if not kpi.hidden:
            yield kpi.id, kpi.title["en"]
            if incomplete:
                yield from ((title, kpi.id) for title in dict.fromkeys(kpi.title.values()))


def _layouts(ctx: typer.Context) -> Iterator[tuple[str, str]]:
    from pathlib import Path

    from kpibar.layouts.layout import shelf

    config = _config(ctx)
    layouts = shelf(config.folder or Path.cwd(), config.settings.layouts).layouts
    return ((layout.name, layout.title or "") for layout in layouts.values())


def _zones() -> Iterator[tuple[str, str]]:
    from zoneinfo import available_timezones

    return ((name, "") for name in sorted(available_timezones()))


def _channels() -> Iterator[tuple[str, str]]:
    from kpibar.render.messages import messages

    head = "channel_"
    return ((key.removeprefix(head), texts["en"]) for key, texts in messages().items() if key.startswith(head))


def _names(ctx: typer.Context, column: str) -> list[tuple[str, str]]:
    """The values of a column of names in the database, which is read as it is, and must be there."""
    from kpibar.database.store import open_store

    path = _config(ctx).database_path(ctx.params.get("db"))
    if not path.exists():
        return []
    names = " UNION ".join(f"SELECT {column} AS name FROM {table}" for table in _TABLES[column])
    with open_store(path, write=False, migrate=False) as store:
        rows = store.engine.rows(f"SELECT name FROM ({names}) WHERE name IS NOT NULL ORDER BY name")
    return [(str(name), "") for (name,) in rows]
