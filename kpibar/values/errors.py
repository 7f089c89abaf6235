"""Values that cannot be read one way only, in words."""

from pathlib import Path

from kpibar.errors import KpibarError, UsageError


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
        self, path: Path, column: str, day_first: int | None, month_first: int | None, option: str | None
    ) -> None:
        proofs = [f"the day first in line {day_first}"] if day_first else []
        proofs += [f"the month first in line {month_first}"] if month_first else []
        against = f", which is not the order {option}" if option and len(proofs) == 1 else ""
        super().__init__(
            f'{path}: the dates of column "{column}" have {" and ".join(proofs)}{against}; nothing was loaded. '
            "Was the file saved again by a spreadsheet? Export it anew, or state its one order with --date-order"
        )


class InstantInvalid(UsageError):
    """--as-of is not an instant."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f'--as-of "{text}" is not a date or an instant of the past; expected 2026-01-15 or 2026-01-15T18:00'
        )


class YearFirst(KpibarError):
    """Dates such as 25-03-31, which are read with the year at the end as was stated, would be years from now."""

    def __init__(self, path: Path, column: str, example: str) -> None:
        super().__init__(
            f'{path}: in the dates of column "{column}" ({example}) the year seems to come first: read with the year '
            "last, they would lie years ahead; export it with years of four digits, or leave out --date-order and give "
            'their format in a layout of your own, such as formats = ["%y-%m-%d %H:%M"]'
        )


class DatesSwapped(KpibarError):
    """A spreadsheet has turned the dates of which it could into others, day and month swapped, and left the rest."""

    def __init__(self, path: Path, column: str, example: str) -> None:
        super().__init__(
            f'{path}: in column "{column}" every date up to the 12th is a date, every later one a text ({example}): a '
            "spreadsheet has most likely swapped day and month of the former; export it again and ingest it without "
            "opening it in a spreadsheet, or state the order with --date-order if the dates are right"
        )
