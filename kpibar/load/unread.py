"""Columns of a file that nothing reads, though by their names they hold what a KPI lacks."""

import json
import re
from collections import Counter
from pathlib import Path

from kpibar.database.schema import KEYS
from kpibar.database.store import Store
from kpibar.load.errors import IdentifiersRounded
from kpibar.load.identify import IdentifiedFile
from kpibar.load.plan import Plan

CODE = "column_unread"
# So many columns are named for each canonical column.
_NAME_LIMIT = 3
# By which names, without accents and case, a column of an export may hold a canonical column; and what it never is.
_NAMES = {
    "reason_raw": r"\b(motifs?|raison|reasons?|motivos?|(kontakt|anfrage)?grund|anliegen|disposition|wrap-?up|"
    r"contact type|type de (demande|contact)|sujet de contact|categorie|category|kategorie)\b",
    "order_ref": r"(\b(order|commande|pedido|ordine|encomenda)\b ?(number|no\b|nr|num|id\b|ref|\[)|"
    r"\b(n°|no|num\w*|ref\w*) (de )?commande|bestell-?(nummer|nr))",
    "customer_key": r"\b(e-?mail|courriel|correo)\b",
    "channel": r"^(canal|channel|kanal|canale)\b",
}
_NEVER = r"\b(agent|assignee|collaborat\w*|cc|bcc|organi[sz]ation|sent|count|nombre|time|date|status|statut)\b"
_HELPERS = {"customer_key": "pii"}
# The tables whose columns are looked for.
_TABLES = ("contacts", "orders", "parcels")


def count_unread(store: Store, file: IdentifiedFile, plan: Plan, remarks: Counter[tuple[str, str]]) -> None:
    """Remark on the columns of `staged` that nothing reads and that may be what this file cannot fill.

    Each is counted on the records that fill it, in the first batch only.
    """
    if plan.main not in _TABLES:
        return
    table, read = plan.tables[plan.main], file.layout.vocabulary()
    for target, names in _NAMES.items():
        if target in table.columns or target not in table.fields:
            continue
        places = [
            place
            for place, column in enumerate(file.export.columns)
            if column.normal not in read and re.search(names, column.normal) and not re.search(_NEVER, column.normal)
        ]
        fill_counts = {place: _fill_count(store, place) for place in places}
        for place, fill_count in sorted(fill_counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_NAME_LIMIT]:
            remarks[CODE, _about(file, target, file.export.columns[place].name)] += fill_count


def _fill_count(store: Store, place: int) -> int:
    return int(store.engine.rows(f"SELECT count(*) FILTER (WHERE trim(c{place}) <> '') FROM staged")[0][0])


def _about(file: IdentifiedFile, column: str, name: str) -> str:
    """The column, and the line that would map it."""
    where = "[select]" if file.is_own_layout else f"[layouts.{file.layout.name}]"
    header = name.replace('"', '""')
    expression = f'{_HELPERS.get(column, "text")}("{header}")'
    # A name with an apostrophe would end a literal text of TOML.
    text = json.dumps(expression, ensure_ascii=False) if "'" in expression else f"'{expression}'"
    return f'"{name}", for which write below {where}: {column} = {text}'


# So many digits a spreadsheet keeps of a number; the others become zeros.
_DIGITS = 15
# On so many records with long numbers it is no chance that all end in a zero.
_RECORDS = 5


def refuse_rounded(store: Store, path: Path, entity: str, plan: Plan) -> None:
    """Refuse a batch, now `typed`, whose long numbers all end in zeros after the digits a spreadsheet keeps.

    Numbers with one such zero may be made so, in steps of ten, and whole seconds in nanoseconds have zeros before the
    fifteenth digit: these are refused only where several records have one number. Raises IdentifiersRounded.
    """
    name = KEYS[entity].id[0]
    # Numbers this long are few or none, so that all else is asked of them only.
    long = f"SELECT {name} FROM ({plan.field(entity, name)}) WHERE strlen({name}) > {_DIGITS}"
    # A spreadsheet leaves no zeros in front of a number.
    number = f"regexp_full_match({name}, '[1-9][0-9]+')"
    zeros = f"{number} AND ltrim(substr({name}, {_DIGITS + 1}), '0') = ''"
    has_many = f"{zeros} AND strlen({name}) > {_DIGITS + 1}"
    precise = f"{has_many} AND strlen(rtrim({name}, '0')) >= {_DIGITS - 1}"
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in (number, zeros, has_many, precise))
    records, rounded_numbers, cut, exact, different = store.engine.rows(
        f"SELECT {counts}, count(DISTINCT {name}) FILTER (WHERE {zeros}) FROM ({long})"
    )[0]
    unlikely = (cut == rounded_numbers and 2 * exact > rounded_numbers) or 2 * different < rounded_numbers
    if rounded_numbers >= _RECORDS and rounded_numbers == records and unlikely:
        raise IdentifiersRounded(path, name, rounded_numbers)
