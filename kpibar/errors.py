"""What can go wrong, one class per cause. Each message says what was found, what was expected, what to try.

`KpibarError.exit_code` is what the command line returns: 1 failed, 2 usage, 3 a check or comparison failed.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path


class KpibarError(Exception):
    """The base of every error a user can cause or meet."""

    exit_code = 1


class UsageError(KpibarError):
    """The command line or a setting asks for something that does not exist."""

    exit_code = 2


def _listed(names: Iterable[str], most: int = 12) -> str:
    """Join names with commas; past `most`, say how many more there are."""
    shown = sorted(set(names))
    more = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {more} more" if more > 0 else "")


def _closest(name: str, known: Iterable[str]) -> str:
    """A hint at the names most like the one that was not found."""
    like = get_close_matches(name, list(known), n=3, cutoff=0.5) or [one for one in known if name in one][:3]
    return f"; did you mean {' or '.join(like)}?" if like else f"; known: {_listed(known, 60)}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join('"' + name + '"' for name in names)


# --- files ---------------------------------------------------------------------------------------------


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


class FileKnownOtherwise(KpibarError):
    """The same bytes were ingested as another brand's."""

    def __init__(self, path: Path, source: str, before: str) -> None:
        super().__init__(
            f'{path}: was already ingested as "{before}"; read again as "{source}" its records would count twice; '
            "use the same --brand, or take it out first with `kpibar remove`"
        )


class AllRejected(KpibarError):
    """No record of the file could be read. `formats` are those of the user's own layout."""

    def __init__(self, path: Path, rejected: int, first: str, formats: Sequence[str] = ()) -> None:
        which = f"all {rejected} records were" if rejected > 1 else "its only record was"
        advice = "give its formats in a layout of your own"
        if formats and "date" in first:
            advice = f"correct or add to the formats of its layout, none of which fits: {_quoted(formats)}"
        elif formats:
            advice = "correct its layout, the helper of that column or its decimal sign"
        super().__init__(
            f"{path}: {which} rejected, so nothing was loaded; the first: {first}; export the file anew if it was cut "
            f"or saved again by a spreadsheet, or {advice}"
        )


class TooManyRejects(KpibarError):
    """More records of a file were rejected than --max-rejects allows."""

    def __init__(self, path: Path, rejected: int, records: int, limit: str, first: Sequence[str]) -> None:
        enough = -(-100 * rejected // records)
        super().__init__(
            f"{path}: {rejected} of {records} records were rejected, more than --max-rejects {limit} allows, so "
            f"nothing was loaded; the first: {'; '.join(first)}; if the layout is the wrong one see `kpibar layouts`, "
            f"if the other records are worth having load them with --max-rejects {enough}%"
        )


class LimitInvalid(UsageError):
    """--max-rejects is neither a number of records nor a percentage."""

    def __init__(self, text: str) -> None:
        super().__init__(f'--max-rejects "{text}" is not a limit; expected a number of records (25) or a share (2.5%)')


class FileNotHeld(UsageError):
    """A file was asked for by a name the ledger does not know."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f'no file called "{name}" was ingested; known: {_listed(known)}')


class OriginalUnknown(KpibarError):
    """Rejected records are to be taken from a file that is not, or no longer, the one that was ingested."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: its bytes are those of no ingested file; give the export as it was when it was ingested, "
            "or ingest it first (`kpibar status` lists the files)"
        )


class HeaderNotFound(KpibarError):
    """No line of the file's beginning looks like the header of a known layout.

    `first_line` is what may be shown of its first line (see `showing.shown_line`).
    """

    def __init__(self, path: Path, first_line: str) -> None:
        super().__init__(
            f"{path}: no known column names in its first 30 lines (line 1, letters and digits blanked: {first_line}); "
            "see `kpibar layouts` for what is read, or describe the file in layouts/NAME.toml"
        )


class HeaderDuplicated(KpibarError):
    """Two columns carry the same name and the layout reads that name."""

    def __init__(self, path: Path, line: int, name: str) -> None:
        super().__init__(
            f'{path}:{line}: two columns are called "{name}" and the layout reads it; rename one of them in the export'
        )


# --- layouts -------------------------------------------------------------------------------------------


class LayoutUnmatched(KpibarError):
    """The header is that of no layout.

    `closest` is a layout it resembles, `missing` the columns that lacks; `readable` tells that the layout can read the
    file without them.
    """

    def __init__(
        self, path: Path, closest: str | None = None, missing: Sequence[str] = (), *, readable: bool = False
    ) -> None:
        words = (
            "if a tool that `kpibar layouts` lists wrote it, export it again with the columns by which "
            "`kpibar layouts NAME` recognises it; else describe it in a layout of your own (layouts/README.md)"
        )
        if closest and readable:
            words = (
                f'the closest is "{closest}", which also needs {_quoted(missing)} to be recognised; '
                f"try --layout {closest} if that is what the file holds, or see `kpibar layouts`"
            )
        elif closest:
            words = f'it resembles "{closest}", which cannot read it without {_quoted(missing)}; {words}'
        super().__init__(f"{path}: no layout matches its header; {words}")


class LayoutTied(KpibarError):
    """Several layouts match the header equally well."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        super().__init__(
            f"{path}: {' and '.join(sorted(names))} match equally well; settle it with --layout {min(names)}"
        )


class LayoutUnknown(UsageError):
    """A layout was asked for by a name that does not exist."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f'no layout is called "{name}"{_closest(name, list(known))}')


class LayoutMissesColumns(KpibarError):
    """The layout that was asked for cannot read this file."""

    def __init__(self, path: Path, layout: str, missing: Sequence[str]) -> None:
        super().__init__(
            f"{path}: layout {layout} needs the column{'s' if len(missing) > 1 else ''} "
            f"{_quoted(missing)}, which the file does not have"
        )


class LayoutInvalid(KpibarError):
    """A layout file is not a valid layout."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: not a valid layout: {why}")


class LayoutContradicted(KpibarError):
    """A layout's own assertion does not hold on the file: most often a wrong unit or time zone, or moved cells."""

    def __init__(self, path: Path, layout: str, name: str, agreeing: int, known: int, lacking: int = 0) -> None:
        cause = (
            "the export probably uses another unit, durations without their seconds (hh:mm, as sheets show them) or "
            "another time zone (--tz), so nothing was loaded"
        )
        if lacking:
            cause = (
                f"{lacking} lack one of the two values, so their cells have probably moved to another column, and "
                "nothing was loaded; export the file anew, without opening it in a spreadsheet"
            )
        super().__init__(
            f"{path}: layout {layout} asserts that {name}, but only {agreeing} of {known} records agree; {cause}"
        )


# --- settings ------------------------------------------------------------------------------------------


class ConfigInvalid(UsageError):
    """kpibar.toml does not parse, or a setting is unknown or out of range."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


class ConfigMissing(UsageError):
    """The settings file that was asked for does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: no such settings file; give an existing kpibar.toml with --config")


class ZoneNeeded(UsageError):
    """Nobody has said in which zone the brand's days begin, and times without offset are."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: the time zone is not known: a day begins where the brand is, and times without an offset are of "
            'that zone; say which one with --tz Europe/Paris, or timezone = "Europe/Paris" in kpibar.toml'
        )


class ZoneChanged(UsageError):
    """The settings name another time zone than the one the database counts its days in."""

    def __init__(self, path: Path, known: str, stated: str) -> None:
        super().__init__(
            f"{path}: counts its days in {known}, the settings say {stated}; "
            "set timezone back in kpibar.toml, or start a new database with --db"
        )


class DateOrderAmbiguous(UsageError):
    """All dates of a column could have the day first or the month first, and nobody said which."""

    def __init__(self, path: Path, column: str, example: str) -> None:
        super().__init__(
            f'{path}: in the dates of column "{column}" ({example}) day and month cannot be told apart; '
            'say which comes first with --date-order dmy or mdy, or date_order = "dmy" in its layout'
        )


class DateOrderMixed(KpibarError):
    """Some dates of a column have the day first and others the month, or another order than was stated."""

    def __init__(
        self, path: Path, column: str, day_first: int | None, month_first: int | None, stated: str | None
    ) -> None:
        shown = [f"the day first in line {day_first}"] if day_first else []
        shown += [f"the month first in line {month_first}"] if month_first else []
        against = f", which is not the order {stated}" if stated and len(shown) == 1 else ""
        super().__init__(
            f'{path}: the dates of column "{column}" have {" and ".join(shown)}{against}; nothing was loaded. '
            "Was the file saved again by a spreadsheet? Export it anew, or state its one order with --date-order"
        )


class ZoneUnknown(UsageError):
    """A time zone name that does not exist."""

    def __init__(self, name: str, where: str = "") -> None:
        super().__init__(f'{where}"{name}" is not a time zone; expected an IANA name such as Europe/Paris')


class InstantInvalid(UsageError):
    """--as-of is not an instant."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'--as-of "{text}" is not a date or an instant of the past; expected 2026-01-15 or 2026-01-15T18:00'
        )


class KeyMissing(KpibarError):
    """The pseudonym key the database was filled with is not the one at hand, or there is none."""

    def __init__(self, path: Path, *, exists: bool = True) -> None:
        found = "is not the key this database was filled with" if exists else "is missing: the key of this database"
        super().__init__(
            f"{path}: {found}, so customers would not match; "
            "restore the key file, point KPIBAR_KEY_FILE at it, or start a new database with --db"
        )


class KeyUnusable(KpibarError):
    """The key file cannot be read or created, or is too short."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: cannot be used as pseudonym key ({why}); set KPIBAR_KEY_FILE to another file")


class KeyUnsafe(KpibarError):
    """The key file can be read by others, or its bytes can be guessed."""

    def __init__(self, path: Path, why: str, advice: str) -> None:
        super().__init__(f"{path}: is no safe pseudonym key: {why}; {advice}, or set KPIBAR_KEY_FILE to another file")


class ProofBroken(KpibarError):
    """The engine did not read what was proved, nor did the second reader; the transaction was rolled back."""

    def __init__(self, records: int) -> None:
        super().__init__(
            f"a batch of {records} records was not read as it stands in the file; nothing was loaded. "
            "This is a defect of kpibar: please report it with the file's header line"
        )


class LedgerBroken(KpibarError):
    """The records or the lines of a file do not add up; its transaction was rolled back."""

    def __init__(self, name: str, what: str, read: int, accounted: int) -> None:
        super().__init__(
            f"{name}: {read} {what} were read but {accounted} accounted for; nothing was loaded. "
            "This is a defect of kpibar: please report it with the file's header line"
        )


# --- the report ----------------------------------------------------------------------------------------


class YearWithoutData(UsageError):
    """The year asked for has no data."""

    def __init__(self, year: int, years: Sequence[int]) -> None:
        held = ", ".join(str(held) for held in years)
        super().__init__(f"no data in {year}; years held: {held}; try --year {years[-1]}")


class KpiUnknown(UsageError):
    """A KPI id that is not in the catalogue."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f'no KPI is called "{name}"{_closest(name, list(known))}')


class KpiInvalid(UsageError):
    """A KPI definition is not valid."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: not a valid KPI: {why}")


class TargetInvalid(UsageError):
    """A target that cannot be meant in its KPI's unit."""

    def __init__(self, kpi: str, target: float, why: str) -> None:
        super().__init__(f"[targets] of kpibar.toml: {kpi} = {target:g}: {why}")


class FamilyUnknown(UsageError):
    """A family that is not in the catalogue."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f'no family is called "{name}"; known: {_listed(known)}')


class BrandUnknown(UsageError):
    """A brand that no record carries."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f'no record is of brand "{name}"; known: {_listed(known) or "none"}')


class OutputUnwritable(KpibarError):
    """The report could not be written to its file."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: cannot be written ({why}); choose another file with -o")


class FormatUnknown(UsageError):
    """The output file's extension names no format."""

    def __init__(self, path: Path, known: Iterable[str]) -> None:
        super().__init__(f"{path}: its extension names no format; expected {_listed(known)}, or give --format")
