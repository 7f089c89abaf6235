"""What can go wrong, one class per cause. Each message says what was found, what was expected, what to try.

`KpibarError.exit_code` is what the command line returns: 1 failed, 2 usage, 3 a check or comparison failed.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class KpibarError(Exception):
    """The base of every error a user can cause or meet."""

    exit_code = 1


class UsageError(KpibarError):
    """The command line or a setting asks for something that does not exist."""

    exit_code = 2


def list_names(names: Iterable[str], limit: int = 12) -> str:
    """Join names with commas; past `limit`, say how many more there are."""
    distinct = sorted(set(names))
    excess = len(distinct) - limit
    return ", ".join(distinct[:limit]) + (f" and {excess} more" if excess > 0 else "")


def suggest_names(name: str, candidates: Iterable[str]) -> str:
    """A hint at the names most like the one that was not found."""
    like = (
        get_close_matches(name, list(candidates), n=3, cutoff=0.5)
        or [candidate for candidate in candidates if name in candidate][:3]
    )
    return f"; did you mean {' or '.join(like)}?" if like else f"; known: {list_names(candidates, 60)}"


def quote_names(names: Iterable[str]) -> str:
    """Names in double quotes, joined with commas."""
    return ", ".join('"' + name + '"' for name in names)


class FileNotHeld(UsageError):
    """A file was asked for by a name the ledger does not know."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        super().__init__(f'no file called "{name}" was ingested; known: {list_names(names)}')


class ConfigInvalid(UsageError):
    """kpibar.toml does not parse, or a setting is unknown or out of range."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


class ConfigMissing(UsageError):
    """The settings file that was asked for does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: no such settings file; give an existing kpibar.toml with --config")


class ZoneUnknown(UsageError):
    """A time zone name that does not exist."""

    def __init__(self, name: str, where: str = "") -> None:
        super().__init__(f'{where}"{name}" is not a time zone; expected an IANA name such as Europe/Paris')


class OutputUnwritable(KpibarError):
    """The report could not be written to its file."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: cannot be written ({why}); choose another file with -o")
