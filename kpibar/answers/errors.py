"""What no answer can be given to, in words."""

from collections.abc import Iterable
from pathlib import Path

from kpibar.errors import UsageError


class DimensionMissing(UsageError):
    """The change of a KPI was asked for by a dimension that its records do not have."""

    def __init__(self, kpi: str, name: str, names: Iterable[str]) -> None:
        known = ", ".join(sorted(names))
        advice = f"give one of {known} with --by" if known else "leave out --by"
        super().__init__(f'the records of "{kpi}" have no {name}; {advice}')


class RecordsNotCsv(UsageError):
    """The records behind a figure were asked for in another format."""

    def __init__(self, path: Path | None) -> None:
        cause = f"{path}: records are" if path else "--rows: records are"
        super().__init__(f"{cause} written as CSV; name a file that ends in .csv, or leave out --json")


class ExplanationForm(UsageError):
    """An explanation was to be written as what it cannot be."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: an explanation is text or JSON; name a file that ends in .txt or .json, or give --rows"
        )
