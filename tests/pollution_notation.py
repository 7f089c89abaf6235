"""The same dates and numbers in another notation, as a spreadsheet or another locale writes them.

The truth is the clean table: the instant and the amount are the same, so a record is read as before or reported.
Where a notation cannot show (no amount above a thousand), the file is not generated. In "days that could be months"
every day is at most 12, so that nothing in the file tells day from month: a guess would be silent damage.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from tests.pollution_exports import Export, Table, Text, pieces
from tests.pollution_oracle import Pollution, pollution

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:([T ])(\d\d):(\d\d):(\d\d)(.*))?")
_FRENCH = re.compile(r"(\d\d)/(\d\d)/(\d{4})( )(\d\d):(\d\d)()()")
_EPOCH = datetime(1899, 12, 30)
Rewrite = Callable[[str], str]


@dataclass(frozen=True)
class Moment:
    """A date cell: its local time, whether it has a time and seconds, and what follows (an offset, a Z)."""

    local: datetime
    timed: bool
    seconds: bool
    suffix: str

    @classmethod
    def read(cls, text: str) -> "Moment":
        """Read a clean date cell."""
        iso, french = _ISO.fullmatch(text), _FRENCH.fullmatch(text)
        if french:
            day, month, year, _, hour, minute, *_ = french.groups()
            return cls(datetime(int(year), int(month), int(day), int(hour), int(minute)), True, False, "")
        assert iso is not None, text
        year, month, day, mark, hour, minute, second, suffix = iso.groups(default="0")
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))
        return cls(local, mark != "0", mark != "0", suffix if mark != "0" else "")

    def written(self, day: str, clock: str) -> str:
        """The moment with its date and time in these formats."""
        date = self.local.strftime(day)
        return f"{date} {self.local.strftime(clock)}{self.suffix}" if self.timed else date


def _rewritten(export: Export, table: Table, kind: str, rewrite: Rewrite, every: int = 1) -> Table:
    """The table with every filled cell of the columns of a type rewritten, in every n-th record."""
    typed = [export.typed.get(name) == kind for name in table.header]
    rows = tuple(
        tuple(rewrite(c) if c and wanted and at % every == 0 else c for c, wanted in zip(row, typed, strict=True))
        for at, row in enumerate(table.rows)
    )
    return Table(table.header, rows)


def _files(export: Export, kind: str, rewrites: dict[str, Rewrite], truth: Table | None = None) -> Iterator[Pollution]:
    """Every rewrite, in all records and in every third one, with comma and semicolon."""
    clean = truth or export.table
    for name, rewrite in rewrites.items():
        for every in (1, 3):
            table = _rewritten(export, clean, kind, rewrite, every)
            for delimiter in (",", ";"):
                label = f"{name}, in 1 of {every} records, delimiter {delimiter!r}"
                if table != clean:
                    yield pollution(label, Text.of(pieces(table, delimiter)), truth=truth)


def _clock(moment: Moment, half: bool) -> str:
    return ("%I:%M:%S %p" if half else "%H:%M:%S") if moment.seconds else ("%I:%M %p" if half else "%H:%M")


def _dated(day: str, half: bool = False) -> Rewrite:
    def rewrite(text: str) -> str:
        moment = Moment.read(text)
        return moment.written(day, _clock(moment, half))

    return rewrite


_ORDERS = {
    "dd/mm/yyyy": _dated("%d/%m/%Y"),
    "mm/dd/yyyy": _dated("%m/%d/%Y"),
    "mm/dd/yyyy am/pm": _dated("%m/%d/%Y", half=True),
    "dd/mm/yyyy am/pm": _dated("%d/%m/%Y", half=True),
    "dd.mm.yyyy": _dated("%d.%m.%Y"),
    "dd-mm-yyyy": _dated("%d-%m-%Y"),
    "mm-dd-yyyy": _dated("%m-%d-%Y"),
    "dd/mm/yy": _dated("%d/%m/%y"),
    "yyyy/mm/dd": _dated("%Y/%m/%d"),
    "dd mon yyyy": _dated("%d %b %Y"),
    "yyyy-mm-dd am/pm": _dated("%Y-%m-%d", half=True),
}


def _date_orders(export: Export) -> Iterator[Pollution]:
    yield from _files(export, "date", _ORDERS)
    ambiguous = [row for row in export.table.rows if _could_be_months(export, row)]
    if ambiguous:
        truth = Table(export.columns, tuple(ambiguous))
        for polluted in _files(export, "date", _ORDERS, truth):
            says = _mirrored(export, truth, polluted.label)
            yield replace(polluted, label=polluted.label + ", days that could be months", says=says)


def _mirrored(export: Export, truth: Table, label: str) -> Table | None:
    """What a file says byte for byte: single dates the other way round in the very notation of the layout.

    Of a file in which more than a third of the dates are another day the other way round, something must be told.
    """
    if export.name != "easiware" or not label.startswith("mm/dd/yyyy, in "):
        return None
    every = 3 if label.startswith("mm/dd/yyyy, in 1 of 3") else 1
    months, days = (_rewritten(export, truth, "date", _ORDERS[order], every) for order in ("mm/dd/yyyy", "dd/mm/yyyy"))
    changed = sum(one != other for one, other in zip(months.rows, days.rows, strict=True))
    return months if 3 * changed <= len(truth.rows) else None


def _could_be_months(export: Export, row: tuple[str, ...]) -> bool:
    cells = (c for c, name in zip(row, export.columns, strict=True) if c and export.typed.get(name) == "date")
    return all(Moment.read(c).local.day <= 12 for c in cells)


def _serial(decimal: str, digits: int) -> Rewrite:
    def rewrite(text: str) -> str:
        moment = Moment.read(text)
        if moment.suffix:
            return text  # a spreadsheet leaves what has an offset alone
        days = (moment.local - _EPOCH) / timedelta(days=1)
        return (f"{days:.{digits}f}" if moment.timed else f"{days:.0f}").replace(".", decimal)

    return rewrite


def _excel_dates(export: Export) -> Iterator[Pollution]:
    rewrites = {"serial days": _serial(".", 5), "serial days, comma": _serial(",", 5), "long": _serial(".", 10)}
    yield from _files(export, "date", rewrites)


def _zoned(export: Export, style: str, hours: float | None) -> Rewrite:
    """The same instant told in another way: `hours` east of UTC, or in the zone it was in."""

    def rewrite(text: str) -> str:
        moment = Moment.read(text)
        if not moment.timed:
            return text
        known = datetime.strptime(moment.suffix.strip().replace("Z", "+0000"), "%z").tzinfo if moment.suffix else None
        there = moment.local.replace(tzinfo=known or ZoneInfo(export.zone))
        told = there.astimezone(timezone(timedelta(hours=hours))) if hours is not None else there
        day = "%d/%m/%Y" if export.name == "easiware" else "%Y-%m-%d"
        clock = "%H:%M:%S" if moment.seconds else "%H:%M"
        offset = told.strftime("%z")
        name = told.tzname() or "UTC"
        suffix = style.format(offset=offset, colon=f"{offset[:3]}:{offset[3:]}", short=offset[:3], name=name)
        return told.strftime(f"{day} {clock}") + suffix

    return rewrite


def _zones(export: Export) -> Iterator[Pollution]:
    rewrites = {
        "Z": _zoned(export, "Z", 0),
        " UTC": _zoned(export, " UTC", 0),
        " GMT": _zoned(export, " GMT", 0),
        " +0000": _zoned(export, " {offset}", 0),
        "+05:30": _zoned(export, "{colon}", 5.5),
        " -0800": _zoned(export, " {offset}", -8),
        "-03": _zoned(export, "{short}", -3),
        "its own offset": _zoned(export, "{colon}", None),
        " GMT+02:00": _zoned(export, " GMT{colon}", 2),
        " (UTC+2)": _zoned(export, " (UTC+2)", 2),
        " EST": _zoned(export, " EST", -5),
    }
    if export.zone != "UTC" and not any(Moment.read(c).suffix for c in _dates(export)):
        rewrites |= {" CET or CEST": _zoned(export, " {name}", None)}
    yield from _files(export, "date", rewrites)


def _dates(export: Export) -> list[str]:
    return [c for row in export.table.rows for c, name in zip(row, export.columns, strict=True)
            if c and export.typed.get(name) == "date"]  # fmt: skip


def _decimal_commas(export: Export) -> Iterator[Pollution]:
    def comma(text: str) -> str:
        return text.replace(".", ",") if "." in text else text + ",0"

    def unit(text: str) -> str:
        return comma(text) + " €"

    rewrites = {
        "decimal comma": comma,
        "decimal comma, two places": lambda text: comma(text) + "0",
        "three places": lambda text: f"{float(text):.3f}".replace(".", ","),
        "decimal comma and currency": unit,
        "currency first": lambda text: "€" + text,
        "arabic decimal sign": lambda text: comma(text).replace(",", "\u066b"),
    }
    yield from _files(export, "number", rewrites)


def _thousands(export: Export) -> Iterator[Pollution]:
    """Amounts a thousand times as large, so that the sign shows; whole numbers stay whole."""
    truth = _rewritten(export, export.table, "number", lambda text: text)
    if "Total" in export.columns:
        truth = _rewritten(export, export.table, "number", lambda text: f"{float(text) * 1000:.2f}")

    def grouped(sign: str, decimal: str = ".") -> Rewrite:
        def rewrite(text: str) -> str:
            whole, point, rest = text.partition(".")
            return re.sub(r"(?<=\d)(?=(\d{3})+$)", sign, whole) + (decimal if point else "") + rest

        return rewrite

    signs = {"blank": " ", "NBSP": "\u00a0", "NNBSP": "\u202f", "apostrophe": "'", "right quote": "’", "comma": ","}
    rewrites = {name: grouped(sign) for name, sign in signs.items()}
    rewrites |= {f"{name}, decimal comma": grouped(sign, ",") for name, sign in signs.items() if sign != ","}
    yield from _files(export, "number", rewrites, truth)


NOTATIONS: dict[str, Callable[[Export], Iterator[Pollution]]] = {
    "date-order": _date_orders,
    "excel-dates": _excel_dates,
    "time-zone": _zones,
    "decimal-comma": _decimal_commas,
    "thousands": _thousands,
}
