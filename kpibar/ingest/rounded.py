"""Numbers of records from which a spreadsheet took the digits after the fifteenth."""

from pathlib import Path

from kpibar.errors_files import IdentifiersRounded
from kpibar.ingest.plan import Plan
from kpibar.ingest.tables import KEYS
from kpibar.store import Store

# So many digits a spreadsheet keeps of a number; the others become zeros.
_KEPT = 15
# On so many records with long numbers it is no chance that all end in a zero.
_ENOUGH = 5


def refuse_rounded(store: Store, path: Path, entity: str, compiled: Plan) -> None:
    """Refuse a batch, now `typed`, whose long numbers all end in zeros after the digits a spreadsheet keeps.

    Raises IdentifiersRounded.
    """
    name = KEYS[entity].id[0]
    long = f"strlen({name}) > {_KEPT} AND regexp_full_match({name}, '[0-9]+')"
    zeros = f"{long} AND ltrim(substr({name}, {_KEPT + 1}), '0') = ''"
    asked = [long, zeros, f"{zeros} AND strlen({name}) > {_KEPT + 1}"]
    counted = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in asked)
    records, rounded, several, different = store.engine.rows(
        f"SELECT {counted}, count(DISTINCT {name}) FILTER (WHERE {zeros}) FROM ({compiled.field(entity, name)})"
    )[0]
    # Numbers with one such zero may be made so, in steps of ten, where they are all different.
    if rounded >= _ENOUGH and rounded == records and (several == rounded or different < rounded):
        raise IdentifiersRounded(path, name, rounded)
