"""What spreadsheets and mail programs did to identifiers: put right where one reading is certain, else rejected.

`48217.0`, `'48217`, `="48217"`, `Jean Dupont (jean@example.org)` are what 48217 and jean@example.org become on the way
through a spreadsheet or an address book. A word for nobody, `unknown` or `noreply@...`, would make one customer of
many. Cheap tests find the odd values of a batch; only these are looked at, each once.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kpibar.database.schema import KEYS, TEXT_COLUMNS
from kpibar.database.store import Store
from kpibar.layouts.bindings import Cells
from kpibar.layouts.expression import Program
from kpibar.load.keys import is_failed, is_rounded
from kpibar.read.columns import normal
from kpibar.values.helpers import identity
from kpibar.values.nobody import STANDS_FOR_NOBODY, beginnings, may_stand_for_nobody, nobody
from kpibar.values.notation import CAPITALS, quote
from kpibar.values.telephones import is_telephone, restore_first_digit

# In front of a person's identifier that is still to be looked at, where "email:", "phone:" or "id:" stands else.
ODD = "odd:"
_TABLE = "odd_identifiers"
# So many records of a source show whether its numbers have zeros in front.
_SAMPLE = 500
# Columns that name a record of another table, beside the names of records themselves.
_REFERENCES = ("case_id", "contact_id", "order_ref", "merged_into", "parcel_id")
_NOT_SHOWN = r"[\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{feff}]"
_BLANKS = r"[\t\x{a0}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]+"
_LINK = (
    r"(?i)^=\s*(?:HYPERLINK|LIEN_HYPERTEXTE|HIPERV[IÍ]NCULO|HIPERLIGA[CÇ][AÃ]O|COLLEG\.IPERTESTUALE)\s*"
    r'\((?:\s*"[^"]*"\s*[;,])?\s*"?([^";,]*)"?\s*\)$'
)
_TEXT = r'(?i)^=\s*(?:(?:T|TEXT|TEXTE|TEXTO)\s*\()?\s*"([^"]*)"\s*(?:[;,]\s*"[^"]*"\s*)?\)?$'
_NUMBER = r"^=\s*([+]?[0-9]+)$"
_ADDRESS = r'[^\s<>()\[\]",;:?|]+@[^\s<>()\[\]",;:?|]+'
# What needs no second look: an address x.y+z@x-y.z, the number of a record (#AB-12/3:4), a telephone number, one word.
# The first two are told by what they have not: a pattern that also finds words for nobody costs one pass.
_ODD_ADDRESS = "[^A-Za-z0-9._+%&@-]|^[^A-Za-z0-9_+]|@[^@]*[@_+%&]|[^A-Za-z0-9]$"
_ODD_NUMBER = "[^A-Za-z0-9_/:#-]|^[^A-Za-z0-9#]|^#(?:[^A-Za-z0-9]|$)|^$"
_SOUND_PERSON = "[+]?[0-9A-Za-z](?:[0-9A-Za-z_+/#-]*|[0-9 ()/-]{10,}[0-9]|[0-9](?:[.][0-9]{2}){4})"
# What is not one word of letters and digits, such as a telephone number in groups.
_NOT_ONE_WORD = "[^0-9A-Za-z_+/#-]|^[^0-9A-Za-z+]|^[+](?:[^0-9A-Za-z]|$)|^$"
_WITH_DECIMALS = "^([0-9]+)[.,]0{1,2}$"
_IN_GROUPS = "[0-9]{1,3}(?:( [0-9]{3})+|(,[0-9]{3})+|([.][0-9]{3})+|(['’][0-9]{3})+)"
# What was done to an identifier, in the words of the remark.
_WORDS = {
    "unseen": "characters that are not shown",
    "formula": "a formula around it",
    "quotes": "an apostrophe or quotes around it",
    "address": "a name around an e-mail address",
    "decimals": "decimals of a number (.0)",
    "groups": "thousands set apart",
}
REMARK = "identifier_restored"
# The remark on numbers that others of their source or column write otherwise.
ALIKE = "identifier_alike"


@dataclass(frozen=True)
class Identifier:
    """A typed column of identifiers: its name in `typed`, the header's name, and what it identifies.

    `is_keyed` tells that it holds what a pseudonym is made of, `person` that it names a customer or agent, `record`
    that it is the number of the record itself, `telephone` that the column is one of telephone numbers, `main` that the
    main table reads it: a fault of what only a further table reads costs the record of that table alone
    (keys.key_fault).
    """

    alias: str
    column: str
    is_keyed: bool
    person: bool
    record: bool
    telephone: bool
    main: bool


def identifiers(fills: str, tables: Mapping[Any, Mapping[str, Program]], cells: Cells) -> tuple[Identifier, ...]:
    """The identifiers that the expressions of a file's tables read; `fills` is the main table."""
    texts = {
        normal(call.column)
        for table in tables.values()
        for name, program in table.items()
        if name in (*TEXT_COLUMNS, "reason_raw")
        for call in program.calls
    }
    present, read = cells.present(), dict[str, Identifier]()
    for entity, table in tables.items():
        # What a telephony export calls its customers by is their telephone number.
        calls = "channel" in table and table["channel"].template.strip() == "'phone'"
        key_name = KEYS[entity].id[0]
        for name, program in table.items():
            person = name.endswith("_key")
            is_keyed = any(call.helper == "pii" for call in program.calls)
            if not person and name != key_name and name not in _REFERENCES:
                continue
            for call in program.calls:
                if call.helper != ("pii" if is_keyed else "text") or call not in present:
                    continue
                if not is_keyed and normal(call.column) in texts:
                    continue
                record = entity == fills and name == key_name
                telephone = name == "customer_alias_key" or is_telephone(normal(call.column))
                telephone |= calls and name == "customer_key"
                main = is_keyed or entity == fills
                identifier = Identifier(
                    present[call], cells.excerpt(call), is_keyed, person, record, person and telephone, main
                )
                if identifier.alias not in read or record:
                    read[identifier.alias] = identifier
    return tuple(read.values())


def person_of(cell: str, calling_code: str) -> str:
    """SQL of what the pseudonym of a person is made of: the normal form, or the cell as it is after `ODD`."""
    address = f"regexp_matches({cell}, {quote(_ODD_ADDRESS + '|' + beginnings(person=False))})"
    is_nobody = f"NOT regexp_full_match({cell}, {quote(_SOUND_PERSON)}) OR {may_stand_for_nobody(cell, person=True)}"
    # Most cells are asked one pattern only.
    suspect = f"regexp_matches({cell}, {quote(_NOT_ONE_WORD + '|' + beginnings(person=True))})"
    return (
        f"CASE WHEN CASE WHEN contains({cell}, '@') THEN {address} WHEN {suspect} THEN {is_nobody} ELSE FALSE END "
        f"THEN '{ODD}' || {cell} "
        f"ELSE {identity(cell, calling_code)} END"
    )


def _suspect(column: Identifier) -> str:
    """SQL: a typed value is to be looked at."""
    name = column.alias
    if column.is_keyed:
        return f"starts_with({name}, '{ODD}')"
    return f"regexp_matches({name}, {quote(_ODD_NUMBER + '|' + beginnings(person=False))})"


def restore_identifiers(
    store: Store,
    columns: tuple[Identifier, ...],
    target: tuple[str, str],
    calling_code: str,
    remarks: Counter[tuple[str, str]],
) -> None:
    """Put the identifiers of `typed` right, or say in `key_fault` why that is not certain.

    `target` is the table that the records go into, and their source.
    """
    if not columns:
        return
    flags = ", ".join(f"coalesce(bool_or({_suspect(column)}), FALSE)" for column in columns)
    for column, odd in zip(columns, store.engine.rows(f"SELECT {flags} FROM typed")[0], strict=True):
        if odd:
            _restore_column(store, column, calling_code, remarks)
    for column in columns:
        if column.record and not column.is_keyed:
            remarks[ALIKE, f"{column.column} (# in front)"] += _restore_sign(store, column, target)
            remarks[ALIKE, f"{column.column} (zeros in front)"] += _restore_zeros(store, column, target)
    counts = restore_first_digit(store, [(c.alias, c.telephone) for c in columns if c.is_keyed], calling_code)
    for column in columns:
        remarks[ALIKE, f"{column.column} (telephone numbers without their first 0)"] += counts.get(column.alias, 0)
    store.engine.run(f"DROP TABLE IF EXISTS {_TABLE}")


def _restore_sign(store: Store, column: Identifier, target: tuple[str, str]) -> int:
    """Write the numbers of `typed` with or without a # in front, as all records of their source have them; how many.

    `target` is the table and the source. Nothing is done unless all numbers of one side have the sign and none of the
    other side has it.
    """
    (entity, source), name, rows = target, column.alias, store.engine.rows
    shape = (
        "SELECT coalesce(bool_and(starts_with(v, '#')), FALSE), coalesce(bool_or(starts_with(v, '#')), TRUE) FROM ({})"
    )
    all_have_sign, any_has_sign = rows(shape.format(f"SELECT {name} AS v FROM typed"))[0]
    if all_have_sign != any_has_sign:
        return 0
    of = f"SELECT {KEYS[entity].id[0]} AS v FROM {entity} WHERE source = ? LIMIT {_SAMPLE}"
    source_every, source_some = rows(shape.format(of), [source])[0]
    if source_every != source_some or source_every == all_have_sign:
        return 0
    differs = f"{name} <> '#'" if all_have_sign else f"{name} IS NOT NULL"
    count = int(rows(f"SELECT count(*) FROM typed WHERE {differs}")[0][0])
    value = f"substr({name}, 2)" if all_have_sign else f"'#' || {name}"
    store.engine.run(f"UPDATE typed SET {name} = {value} WHERE {differs}")
    return count


def _restore_zeros(store: Store, column: Identifier, target: tuple[str, str]) -> int:
    """Write the numbers of `typed` with the zeros in front that the records of its source have; how many.

    `target` is the table and the source. Nothing is done unless all numbers of one side have one width, some of them
    zeros in front, and no number of the other side has any.
    """
    (entity, source), name, rows = target, column.alias, store.engine.rows
    shape = (
        "SELECT min(strlen(v)), max(strlen(v)), coalesce(bool_or(starts_with(v, '0') AND v <> '0'), FALSE), "
        "coalesce(bool_and({digits}), FALSE) FROM ({of})"
    )
    digits = "regexp_full_match(v, '[0-9]+')"
    of = f"SELECT {KEYS[entity].id[0]} AS v FROM {entity} WHERE source = ? LIMIT {_SAMPLE}"
    shortest, longest, zeros, plain = rows(shape.format(digits=digits, of=of), [source])[0]
    if not plain:
        return 0
    file_shape = shape.format(digits="try_cast(v AS BIGINT) IS NOT NULL", of=f"SELECT {name} AS v FROM typed")
    own_least, own_most, own_zeros, own_plain = rows(file_shape)[0]
    if not own_plain or zeros == own_zeros:
        return 0
    if zeros and shortest == longest and own_most <= longest and own_least < longest:
        value = f"lpad({name}, {longest}, '0')"
    elif own_zeros and own_least == own_most and longest <= own_most and shortest < own_most:
        value = f"ltrim({name}, '0')"
    else:
        return 0
    differs = f"{name} <> {value} AND {value} <> ''"
    count = int(rows(f"SELECT count(*) FROM typed WHERE {differs}")[0][0])
    store.engine.run(f"UPDATE typed SET {name} = {value} WHERE {differs}")
    return count


def _restore_column(store: Store, column: Identifier, calling_code: str, remarks: Counter[tuple[str, str]]) -> None:
    name = column.alias
    cell = f"substr({name}, {len(ODD) + 1})" if column.is_keyed else name
    is_loaded = "NOT dropped AND bad IS NULL AND key_fault IS NULL"
    rows = (
        f"SELECT {name} AS typed_value, {cell} AS said, count(*) FILTER (WHERE {is_loaded}) AS n FROM typed "
        f"WHERE {_suspect(column)} GROUP BY 1, 2"
    )
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {_TABLE} AS {_clean(rows, column)}")
    _read_numbers(store, column)
    plain = identity("odd.plain", calling_code) if column.is_keyed else "odd.plain"
    fault = _fault(store, column)
    _remark(store, column, fault, remarks)
    differs = "TRUE" if column.is_keyed else f"(odd.kind IS NOT NULL OR odd.nobody OR {fault} IS NOT NULL)"
    store.engine.run(
        f"UPDATE typed SET {name} = CASE WHEN odd.nobody THEN NULL ELSE {plain} END, "
        f"key_fault = coalesce(key_fault, {fault}) FROM {_TABLE} AS odd "
        f"WHERE typed.{name} = odd.typed_value AND {differs}"
    )


def _clean(rows: str, column: Identifier) -> str:
    """The statement that gives `plain`, what an odd value is without what was put around it, and the flags of it."""
    visible = f"trim(regexp_replace(regexp_replace(said, {quote(_NOT_SHOWN)}, '', 'g'), {quote(_BLANKS)}, ' ', 'g'))"
    formula = "CASE WHEN starts_with(seen, '''=') THEN substr(seen, 2) ELSE seen END"
    patterns = [quote(pattern) for pattern in (_LINK, _TEXT, _NUMBER)]
    cases = " ".join(f"WHEN regexp_matches({formula}, {p}) THEN regexp_extract({formula}, {p}, 1)" for p in patterns)
    bare = f"CASE WHEN NOT starts_with({formula}, '=') THEN seen {cases} ELSE seen END"
    has_mark = f"regexp_matches(bare, '^''[0-9+#{CAPITALS}]') OR contains(bare, '@')" if column.person else "TRUE"
    plain = (
        "CASE WHEN starts_with(bare, '\"') AND ends_with(bare, '\"') AND NOT contains(trim(bare, '\"'), '\"') "
        f"THEN trim(bare, '\"') WHEN starts_with(bare, '''') AND ({has_mark}) THEN trim(trim(bare, '''')) ELSE bare END"
    )
    address = "plain"
    if column.person:
        addresses = f"list_distinct(regexp_extract_all(lower(plain), {quote(_ADDRESS)}))"
        address = (
            f"CASE WHEN contains(plain, '@') AND len({addresses}) = 1 THEN rtrim(trim({addresses}[1], ''''), '.') "
            "ELSE plain END"
        )
    steps = f"SELECT *, {visible} AS seen FROM ({rows})"
    steps = f"SELECT *, {bare} AS bare FROM ({steps})"
    steps = f"SELECT *, {plain} AS plain FROM ({steps})"
    steps = f"SELECT *, {address} AS address FROM ({steps})"
    decimals, groups = quote(_WITH_DECIMALS), quote(_IN_GROUPS)
    is_nobody = nobody("address", "n", person=column.person)
    if column.record:  # one record may have any name
        is_nobody = f"n > 1 AND {is_nobody}"
    return (
        f"SELECT typed_value, said, n, address AS plain, CASE WHEN lower(plain) <> lower(address) THEN 'address' "
        "WHEN bare <> plain THEN 'quotes' WHEN seen <> bare THEN 'formula' WHEN trim(said) <> seen THEN 'unseen' END "
        f"AS kind, regexp_matches(address, {decimals}) AS decimals, regexp_full_match(address, {groups}) AS grouped, "
        f"regexp_replace(address, '[0-9]', '', 'g')[1] AS sign, {is_nobody} "
        f"AS nobody, FALSE AS uncertain, FALSE AS twice FROM ({steps})"
    )


def _read_numbers(store: Store, column: Identifier) -> None:
    """Take decimals and the signs between thousands away where the whole column shows that they are none of its own."""
    rows, run = store.engine.rows, store.engine.run
    decimals, groups, signs = rows(
        f"SELECT count(*) FILTER (WHERE decimals), count(*) FILTER (WHERE grouped), "
        f"count(DISTINCT sign) FILTER (WHERE grouped) FROM {_TABLE}"
    )[0]
    if not decimals and not groups:
        return
    value = f"regexp_replace({column.alias}, '^(odd|id|phone|email):', '')" if column.is_keyed else column.alias
    value = f"regexp_replace({value}, {quote(_BLANKS)}, ' ', 'g')"
    fractions, long, rest_count = rows(
        "SELECT count(*) FILTER (WHERE regexp_full_match(v, '[0-9]+[.,][0-9]*[1-9][0-9]*')), "
        "count(*) FILTER (WHERE regexp_full_match(v, '[0-9]{4,}')), "
        f"count(*) FILTER (WHERE NOT regexp_full_match(v, {quote('[0-9]{1,3}|[0-9]{4,}|' + _IN_GROUPS)})) "
        f"FROM (SELECT DISTINCT {value} AS v FROM typed WHERE v IS NOT NULL)"
    )[0]
    # Beside numbers without a sign a comma may be that of a list or of decimals, a blank in a person's may not.
    all_alike = not long and signs == 1
    if groups and not column.telephone:
        if not rest_count and (all_alike or column.person):
            condition = "" if all_alike else " AND sign IN (' ', '''', '’')"
            run(
                f"UPDATE {_TABLE} SET plain = regexp_replace(plain, '[^0-9]', '', 'g'), kind = 'groups', "
                f"decimals = FALSE WHERE grouped{condition}"
            )
        elif not column.person:
            # A list of numbers, or one number beside others that are written without a sign.
            run(f"UPDATE {_TABLE} SET uncertain = TRUE WHERE grouped AND sign <> '.'")
    if decimals and not fractions:
        number = f"regexp_extract(plain, {quote(_WITH_DECIMALS)}, 1)"
        run(f"UPDATE {_TABLE} SET plain = {number}, kind = 'decimals' WHERE decimals")


def _fault(store: Store, column: Identifier) -> str:
    """SQL over `odd`: why a record cannot be taken; two numbers of records that become one are not merged."""
    if not column.main:
        return "CAST(NULL AS VARCHAR)"
    where = f'the identifier in column "{column.column}"'
    cases = [
        (f"{is_failed('odd.plain')}", f"{where} is an error of a spreadsheet"),
        ("starts_with(odd.plain, '=')", f"{where} is a formula of a spreadsheet"),
        (is_rounded("odd.plain"), f"{where} was rounded by a spreadsheet"),
        ("odd.uncertain", f"{where} is a number with other characters in it, unlike the rest of the column"),
    ]
    if column.record:
        twice = (
            f"odd.kind IS NOT NULL AND (odd.plain IN (SELECT {column.alias} FROM typed) OR odd.plain IN "
            f"(SELECT plain FROM {_TABLE} GROUP BY plain HAVING count(*) > 1))"
        )
        store.engine.run(f"UPDATE {_TABLE} AS odd SET twice = coalesce({twice}, FALSE)")
        cases.append(("odd.twice", f"{where} is written in two ways in this file: it may be two records"))
        cases.append(("odd.nobody", f"{where} is a placeholder, not an identifier"))
    branches = " ".join(f"WHEN {test} THEN {quote(words)}" for test, words in cases)
    return f"CASE {branches} END"


def _remark(store: Store, column: Identifier, fault: str, remarks: Counter[tuple[str, str]]) -> None:
    rows = store.engine.rows(
        f"SELECT kind, nobody, sum(n) FROM {_TABLE} AS odd WHERE ({fault}) IS NULL AND (kind IS NOT NULL OR nobody) "
        "GROUP BY 1, 2"
    )
    for kind, nobody_there, n in rows:
        if nobody_there:
            remarks[STANDS_FOR_NOBODY, column.column] += int(n)
        else:
            remarks[REMARK, f"{column.column} ({_WORDS[kind]})"] += int(n)
