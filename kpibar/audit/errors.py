"""What can go wrong when a sample of contacts is drawn or its labels are read; see `kpibar.errors`."""

from pathlib import Path

from kpibar.errors import KpibarError, UsageError


class SampleImpossible(KpibarError):
    """The year has no contacts to draw from."""

    def __init__(self, year: int) -> None:
        super().__init__(f"no contact was counted in {year}: there is none to draw; give another year with --year")


class SampleExists(UsageError):
    """The file for the sample is there: it may hold labels."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: exists already, perhaps with labels; choose another file with -o")


class SampleNotCsv(UsageError):
    """The file for the sample has the ending of another format."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: a sample is written as CSV; name a file that ends in .csv")


class SampleForeign(UsageError):
    """No contact of a sample is in the database."""

    def __init__(self, path: Path, database: Path) -> None:
        super().__init__(
            f"{path}: none of its contacts is in {database}; name with --db the database that the sample was drawn from"
        )


class LabelsInvalid(UsageError):
    """A file of labels cannot be used: something stands in it that `audit draw` did not write and no label is."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}:{line}: {why}")


class LabelsMissing(UsageError):
    """The labels do not say enough for a figure."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}; write yes or no into the column wismo")
