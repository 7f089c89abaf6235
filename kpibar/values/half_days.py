"""Times of a clock of twelve hours whose AM and PM are missing: 03:00 may be three in the afternoon."""

from collections import Counter
from collections.abc import Mapping

from kpibar.database.engine import Engine
from kpibar.values.notation import quote

CODE = "twelve_hours"
# Fewer times, or fewer days, may lie before 13:00 by chance.
_TIMES, _DAYS = 30, 5
# Of the times at least one in so many is from one to six: a carrier that delivers until noon has few before six.
_AFTERNOONS = 10
# So many records are looked at first: nearly every export has a time after 13:00 among them.
_SAMPLE = 1000
_HOUR = r"[0-9][ T]+([0-9]{1,2}):[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?$"


def count_half_days(engine: Engine, cells: Mapping[str, str], total: int) -> Counter[str]:
    """How many of the `total` records of the first batch, now `staged`, have a time in a column without half days.

    `cells` are the columns of dates by header name, as SQL. Such a column has times from 1:00 to 12:59 only: at noon or
    midnight, in the morning and from one to six (one in ten at least), on several days.
    """
    if total <= _TIMES:
        return Counter()
    suspects = _count(engine, cells, f"(SELECT * FROM staged LIMIT {_SAMPLE})")
    return _count(engine, {name: cells[name] for name in suspects}, "staged")


def _count(engine: Engine, cells: Mapping[str, str], rows: str) -> Counter[str]:
    columns = "\nUNION ALL ".join(
        f"SELECT {place} AS place, try_cast(regexp_extract(trim({cell}), {quote(_HOUR)}, 1) AS INTEGER) AS hour, "
        f"regexp_extract(trim({cell}), '^[^ T]+') AS day FROM {rows} WHERE trim({cell}) <> ''"
        for place, cell in enumerate(cells.values())
    )
    if not columns:
        return Counter()
    # Such a clock shows neither 00:00 nor 13:00. A time that is not read here has its half of the day, or an offset.
    sql = (
        f"SELECT place, count(*) FROM ({columns}) GROUP BY place "
        "HAVING bool_and(coalesce(hour BETWEEN 1 AND 12, FALSE)) AND bool_or(hour = 12) "
        f"AND count(*) FILTER (WHERE hour < 6) * {_AFTERNOONS} >= count(*) AND bool_or(hour BETWEEN 8 AND 11) "
        f"AND count(*) > {_TIMES} AND count(DISTINCT day) >= {_DAYS}"
    )
    names = list(cells)
    return Counter({names[place]: count for place, count in engine.rows(sql)})
