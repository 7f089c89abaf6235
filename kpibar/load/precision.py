"""Numbers of records from which a spreadsheet took the digits after the fifteenth."""

from pathlib import Path

from kpibar.database.schema import KEYS
from kpibar.database.store import Store
from kpibar.load.plan import Plan
from kpibar.read.errors import IdentifiersRounded

# So many digits a spreadsheet keeps of a number; the others become zeros.
_DIGITS = 15
# On so many records with long numbers it is no chance that all end in a zero.
_RECORDS = 5


def refuse_rounded(store: Store, path: Path, entity: str, compiled: Plan) -> None:
    """Refuse a batch, now `typed`, whose long numbers all end in zeros after the digits a spreadsheet keeps.

    Numbers with one such zero may be made so, in steps of ten, and whole seconds in nanoseconds have zeros before the
    fifteenth digit: these are refused only where several records have one number. Raises IdentifiersRounded.
    """
    name = KEYS[entity].id[0]
    # Numbers this long are few or none, so that all else is asked of them only.
    long = f"SELECT {name} FROM ({compiled.field(entity, name)}) WHERE strlen({name}) > {_DIGITS}"
    # A spreadsheet leaves no zeros in front of a number.
    number = f"regexp_full_match({name}, '[1-9][0-9]+')"
    zeros = f"{number} AND ltrim(substr({name}, {_DIGITS + 1}), '0') = ''"
    several = f"{zeros} AND strlen({name}) > {_DIGITS + 1}"
    precise = f"{several} AND strlen(rtrim({name}, '0')) >= {_DIGITS - 1}"
    counted = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in (number, zeros, several, precise))
    records, rounded, cut, exact, different = store.engine.rows(
        f"SELECT {counted}, count(DISTINCT {name}) FILTER (WHERE {zeros}) FROM ({long})"
    )[0]
    unlikely = (cut == rounded and 2 * exact > rounded) or 2 * different < rounded
    if rounded >= _RECORDS and rounded == records and unlikely:
        raise IdentifiersRounded(path, name, rounded)
