"""What is wrong with a layout, in words."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from kpibar.errors import KpibarError, UsageError, quote_names, suggest_names


class LayoutTied(KpibarError):
    """Several layouts match the header equally well."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        super().__init__(
            f"{path}: {' and '.join(sorted(names))} match equally well; settle it with --layout {min(names)}"
        )


class LayoutUnknown(UsageError):
    """A layout was asked for by a name that does not exist."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        super().__init__(f'no layout is called "{name}"{suggest_names(name, list(names))}')


class LayoutMissesColumns(KpibarError):
    """The layout that was asked for cannot read this file."""

    def __init__(self, path: Path, layout: str, columns: Sequence[str]) -> None:
        super().__init__(
            f"{path}: layout {layout} needs the column{'s' if len(columns) > 1 else ''} "
            f"{quote_names(columns)}, which the file does not have"
        )


class LayoutInvalid(KpibarError):
    """A layout file is not a valid layout."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: not a valid layout: {why}")
