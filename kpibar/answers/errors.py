"""What no answer can be given to, in words."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from kpibar.errors import UsageError, list_names, quote_names

# What a statement that reads begins with.
_KINDS = "SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN"


class ReferenceUnusable(UsageError):
    """What was given for the number of an order can be none."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this is no number of an order: {why}; give one as it stands in a shop's export")


class OrderUnknown(UsageError):
    """No order, parcel or contact has the number."""

    def __init__(self, reference: str, nearest: Sequence[str]) -> None:
        hint = f"did you mean {' or '.join(nearest)}?" if nearest else "no known number is like it; try `kpibar status`"
        super().__init__(f'no order, parcel or contact has the number "{reference}"; {hint}')


class OrderAmbiguous(UsageError):
    """Orders of several brands have the number."""

    def __init__(self, reference: str, orders: Iterable[str], brands: Iterable[str]) -> None:
        options = " or ".join(f'--brand "{name}"' for name in sorted(brands))
        super().__init__(f'several orders have the number "{reference}": {list_names(orders)}; choose with {options}')


class OrderOfOtherBrand(UsageError):
    """The orders of that number are of other brands than the one asked for."""

    def __init__(self, reference: str, brand: str, brands: Sequence[str]) -> None:
        options_known = quote_names(brands) if brands else "none"
        super().__init__(f'no order "{reference}" is of brand "{brand}"; brands of that number: {options_known}')


class DimensionMissing(UsageError):
    """The change of a KPI was asked for by a dimension that its records do not have."""

    def __init__(self, kpi: str, name: str, names: Iterable[str]) -> None:
        options_known = ", ".join(sorted(names))
        advice = f"give one of {options_known} with --by" if options_known else "leave out --by"
        super().__init__(f'the records of "{kpi}" have no {name}; {advice}')


class FilterMissing(UsageError):
    """A KPI was to be explained for one carrier, channel or team, and its records have no such column."""

    def __init__(self, kpi: str, names: Sequence[str]) -> None:
        options = " and ".join(f"--{name}" for name in names)
        super().__init__(f'the records of "{kpi}" have no {" and no ".join(names)}; leave out {options}')


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


class StatementMissing(UsageError):
    """Nothing is asked: there is no statement, or nothing but comments."""

    def __init__(self) -> None:
        super().__init__(
            'there is no statement; write one, such as kpibar sql "SELECT count(*) FROM fact_orders", '
            "or name its file with --file"
        )


class StatementUnreadable(UsageError):
    """The statement cannot be read from where it stands."""

    def __init__(self, place: Path | str, why: str) -> None:
        super().__init__(f"{place}: holds no statement that can be read ({why}); write it into a text file in UTF-8")


class StatementRefused(UsageError):
    """The statement does more than read, or is several."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the statement was not run: {why}; one statement that reads is run: {_KINDS}")


class StatementInvalid(UsageError):
    """The engine cannot run the statement."""

    def __init__(self, why: str, place: str = "", advice: str = "") -> None:
        super().__init__(f"the statement does not run{f' ({place})' if place else ''}: {why}{advice}")
