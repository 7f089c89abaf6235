"""What no report can be made of, in words."""

from collections.abc import Iterable, Sequence

from kpibar.errors import UsageError, list_names


class YearWithoutData(UsageError):
    """The year asked for has no data."""

    def __init__(self, year: int, years: Sequence[int]) -> None:
        super().__init__(f"no data in {year}; years with data: {', '.join(map(str, years))}; try --year {years[-1]}")


class BrandUnknown(UsageError):
    """A brand that no record carries."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        super().__init__(f'no record is of brand "{name}"; known: {list_names(names) or "none"}')


class ValueUnknown(UsageError):
    """A carrier, channel or team that no record has."""

    def __init__(self, column: str, value: str, names: Iterable[str]) -> None:
        super().__init__(f'no record has the {column} "{value}"; known: {list_names(names) or "none"}')


class ValueAmbiguous(UsageError):
    """A carrier, channel or team that records spell in several ways, and the command line in another one."""

    def __init__(self, column: str, value: str, names: Iterable[str]) -> None:
        super().__init__(
            f'the {column} "{value}" is spelled in several ways: {list_names(names)}; write one of these exactly'
        )


class DimensionUnknown(UsageError):
    """A breakdown was asked for that there is none of."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        super().__init__(f'no breakdown is called "{name}"; expected one of {", ".join(names)}')


class AgentsNotShown(UsageError):
    """A breakdown by agent was asked for, which the settings do not allow; `others` need no setting."""

    def __init__(self, others: Iterable[str]) -> None:
        super().__init__(
            "figures of single agents are not shown, as agents are persons: who may see them writes `agents = true` "
            f"under [reporting] in kpibar.toml; without it --by takes {', '.join(others)}"
        )


class ReportUnreadable(UsageError):
    """A JSON document that is no report, or one of a later version."""

    def __init__(self, why: str) -> None:
        super().__init__(f"not a report that this version of kpibar reads: {why}; expected what `--json` writes")
