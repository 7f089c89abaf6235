"""Run the model: each .sql file in order, with the thresholds of the settings written in."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

from kpibar.config import FileRule, Thresholds, rule_for
from kpibar.database.store import Store, fingerprint

_SECONDS = re.compile(r"seconds_between\(((?:[^(),]|\((?:[^()]|\([^()]*\))*\))+),\s*([^(),]+)\)")
# The years of which the zone of the brand is asked, as records may be of them.
_YEARS = range(1990, 2100)


@dataclass(frozen=True)
class Step:
    """One model file: its name, the fact table it fills (or the view it is), its SQL as written."""

    name: str
    table: str
    kind: Literal["TABLE", "VIEW"]
    sql: str


@lru_cache(maxsize=1)
def steps() -> tuple[Step, ...]:
    """The model files in the order they run."""
    folder = files("kpibar").joinpath("model")
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return tuple(_step(name, folder.joinpath(name).read_text(encoding="utf-8")) for name in names)


def _step(name: str, sql: str) -> Step:
    """The step a file describes."""
    bare = name[3:-4]
    return Step(name, "fact_" + bare.removesuffix(".view"), "VIEW" if bare.endswith(".view") else "TABLE", sql)


def parameters(thresholds: Thresholds) -> dict[str, int]:
    """The thresholds by the names under which SQL refers to them."""
    return {name: int(value) for name, value in thresholds.model_dump().items()}


def _separate_files(store: Store, rules: Sequence[FileRule]) -> str:
    """The ids, as SQL, of the files whose telephone tickets the settings count beside the calls; 0 is no file."""
    ids = [0]
    if any(rule.phone_tickets for rule in rules):
        file_names = store.engine.rows("SELECT file_id, name FROM files ORDER BY file_id")
        ids += [file_id for file_id, name in file_names if rule_for(rules, name).phone_tickets == "separate"]
    return ", ".join(map(str, ids))


def _midnights(store: Store) -> str:
    """The seconds, as SQL, by which 00:00 of a record's local day, taken as UTC, is later than a date without time.

    Such a date was read as 00:00 in the zone of the brand, in winter or in summer, or in UTC.
    """
    zone = ZoneInfo(store.meta("timezone") or "UTC")
    days = (datetime(year, month, 1, tzinfo=zone) for year in _YEARS for month in (1, 7))
    offsets = {int(day.utcoffset().total_seconds()) for day in days}  # type: ignore[union-attr]
    return ", ".join(map(str, sorted(offsets | {0, -86_400})))


def written_in(sql: str, values: Mapping[str, int], separate_files: str = "0", midnights: str = "0") -> str:
    """The SQL that runs: thresholds as numbers, `seconds_between` in portable words."""
    for name, value in values.items():
        sql = sql.replace("{" + name + "}", str(value))
    sql = sql.replace("{separate_files}", separate_files).replace("{midnights}", midnights)
    return _SECONDS.sub(lambda match: _seconds(match.group(1).strip(), match.group(2).strip()), sql)


def _seconds(later: str, earlier: str) -> str:
    # Whole seconds: DuckDB extracts them so, Spark with the fraction of one, which the cast cuts off.
    gap = f"({later} - {earlier})"
    return (
        f"(extract(DAY FROM {gap}) * 86400 + extract(HOUR FROM {gap}) * 3600"
        f" + extract(MINUTE FROM {gap}) * 60 + CAST(extract(SECOND FROM {gap}) AS BIGINT)) * 1.0e0"
    )


def statements(store: Store, thresholds: Thresholds, rules: Sequence[FileRule] = ()) -> tuple[tuple[Step, str], ...]:
    """Each step in the order they run, with the SQL that fills its table; any engine of the portable subset runs it."""
    values, separate, midnights = parameters(thresholds), _separate_files(store, rules), _midnights(store)
    return tuple((step, written_in(step.sql, values, separate, midnights)) for step in steps())


def state(store: Store, thresholds: Thresholds, rules: Sequence[FileRule] = ()) -> str:
    """What the fact tables depend on: the data, the SQL, the thresholds, and what the settings say of the files."""
    return _state_of(store, statements(store, thresholds, rules))


def _state_of(store: Store, texts: Sequence[tuple[Step, str]]) -> str:
    text = fingerprint(store) + "".join(sql for _, sql in texts)
    return hashlib.sha256(text.encode()).hexdigest()


def is_current(store: Store, thresholds: Thresholds, rules: Sequence[FileRule] = ()) -> bool:
    """Whether the fact tables are those of the present data and settings."""
    return store.meta("model") == state(store, thresholds, rules)


def _drop(store: Store) -> None:
    """Drop what an earlier build left: what is a view today may have been a table."""
    tables_now = store.engine.rows(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_name LIKE 'fact\\_%' ESCAPE '\\'"
    )
    if tables_now:
        store.engine.run("; ".join(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}" for name, kind in tables_now))


def build(store: Store, thresholds: Thresholds, rules: Sequence[FileRule] = (), *, persist: bool = True) -> None:
    """Replace every fact table and view, in one transaction. `rules` are the [[files]] of the settings.

    Without `persist` they are temporary ones of this connection, which come before those of the database.
    """
    temporary = "" if persist else "TEMP "
    with store.engine.in_the_clear(), store.transaction():
        if persist:
            _drop(store)
        texts = statements(store, thresholds, rules)
        store.engine.run("\n;\n".join(f"CREATE {temporary}{step.kind} {step.table} AS\n{sql}" for step, sql in texts))
        if persist:
            store.remember("model", _state_of(store, texts))
