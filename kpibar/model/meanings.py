"""What the tables of the database are for, and what their columns mean: the entries of columns.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

# The columns that mean the same wherever they stand, and the tables that no statement of an analyst needs.
_COMMON, _INTERNAL = "common", "internal"


@dataclass(frozen=True)
class TableText:
    """A table that is meant for reading, and what each of its columns means, in the order they are written."""

    name: str
    columns: Mapping[str, str]


@lru_cache(maxsize=1)
def _entries() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads(files("kpibar.model").joinpath("columns.toml").read_text(encoding="utf-8"))


def documented() -> Mapping[str, tuple[TableText, ...]]:
    """The tables meant for reading by group: "facts", "records", "ledger"."""
    return {
        group: tuple(TableText(name, columns) for name, columns in tables.items())
        for group, tables in _entries().items()
        if group not in (_COMMON, _INTERNAL)
    }


def common() -> Mapping[str, str]:
    """The columns that mean the same in several tables."""
    return _entries()[_COMMON]["columns"]


def internal() -> Mapping[str, str]:
    """The tables that are not meant for reading, and what each is for."""
    return _entries()[_INTERNAL]["tables"]


def meaning(table: str, column: str) -> str:
    """What a column of a table means. KeyError: nothing is written of it."""
    for tables in documented().values():
        for entry in tables:
            if entry.name == table and column in entry.columns:
                return entry.columns[column]
    return common()[column]
