"""What can go wrong when something is taken out of a database again; see `kpibar.errors`."""

from collections.abc import Sequence
from pathlib import Path

from kpibar.errors import KpibarError, UsageError


class IdentifierInvalid(UsageError):
    """What was given as an e-mail address, telephone number or customer id is none."""

    def __init__(self, option: str, why: str) -> None:
        super().__init__(f"{option}: {why}")


class AgeInvalid(UsageError):
    """An age is not written as a number of years, months, weeks or days."""

    def __init__(self, text: str) -> None:
        super().__init__(f'--older-than "{text}": expected a number and a unit: 3y, 18m, 26w or 90d')


class RewriteImpossible(KpibarError):
    """The database cannot be replaced by one that is written anew."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: cannot be rewritten ({why}); nothing was deleted")


class RewriteShort(KpibarError):
    """The disk has no room for a second copy of the database."""

    def __init__(self, path: Path, free: int | None, need: int) -> None:
        space = f", {free / 1e6:,.0f} MB are free" if free is not None else ""
        super().__init__(
            f"{path}: rewriting it takes up to {need / 1e6:,.0f} MB beside it{space}; nothing was deleted; "
            "free some space, then start again"
        )


class RotationIncomplete(KpibarError):
    """The database that was made under a new key cannot take the place of the old one."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path}: cannot replace the old database ({why}); the old database and its key stay in use; "
            "`kpibar rotate-key` lists the exports to ingest"
        )


class FileUnclear(UsageError):
    """A name stands for none of the files in the ledger, or for several."""

    def __init__(self, name: str, choices: Sequence[str], *, ambiguous: bool) -> None:
        choice_list = "; ".join(choices[:20]) + (f" and {len(choices) - 20} more" if len(choices) > 20 else "")
        problem = "stands for several files" if ambiguous else "is none of the files in the database"
        super().__init__(f"{name}: {problem}; give the number of one: {choice_list or 'there is none'}")
