"""What can be wrong with the bytes of a file, one class per cause; what its names and records can do is in `errors`."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from kpibar.errors import KpibarError, UsageError, _closest, _listed
from kpibar.privacy.disclosure import blanked, shown_name


class FileChanged(KpibarError):
    """The file was written to while it was being read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: changed while it was being read; wait until its export has finished, then try again")


class FileDamaged(KpibarError):
    """The bytes are not those of a whole file of their kind: cut, altered, or inconsistent."""

    def __init__(self, path: Path, what: str, why: str) -> None:
        super().__init__(f"{path}: is a damaged {what} ({why}); fetch or export it again")


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
            f"{path}: holds a member called {blanked(member)!r}, which points outside the archive; "
            "ask where it comes from, or pack the export anew"
        )


class ArchiveNested(KpibarError):
    """What is packed in the archive is no text: another archive or a workbook."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: has {what} inside; take it out of the archive and name that file instead")


class MemberNeeded(UsageError):
    """The archive or workbook holds several exports and nobody said which one to read."""

    def __init__(self, path: Path, what: str, names: Sequence[str]) -> None:
        names = [shown_name(name) for name in names]
        command = " ".join(f'"{path}:{name}"' for name in names)
        several = f", or all that are wanted in one command: kpibar ingest {command}" if len(names) <= 12 else ""
        super().__init__(
            f"{path}: holds {len(names)} {what}: {_listed(names)}; name one of them: "
            f'"{path}:{min(names, default="")}"'
            f"{several}"
        )


class IdentifiersRounded(KpibarError):
    """The numbers of a file's records have lost the digits after the fifteenth, which are all zeros."""

    def __init__(self, path: Path, column: str, records: int) -> None:
        super().__init__(
            f"{path}: column {column}: the numbers of {records} records have more than 15 digits and all end in zeros "
            "from the 16th on: a spreadsheet rounded them, so that several may have one number, and nothing was "
            "loaded; export the file anew and ingest it without opening it in a spreadsheet"
        )


class MemberUnknown(UsageError):
    """The archive or workbook has no member or sheet of that name."""

    def __init__(self, path: Path, member: str, names: Sequence[str]) -> None:
        super().__init__(f'{path}: has nothing called "{member}" inside{_closest(member, [*map(shown_name, names)])}')


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

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path}: is key material ({what}), not an export, and nothing of it is read or shown; name the exports, "
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
            f"{path}:{line}: the column name {name} has a quote alone, without the one that opens or closes it; "
            "take out that quote in the header, or export the file again without opening it in a spreadsheet"
        )


class HeaderMoved(KpibarError):
    """A second header further down names other columns, or the same in another order."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(
            f"{path}:{line}: a second header names other columns, or the same in another order; "
            "keep each of the two tables in a file of its own"
        )


class OutputOverwrites(UsageError):
    """What is to be written would replace a file that it is made from, or one that kpibar or its user cannot lose."""

    def __init__(self, path: Path, what: str, advice: str = "") -> None:
        super().__init__(f"{path}: is {what}, which is never replaced; choose another file with -o{advice}")


class CorrectionsKept(UsageError):
    """The file for rejected records is there, with other content."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: is there already and not as it would be written: it may hold corrections; "
            "choose another file with -o, or delete it"
        )


class AccountsMixed(KpibarError):
    """Most records of a file have the numbers of known ones, and are others. `signs` says by what, and how often."""

    def __init__(self, path: Path, source: str, other: int, known: int, signs: Mapping[str, int]) -> None:
        found = ", ".join(f"{count} {words}" for words, count in signs.items())
        super().__init__(
            f"{path}: {other} of {known} records that {source} knows by number are others ({found}): it seems to be "
            "the export of another account, and nothing of it was loaded; give each account its own --brand, which "
            "begins a source of its own; if it is the same account, one of its exports was read with day and month "
            "in the wrong order: state it with --date-order"
        )


class TwinsHeld(KpibarError):
    """Most records of a file, at least of a stretch of days, are in another source too: an imported history.

    `what` says how many, of which days, and what they have in common; `copy` is the file that holds the import, `day`
    the first one of its own records, `other` the files of the source that it was imported from. `brand` is the one
    under which the same layout's records are held already, where the file was read under another ("" for none).
    """

    def __init__(self, path: Path, what: str, copy: str, day: date, other: str, *, brand: str | None = None) -> None:
        if brand is not None:
            option = f'with --brand "{brand}"' if brand else "without --brand"
            what += f"; if both files are of the same account, ingest this one {option}; if not"
        again = "" if copy == path.name else f", ingest {copy} again, then this file"
        super().__init__(
            f"{path}: {what}: it seems to be an imported history, which would count twice, so nothing was loaded; "
            f'write [[files]] with match = "{copy}" and from = {day} into kpibar.toml{again} (or [[files]] with '
            f'until for {other}); if they are to count twice, write twins = "separate" instead'
        )


class BrandsFixed(KpibarError):
    """A database holds records under a brand that can no longer be given the name the settings state for it."""

    def __init__(self, brand: str, name: str, why: str) -> None:
        super().__init__(
            f'[brands] "{brand}" = "{name}" cannot be applied to this database: {why}; take the line out of '
            "kpibar.toml, or start a new database with --db and ingest the exports again"
        )


class TooManyRepairs(KpibarError):
    """So many broken lines have one way to be put right that the file must be written in another way."""

    def __init__(self, path: Path, repaired: int, records: int, line: int) -> None:
        enough = -(-100 * repaired // records)
        super().__init__(
            f"{path}:{line}: the first of {repaired} broken lines of {records} records that could be put right; so "
            "many are no accident, so nothing was loaded; export it again with its texts in quotes, reject those lines "
            f"with --no-repair, or take them as they would be read with --max-rejects {enough}%"
        )


class YearFirst(KpibarError):
    """Dates such as 25-03-31, which are read with the year at the end as was stated, would be years from now."""

    def __init__(self, path: Path, column: str, example: str) -> None:
        super().__init__(
            f'{path}: in the dates of column "{column}" ({example}) the year seems to come first, for their ends would '
            "be years from now; export it with years of four digits, or leave out --date-order and give their format "
            'in a layout of your own, such as formats = ["%y-%m-%d %H:%M"]'
        )


class DelimiterUnusable(KpibarError):
    """A line `sep=` states a sign by which cells cannot be told apart."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            f'{path}: its line sep= states "{blanked(found)}" between the cells; expected a sign such as , ; | or a '
            "tab, which is no letter, digit, quote, backslash or accented sign; export it again with one of those"
        )


class DatesSwapped(KpibarError):
    """A spreadsheet has turned the dates of which it could into others, day and month swapped, and left the rest."""

    def __init__(self, path: Path, column: str, example: str) -> None:
        super().__init__(
            f'{path}: in column "{column}" every date up to the 12th is a date, every later one a text ({example}): a '
            "spreadsheet has most likely swapped day and month of the former; export it again and do not open it "
            "before it is read, or state the order with --date-order if the dates are right"
        )


class TextRefused(KpibarError):
    """The database engine refuses a text of a file, in the way its layout reads it."""

    def __init__(self, path: Path, lines: tuple[int, int] | None, why: str) -> None:
        where = f" in lines {lines[0]:,} to {lines[1]:,}" if lines else ""
        super().__init__(
            f"{path}: the database engine refuses a text{where} ({why}); nothing of the file was loaded. Look there "
            "for a cell that is damaged or far too long and export the file again, or try another --layout"
        )
