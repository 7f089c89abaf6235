"""What can go wrong with the database, and with the machine it is on; see `kpibar.errors`."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from kpibar.errors import KpibarError

# So many names of tables, columns or exports stand in a message.
_NAME_LIMIT = 12


class DatabaseMissing(KpibarError):
    """There is no database yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: no data yet; start with `kpibar ingest FILES…`, or look at `kpibar demo`")


class DatabaseEmpty(KpibarError):
    """The database holds no record that a KPI could be computed from."""

    def __init__(self, path: Path, records: int = 0) -> None:
        message = f"no data yet; ingest exports with `kpibar ingest FILES… --db {path}`"
        if records:
            dates = "created_at, ordered_at, promised_to, sent_at, answered_at"
            message = f"none of its {records} records has a date that a KPI counts by ({dates}); export the dates"
        super().__init__(f"{path}: {message}")


class DatabaseForeign(KpibarError):
    """The file given as database is not one of kpibar's."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: is not a kpibar database and was left untouched; name another file with --db")


class DatabaseNewer(KpibarError):
    """The database was written by a newer kpibar."""

    def __init__(self, path: Path, version: str, current: str) -> None:
        super().__init__(
            f"{path}: has schema version {version}, this kpibar reads {current}; "
            "use the kpibar that wrote it, or ingest into a new file with --db"
        )


class DatabaseOlder(KpibarError):
    """The database was written by an earlier kpibar, and its tables do not hold what this one computes from."""

    def __init__(self, path: Path, version: str, current: str, exports: Sequence[str] = ()) -> None:
        super().__init__(
            f"{path}: was written by an earlier kpibar (schema version {version}, this one reads {current}) and was "
            f"left untouched: its tables lack what is computed today; {_again(exports)}"
        )


class DatabaseUnlike(KpibarError):
    """The tables of the database are not those of the schema version it states."""

    def __init__(self, path: Path, version: str, gaps: Sequence[str], exports: Sequence[str] = ()) -> None:
        gap_list = ", ".join(gaps[:_NAME_LIMIT]) + (
            f" and {len(gaps) - _NAME_LIMIT} more" if len(gaps) > _NAME_LIMIT else ""
        )
        super().__init__(
            f"{path}: its tables are not those of schema version {version} ({gap_list}): a kpibar between two versions "
            f"or another program wrote it; it was left untouched; {_again(exports)}"
        )


class MigrationImpossible(KpibarError):
    """The database was written by an earlier kpibar and must be written once to be read, which is not possible here."""

    def __init__(self, path: Path, version: str, current: str, why: str) -> None:
        super().__init__(
            f"{path}: was written by an earlier kpibar (schema version {version}, this one reads {current}) and could "
            f"not be migrated ({why}); run `kpibar status --db` on it, or on a copy, where it may be written"
        )


def _again(exports: Sequence[str]) -> str:
    """What to do where only the exports help."""
    names = list(dict.fromkeys(exports))
    name_list = ", ".join(names[:_NAME_LIMIT]) + (
        f" and {len(names) - _NAME_LIMIT} more" if len(names) > _NAME_LIMIT else ""
    )
    return f"ingest the exports again into a new file with --db{f': {name_list}' if names else ''}"


class DatabaseLocked(KpibarError):
    """Another process has the database open."""

    def __init__(self, path: Path, pid: int | None, since: datetime | None = None) -> None:
        user = f" by process {pid}" if pid else ""
        when = f", running since {since:%Y-%m-%d %H:%M}" if since else ""
        super().__init__(
            f"{path}: is in use{user}{when}; wait until it has finished (--wait 60 does), "
            "or name another file with --db"
        )


class DatabaseUnusable(KpibarError):
    """The system or DuckDB refused to open or write the database."""

    def __init__(self, path: Path, why: str) -> None:
        self.why = why
        super().__init__(f"{path}: cannot be used ({why}); check the folder's permissions and free space")


class DatabaseDamaged(KpibarError):
    """The database file or its log does not hold together any more."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path}: is damaged ({why}) and was left untouched; put back a copy of it and of {path.name}.wal, "
            "or ingest the exports again into a new file with --db"
        )


class DiskFull(KpibarError):
    """There was no room to write the database; what was being written was rolled back."""

    def __init__(self, path: Path, free: int | None) -> None:
        space = f" ({free / 1e6:,.0f} MB free)" if free is not None else ""
        super().__init__(
            f"{path}: no room left to write it{space}; what was not finished was rolled back; free some space or "
            "lift the limit on file sizes, then ingest again: files that are in the database already are skipped"
        )


class ScratchUnusable(KpibarError):
    """No temporary folder could be made."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no temporary folder could be made ({why}); free some space, or name a folder in TMPDIR")


class ScratchFull(KpibarError):
    """The temporary folder could not hold what did not fit into memory; what was being written was rolled back."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder}: no room for what does not fit into memory; what was not finished was rolled back; free some "
            "space there, or name another folder in TMPDIR"
        )


class MemoryShort(KpibarError):
    """The memory did not suffice; what was being written was rolled back."""

    def __init__(self) -> None:
        super().__init__(
            "the memory did not suffice; what was not finished was rolled back; close other programs or lift the "
            "limit on memory, or ingest the exports in smaller parts"
        )


class KeyMissing(KpibarError):
    """The pseudonym key the database was filled with is not the one at hand, or there is none."""

    def __init__(self, path: Path, *, exists: bool = True) -> None:
        fault = "is not the key this database was filled with" if exists else "is missing: the key of this database"
        super().__init__(
            f"{path}: {fault}, so customers would not match; "
            "restore the key file, point KPIBAR_KEY_FILE at it, or start a new database with --db"
        )


class KeyUnusable(KpibarError):
    """The key file cannot be read or created, or is too short."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: cannot be used as pseudonym key ({why}); set KPIBAR_KEY_FILE to another file")


class KeyUnsafe(KpibarError):
    """The key file can be read by others, or its bytes can be guessed."""

    def __init__(self, path: Path, why: str, advice: str) -> None:
        super().__init__(f"{path}: is no safe pseudonym key: {why}; {advice}, or set KPIBAR_KEY_FILE to another file")


class LedgerBroken(KpibarError):
    """The records or the lines of a file do not add up; its transaction was rolled back."""

    def __init__(self, name: str, unit: str, read: int, total: int) -> None:
        super().__init__(
            f"{name}: {read} {unit} were read but {total} accounted for; nothing was loaded. "
            "This is a defect of kpibar: please report it with the file's header line"
        )
