"""What the command line refuses, in words."""

from collections.abc import Iterable
from pathlib import Path

from kpibar.errors import KpibarError, UsageError, list_names


class FormatUnknown(UsageError):
    """The output file's extension names no format."""

    def __init__(self, path: Path, extensions: Iterable[str], option: str = "--format") -> None:
        super().__init__(f"{path}: its extension names no format; expected {list_names(extensions)}, or give {option}")


class FormatsConflict(UsageError):
    """Two options name different formats, or an option one and the extension of an output file another."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second} name different formats; leave one of them out")


class OutputTwice(UsageError):
    """Two outputs are the same file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: is named twice as an output; name each file once")


class TerminalUnfit(UsageError):
    """A format that is no text would be written on a terminal."""

    def __init__(self, format: str, ending: str) -> None:
        super().__init__(
            f"--format {format} is no text to be read on a terminal; write it to a file with -o barometer{ending}"
        )


class DialectUnused(UsageError):
    """A dialect of CSV is given, and no CSV is written."""

    def __init__(self, dialect: str) -> None:
        super().__init__(f"--csv-dialect {dialect} is given, but no CSV is written; add -o barometer.csv")


class OutputOverwrites(UsageError):
    """What is to be written would replace a file that it is made from, or one that kpibar or its user cannot lose."""

    def __init__(self, path: Path, kind: str, advice: str = "") -> None:
        super().__init__(f"{path}: is {kind}, and kpibar does not overwrite it; choose another file with -o{advice}")


class CorrectionsKept(UsageError):
    """The file for rejected records is there, with other content."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: exists already with other content, perhaps your corrections; "
            "choose another file with -o, or delete it"
        )


class FolderGone(KpibarError):
    """The folder the command was started in does not exist any more."""

    def __init__(self) -> None:
        super().__init__("the current folder does not exist any more; change to another one")


class ConsentMissing(UsageError):
    """Something would be taken out for good, and nobody could be asked."""

    def __init__(self, command: str) -> None:
        super().__init__(
            f"{command} deletes records for good and asks first, but there is no terminal: nothing was deleted; "
            "list what would be deleted with --dry-run, then add --yes"
        )


class WideWithoutMonths(UsageError):
    """Months were asked for as columns, and no months."""

    def __init__(self) -> None:
        super().__init__("--wide puts months in columns, and no months are asked for: add --by month")
