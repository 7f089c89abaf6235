"""What a helper needs to read a cell: the call, and what is known of the file's notation."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kpibar.read.columns import normal

_SHORT_HYPHENS = re.compile("%-?[dem]-%-?[dem]-%y")
# Helpers that may read a date and a time from two columns.
TIME_HELPERS = ("instant", "promise_start", "promise_end")
_DATE_PART = re.compile(r"%-?([dejmbByY])")


@dataclass(frozen=True)
class Notation:
    """What helpers need to know of the file: the zone of a column's naive times, formats, decimal sign, enums.

    `zones` maps a normalised column name to the zone in its header; `zone` holds for the others. A bare date is
    a day in `day_zone`, the brand's: a delivery promised for a day may come until that day ends where the customer is.
    `date_order` ("dmy" or "mdy") is what the user or the layout says of dates such as 03/04/2025; `orders` is what the
    file's own columns show, "" for one that shows nothing and must not be read. `serials` tells of columns of
    spreadsheet days whether they are written to the second. `decimals` is the decimal sign of the columns that show
    another than `decimal`, the one the layout states. `ticks` tells of columns of yes and no that are filled with ticks
    (x) whether an empty cell is a no.
    """

    zone: str
    day_zone: str
    zones: Mapping[str, str]
    formats: tuple[str, ...]
    decimal: str
    enums: Mapping[str, Mapping[str, str]]
    calling_code: str
    date_order: str | None = None
    orders: Mapping[str, str] = field(default_factory=dict)
    serials: Mapping[str, bool] = field(default_factory=dict)
    decimals: Mapping[str, str] = field(default_factory=dict)
    ticks: Mapping[str, bool] = field(default_factory=dict)

    @property
    def stated_order(self) -> str | None:
        """The order that is stated, by the user, the layout, or the layout's formats when they agree."""
        if self.date_order:
            return self.date_order
        orders = {order_of(name) for name in self.formats} - {None}
        return orders.pop() if len(orders) == 1 else None

    @property
    def short_hyphens(self) -> bool:
        """Whether it is stated, by the user or by a format, that 25-03-14 ends in the year."""
        return self.date_order is not None or any(map(_SHORT_HYPHENS.search, self.formats))

    def order(self, column: str) -> str | None:
        """The order of day and month in a column's numeric dates; None when nobody knows."""
        return self.orders.get(normal(column), self.stated_order) or None

    def formats_decide(self, column: str) -> bool:
        """Whether nothing but the layout's formats tells the order of a column."""
        return self.date_order is None and normal(column) not in self.orders and self.stated_order is not None

    def decimal_of(self, call: "Call") -> str:
        """The decimal sign of what a call reads: its column's own, and the stated one of an expression's value."""
        return self.decimal if call.formula else self.decimals.get(normal(call.column), self.decimal)

    def zone_of(self, column: str) -> str:
        """The zone of a column's naive times."""
        return self.zones.get(normal(column), self.zone)


# A notation, or what a later room adds to it.
AnyNotation = TypeVar("AnyNotation", bound=Notation)


@dataclass(frozen=True)
class Call:
    """A helper applied to a column of the file.

    `argument` is the name of an enum; for an instant, the column that holds the time when `column` holds the date.
    Where the helper reads an expression over cells, `formula` is its template and `names` are the columns it is over,
    of which `column` is the first, and `growth` is that of the expression (see formula.measured).
    """

    helper: str
    column: str
    argument: str = ""
    formula: str = ""
    names: tuple[str, ...] = ()
    growth: int = field(default=0, compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The header names it reads."""
        if self.formula:
            return tuple(dict.fromkeys(self.names))
        return (self.column, self.argument) if self.helper in TIME_HELPERS and self.argument else (self.column,)


@dataclass(frozen=True)
class Direct:
    """The short way: a cell the engine casts to `type`, and would write again as it stands, has one meaning.

    `forms` gives, for the name of the value so cast, SQL of how it may be written and of what the helper makes of it.
    """

    type: str
    forms: Callable[[str, Call, Notation], Mapping[str, str]]


@dataclass(frozen=True)
class Helper:
    """A helper's SQL as a function of the cell's SQL, the call and the notation; its SQL type; what it expects.

    `direct` gives the same value for the cells it knows, at a fraction of the cost.
    """

    sql: Callable[[str, Call, Notation], str]
    type: str
    expects: str
    direct: Direct | None = None


def order_of(format: str) -> str | None:
    """The order a `strptime` format gives to day, month and year: dmy, mdy, or ymd for a short year in front.

    None where it cannot be mistaken: a month by name, a year of four digits in front, or no date at all.
    """
    parts = "".join(_DATE_PART.findall(format))
    if re.search("[bBj]", parts) or parts.startswith("Y"):
        return None
    order = parts.replace("e", "d").lower()[:3]
    return order if order in ("dmy", "mdy", "ymd") else None


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def let(value: str, name: str, body: str) -> str:
    """SQL of `body` in which `name` stands for `value`, computed once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


LETTERS = "A-Za-zªµºÀ-ÖØ-öø-\u02af\u0370-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufaff"
CAPITALS = "A-ZÀ-ÖØ-ÞĀ-ɏΆ-ΫЀ-Я"
