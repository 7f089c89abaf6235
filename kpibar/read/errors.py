"""What can be wrong with the bytes of a file, one class per cause; what its names and records can do is in `errors`."""

from collections.abc import Sequence
from pathlib import Path

from kpibar.errors import KpibarError, UsageError, list_names, suggest_names
from kpibar.privacy.disclosure import blank, show_name


class FileChanged(KpibarError):
    """The file was written to while it was being read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: changed while it was being read; wait until its export has finished, then try again")


class FileDamaged(KpibarError):
    """The bytes are not those of a whole file of their kind: cut, altered, or inconsistent."""

    def __init__(self, path: Path, kind: str, why: str) -> None:
        super().__init__(f"{path}: is a damaged {kind} ({why}); fetch or export it again")


class FileEncrypted(KpibarError):
    """The file, or the member of it that is wanted, opens with a password only."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: is protected by a password; open it with the password and save it without one")


class FileTooLarge(KpibarError):
    """What a file holds, or unpacks to, passes a limit that keeps it from filling the memory.

    `advice` is what to do, where it is not to unpack the file.
    """

    def __init__(self, path: Path, why: str, advice: str = "") -> None:
        usual = "if you trust it, unpack it or save it as CSV, and name that file instead"
        super().__init__(f"{path}: {why}; {advice or usual}")


class ArchiveUnsafe(KpibarError):
    """A member's name points outside the archive."""

    def __init__(self, path: Path, member: str) -> None:
        super().__init__(
            f"{path}: holds a member called {blank(member)!r}, which points outside the archive; "
            "ask where it comes from, or pack the export anew"
        )


class ArchiveNested(KpibarError):
    """What is packed in the archive is no text: another archive or a workbook."""

    def __init__(self, path: Path, kind: str) -> None:
        super().__init__(f"{path}: has {kind} inside; take it out of the archive and name that file instead")


class MemberNeeded(UsageError):
    """The archive or workbook holds several exports and nobody said which one to read."""

    def __init__(self, path: Path, kind: str, names: Sequence[str]) -> None:
        names = [show_name(name) for name in names]
        command = " ".join(f'"{path}:{name}"' for name in names)
        command_for_all = (
            f", or all that are wanted in one command: kpibar ingest {command}" if len(names) <= 12 else ""
        )
        super().__init__(
            f"{path}: holds {len(names)} {kind}: {list_names(names)}; name one of them: "
            f'"{path}:{min(names, default="")}"'
            f"{command_for_all}"
        )


class MemberUnknown(UsageError):
    """The archive or workbook has no member or sheet of that name."""

    def __init__(self, path: Path, member: str, names: Sequence[str]) -> None:
        hint = suggest_names(member, [*map(show_name, names)])
        super().__init__(f'{path}: has nothing called "{member}" inside{hint}')


# The letters of code pages, in words.
_SCRIPTS = {
    **dict.fromkeys(("cp1250", "iso8859-2", "iso8859-16", "cp852", "mac-latin2"), "the Central European letters"),
    **dict.fromkeys(("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic"), "the Cyrillic letters"),
    **dict.fromkeys(("cp1253", "iso8859-7", "cp737", "mac-greek"), "the Greek letters"),
    **dict.fromkeys(("cp1254", "cp857", "mac-turkish"), "the Turkish letters"),
    **dict.fromkeys(("cp1257", "cp775"), "the Baltic letters"),
    **dict.fromkeys(("cp1255", "iso8859-8"), "the Hebrew letters"),
    **dict.fromkeys(("cp1256", "iso8859-6"), "the Arabic letters"),
    "cp874": "the Thai letters",
}


class EncodingMisfit(KpibarError):
    """Bytes of a text that are not in its encoding.

    `line` and `offset` count from 1.
    """

    def __init__(self, path: Path, line: int, offset: int, encoding: str) -> None:
        super().__init__(
            f"{path}:{line}: what follows byte {offset - 1:,} is not {encoding}, which the rest of the file is in; "
            "was it put together from two files? Export it again, or say the encoding of all of it with "
            "--encoding, such as utf-8, cp1252 or mac-roman"
        )


class EncodingContradicted(UsageError):
    """An encoding was stated, and every letter of the file is written as UTF-8 writes it."""

    def __init__(self, path: Path, encoding: str) -> None:
        super().__init__(
            f"{path}: its bytes are UTF-8, not {encoding} as --encoding says; ingest it without --encoding"
        )


class EncodingForeign(KpibarError):
    """The letters of a text are not those of Western Europe, and nobody says which they are.

    `encoding` is the likeliest one, "" where none is likely.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        likely = f"like {_SCRIPTS.get(encoding, 'those')} of {encoding}" if encoding else "like those of none of them"
        super().__init__(
            f"{path}: is not UTF-8, and its letters beyond ASCII look {likely}, not like the Western European ones of "
            "cp1252, iso8859-15, mac-roman or cp850; read as those they would become other letters, so export it again "
            f"as UTF-8, or say its encoding with --encoding {encoding or 'cp1250'}"
        )


class EncodingUnknown(UsageError):
    """An encoding was asked for by a name that does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'"{name}" is not a text encoding; expected a name such as utf-8, cp1252, iso8859-15, mac-roman or utf-16'
        )


class KeyMaterial(KpibarError):
    """A key was given as an export. Nothing of its content is shown."""

    def __init__(self, path: Path, form: str) -> None:
        super().__init__(
            f"{path}: is key material ({form}), not an export, and nothing of it is read or shown; name the exports, "
            "and keep keys in a folder that only you can read"
        )


class RecordsNotFound(KpibarError):
    """A JSON file without a list of objects."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f'{path}: is JSON without records; expected [{{…}}, …], {{"name": [{{…}}, …]}} or one object a line'
        )


class HeaderQuoteUnpaired(KpibarError):
    """A name in the header has a quote that opens or closes nothing: where its column ends nobody can say.

    `name` is what may be shown of it.
    """

    def __init__(self, path: Path, line: int, name: str) -> None:
        super().__init__(
            f"{path}:{line}: the column name {name} has a quote without the one that opens or closes it; "
            "remove that quote from the header, or export the file again without opening it in a spreadsheet"
        )


class HeaderMoved(KpibarError):
    """A second header further down names other columns, or the same in another order."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(
            f"{path}:{line}: a second header names other columns, or the same in another order; "
            "keep each of the two tables in a file of its own"
        )


class DelimiterUnusable(KpibarError):
    """A line `sep=` states a sign by which cells cannot be told apart."""

    def __init__(self, path: Path, delimiter: str) -> None:
        super().__init__(
            f'{path}: its line sep= states "{blank(delimiter)}" between the cells; expected a sign such as , ; | or a '
            "tab, which is no letter, digit, quote, backslash or accented sign; export it again with one of those"
        )


class FileMissing(KpibarError):
    """A named file does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: no such file; check the name" + (", or leave out the quotes" if "*" in str(path) else "")
        )


class FileIsDirectory(KpibarError):
    """A folder was given where a file is expected."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: is a folder; name the files in it, for example {path}/*.csv")


class FileNotRegular(KpibarError):
    """A pipe, socket or device was given where a file is expected."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: is not a regular file; save the export to a file first")


class FileUnreadable(KpibarError):
    """The system refused to read the file."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: cannot be read ({why}); check its permissions")


class FileEmpty(KpibarError):
    """The file holds nothing but white space."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: is empty; export it again")


class FileNotText(KpibarError):
    """The bytes are those of a document, a web page, an archive of an unknown kind or another binary file."""

    def __init__(self, path: Path, looks_like: str) -> None:
        super().__init__(
            f"{path}: looks like {looks_like}, which kpibar does not read; open it and save it as CSV (UTF-8)"
        )


class HeaderNotFound(KpibarError):
    """No line of the file's beginning looks like the header of a known layout.

    `first_line` is what may be shown of its first line (see `disclosure.show_line`).
    """

    def __init__(self, path: Path, first_line: str) -> None:
        super().__init__(
            f"{path}: no known column names in its first 30 lines (line 1, letters and digits blanked: {first_line}); "
            "see `kpibar layouts` for what is read, or describe the file in layouts/NAME.toml"
        )


class FrameNameInvalid(UsageError):
    """A data frame cannot be called so in the ledger."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a data frame cannot be called {name!r}: expected the name of a file without a folder")
