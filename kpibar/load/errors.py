"""Why a file is not loaded, in words."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from kpibar.errors import KpibarError, UsageError, quote_names


class FileKnownOtherwise(KpibarError):
    """The same bytes were ingested as another brand's."""

    def __init__(self, path: Path, source: str, before: str) -> None:
        super().__init__(
            f'{path}: was already ingested as "{before}"; ingested again as "{source}", its records would count twice; '
            "use the same --brand, or remove the file first with `kpibar remove`"
        )


class AllRejected(KpibarError):
    """No record of the file could be read. `formats` are those of the user's own layout."""

    def __init__(self, path: Path, rejected: int, first: str, formats: Sequence[str] = ()) -> None:
        subject = f"all {rejected} records were" if rejected > 1 else "its only record was"
        advice = "give its formats in a layout of your own"
        if formats and "date" in first:
            advice = f"correct or add to the formats of its layout, none of which fits: {quote_names(formats)}"
        elif formats:
            advice = "correct its layout, the helper of that column or its decimal sign"
        super().__init__(
            f"{path}: {subject} rejected, so nothing was loaded; the first: {first}; "
            "export the file anew if it was cut "
            f"or saved again by a spreadsheet, or {advice}"
        )


class TooManyRejects(KpibarError):
    """More records of a file were rejected than --max-rejects allows."""

    def __init__(self, path: Path, rejected: int, records: int, limit: str, first: Sequence[str]) -> None:
        enough = -(-100 * rejected // records)
        super().__init__(
            f"{path}: {rejected} of {records} records were rejected, more than --max-rejects {limit} allows, so "
            f"nothing was loaded; the first: {'; '.join(first)}; if the layout is wrong, see `kpibar layouts`; "
            f"to load the other records all the same, add --max-rejects {enough}%"
        )


class LimitInvalid(UsageError):
    """--max-rejects is neither a number of records nor a percentage."""

    def __init__(self, text: str) -> None:
        super().__init__(f'--max-rejects "{text}" is not a limit; expected a number of records (25) or a share (2.5%)')


class OriginalUnknown(KpibarError):
    """Rejected records are to be taken from a file that is not, or no longer, the one that was ingested."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: no ingested file has the same content; give the export unchanged since it was ingested, "
            "or ingest it first (`kpibar status` lists the files)"
        )


class HeaderDuplicated(KpibarError):
    """Two columns carry the same name and the layout reads that name."""

    def __init__(self, path: Path, line: int, name: str) -> None:
        super().__init__(
            f'{path}:{line}: two columns are called "{name}" and the layout reads it; rename one of them in the export'
        )


class LayoutUnmatched(KpibarError):
    """The header is that of no layout.

    `closest` is a layout it resembles, `columns` the columns that lacks; `readable` tells that the layout can read the
    file without them.
    """

    def __init__(
        self, path: Path, closest: str | None = None, columns: Sequence[str] = (), *, readable: bool = False
    ) -> None:
        words = (
            "if a tool that `kpibar layouts` lists wrote it, export it again with the columns by which "
            "`kpibar layouts NAME` recognises it; else describe it in a layout of your own (layouts/README.md)"
        )
        if closest and readable:
            words = (
                f'the closest is "{closest}", which also needs {quote_names(columns)} to be recognised; '
                f"try --layout {closest} if that is what the file holds, or see `kpibar layouts`"
            )
        elif closest:
            words = f'it resembles "{closest}", which cannot read it without {quote_names(columns)}; {words}'
        super().__init__(f"{path}: no layout matches its header; {words}")


class LayoutContradicted(KpibarError):
    """A layout's own assertion does not hold on the file: most often a wrong unit or time zone, or moved cells."""

    def __init__(self, path: Path, layout: str, name: str, agreements: int, pairs: int, gaps: int = 0) -> None:
        cause = (
            "the export probably uses another unit, durations without their seconds (hh:mm, as sheets show them) or "
            "another time zone (--tz), so nothing was loaded"
        )
        if gaps:
            cause = (
                f"{gaps} lack one of the two values, so their cells have probably moved to another column, and "
                "nothing was loaded; export the file anew, without opening it in a spreadsheet"
            )
        super().__init__(
            f"{path}: layout {layout} asserts that {name}, but only {agreements} of {pairs} records agree; {cause}"
        )


class ZoneNeeded(UsageError):
    """Nobody has said in which zone the brand's days begin, and times without offset are."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: the time zone is missing: it decides when a day begins, and which instant a time without an "
            'offset is; state it with --tz Europe/Paris, or timezone = "Europe/Paris" in kpibar.toml'
        )


class ZoneChanged(UsageError):
    """The settings name another time zone than the one the database counts its days in."""

    def __init__(self, path: Path, zone: str, option: str) -> None:
        super().__init__(
            f"{path}: counts its days in {zone}, but the settings state {option}; "
            "set timezone back in kpibar.toml, or start a new database with --db"
        )


class ProofBroken(KpibarError):
    """The engine did not read what was proved, nor did the second reader; the transaction was rolled back."""

    def __init__(self, records: int) -> None:
        super().__init__(
            f"a batch of {records} records was not read as it stands in the file; nothing was loaded. "
            "This is a defect of kpibar: please report it with the file's header line"
        )


class IdentifiersRounded(KpibarError):
    """The numbers of a file's records have lost the digits after the fifteenth, which are all zeros."""

    def __init__(self, path: Path, column: str, records: int) -> None:
        super().__init__(
            f"{path}: column {column}: the numbers of {records} records have more than 15 digits and all end in zeros "
            "from the 16th on: a spreadsheet rounded them, so that several may have one number, and nothing was "
            "loaded; export the file anew and ingest it without opening it in a spreadsheet"
        )


class AccountsMixed(KpibarError):
    """Most records of a file have the numbers of known ones, and are others. `signs` says by what, and how often."""

    def __init__(self, path: Path, source: str, strangers: int, pairs: int, signs: Mapping[str, int]) -> None:
        sign_list = ", ".join(f"{count} {words}" for words, count in signs.items())
        super().__init__(
            f"{path}: {strangers} of {pairs} records have the number of a record of {source} but are not that record "
            f"({sign_list}): the file seems to be an export of another account, and nothing was loaded; "
            "give each account its own --brand; if it is the same account, one of its exports was read with day and "
            "month in the wrong order: state the order with --date-order"
        )


class TwinsHeld(KpibarError):
    """Most records of a file, at least of a stretch of days, are in another source too: an imported history.

    `records` says how many, of which days, and what they have in common; `copy` is the file that holds the import,
    `day` the first one of its own records, `original` the files of the source that it was imported from. `brand` is the
    one under which the same layout's records are held already, where the file was read under another ("" for none).
    """

    def __init__(
        self, path: Path, records: str, copy: str, day: date, original: str, *, brand: str | None = None
    ) -> None:
        if brand is not None:
            option = f'with --brand "{brand}"' if brand else "without --brand"
            records += f"; if both files are of the same account, ingest this one {option}; if not"
        again = "" if copy == path.name else f", ingest {copy} again, then this file"
        super().__init__(
            f"{path}: {records}: it seems to be an imported history, which would count twice, so nothing was loaded; "
            f'write [[files]] with match = "{copy}" and from = {day} into kpibar.toml{again} (or [[files]] with '
            f'until for {original}); if they are to count twice, write twins = "separate" instead'
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
            f"{path}:{line}: the first of {repaired} broken lines that could be repaired, among {records} records: "
            "so many that the export itself must be wrong, and nothing was loaded; export it again with its texts in "
            f"quotes, reject those lines with --no-repair, or accept the repairs with --max-rejects {enough}%"
        )


class TextRefused(KpibarError):
    """The database engine refuses a text of a file, in the way its layout reads it."""

    def __init__(self, path: Path, lines: tuple[int, int] | None, why: str) -> None:
        where = f" in lines {lines[0]:,} to {lines[1]:,}" if lines else ""
        super().__init__(
            f"{path}: the database engine refuses a text{where} ({why}); nothing of the file was loaded. Look there "
            "for a cell that is damaged or far too long and export the file again, or try another --layout"
        )
