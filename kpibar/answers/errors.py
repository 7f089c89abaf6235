"""What no answer can be given to, in words."""

from pathlib import Path

from kpibar.errors import UsageError

_KINDS = "SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN"


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
