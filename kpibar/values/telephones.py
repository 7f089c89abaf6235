"""Telephone numbers that lost their first 0, as a spreadsheet writes them: 612345678 for 06 12 34 56 78."""

import re
from collections.abc import Sequence

from kpibar.database.store import Store
from kpibar.privacy.calling_codes import NATIONAL
from kpibar.values.notation import quote

_NAMES = re.compile(
    r"\b(phones?|telephones?|tel|telefono?|telefone|telefoon|telefonnummer|mobile?|mobil|portable|handy|gsm|cell|caller"
    r"|msisdn|ani|whatsapp|sms|numero d'appel|numero appelant)\b"
)
_FORM = "phone:"


def is_telephone(name: str) -> bool:
    """Whether the name of a column, normalised, says that it holds telephone numbers."""
    return _NAMES.search(name) is not None


def restore_first_digit(store: Store, columns: Sequence[tuple[str, bool]], calling_code: str) -> dict[str, int]:
    """Give the numbers of `typed` without their 0 the form of the others; how many records, by typed column.

    `columns` are typed columns and whether their name says telephone. Where it does not, a column of nothing but
    telephones and addresses, of which some have their 0 or calling code, says so itself.
    """
    if not columns or calling_code not in NATIONAL:
        return {}
    pattern, lengths = NATIONAL[calling_code]
    length_list = ", ".join(str(len(_FORM) + length) for length in lengths)
    short = f"CASE WHEN strlen({{0}}) IN ({length_list}) THEN starts_with({{0}}, '{_FORM}') ELSE FALSE END"
    flags = ", ".join(f"count(*) FILTER (WHERE {short.format(name)})" for name, _ in columns)
    counts = store.engine.rows(f"SELECT {flags} FROM typed")[0]
    restorations = {}
    for (name, telephone), count in zip(columns, counts, strict=True):
        number = f"({short.format(name)} AND regexp_full_match(substr({name}, {len(_FORM) + 1}), {quote(pattern)}))"
        if count and (telephone or _all_telephones(store, name, number, pattern, calling_code)):
            is_loaded = "NOT dropped AND bad IS NULL AND key_fault IS NULL"
            restorations[name] = int(
                store.engine.rows(f"SELECT count(*) FROM typed WHERE {number} AND {is_loaded}")[0][0]
            )
            store.engine.run(
                f"UPDATE typed SET {name} = '{_FORM}{calling_code}' || substr({name}, {len(_FORM) + 1}) WHERE {number}"
            )
    return restorations


def _all_telephones(store: Store, name: str, number: str, pattern: str, calling_code: str) -> bool:
    whole = f"regexp_full_match({name}, '{_FORM}{calling_code}(?:{pattern})')"
    telephones, numbers = store.engine.rows(
        f"SELECT count(*) FILTER (WHERE {whole}), count(*) FILTER (WHERE NOT ({whole} OR {number} "
        f"OR starts_with({name}, 'email:'))) FROM (SELECT DISTINCT {name} FROM typed WHERE {name} IS NOT NULL)"
    )[0]
    return bool(telephones) and not numbers
