"""Which rows a report is of: all, or those of one brand, carrier, channel and team."""

from collections.abc import Mapping
from dataclasses import dataclass

from kpibar.kpis.catalogue import DIMENSIONS
from kpibar.values.notation import quote

FILTERS = ("brand", "carrier", "channel", "team")


@dataclass(frozen=True)
class Filter:
    """One value of each column by which rows are chosen; None: whatever it is."""

    brand: str | None = None
    carrier: str | None = None
    channel: str | None = None
    team: str | None = None

    @property
    def values(self) -> Mapping[str, str]:
        """The columns by which rows are chosen, and the value of each."""
        values = {name: getattr(self, name) for name in FILTERS}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def beside_brand(self) -> tuple[str, ...]:
        """The columns other than the brand by which rows are chosen."""
        return tuple(name for name in self.values if name != "brand")

    def absent_from(self, table: str) -> tuple[str, ...]:
        """The columns by which rows are chosen that a fact table does not have."""
        return tuple(name for name in self.values if name not in DIMENSIONS[table])


def condition(rows: Filter | None, table: str) -> str:
    """SQL, beginning with AND, that keeps the rows of a fact table, by the columns that it has; None: every row."""
    values = rows.values.items() if rows else ()
    equations = (f" AND {name} = {quote(value)}" for name, value in values if name in DIMENSIONS[table])
    return "".join(equations)
