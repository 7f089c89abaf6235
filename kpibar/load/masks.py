"""Identifiers of people in columns that are for something else: a pseudonym in their place, or their shape.

An address in the column of order numbers stays the name of one order: it becomes a keyed pseudonym, the same for every
notation, so that records stay linked. In a column of words, a queue or a brand, letters and digits are blanked. The
engine finds the few cells that may hold one; these alone are looked at, each once.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kpibar.database.schema import KEYS, TEXT_COLUMNS, columns
from kpibar.database.store import Store
from kpibar.layouts.bindings import Cells
from kpibar.layouts.expression import Program
from kpibar.layouts.origins import place, placeholders
from kpibar.layouts.vocabulary import leaves
from kpibar.privacy.calling_codes import whole_numbers
from kpibar.privacy.personal import (
    EMAIL,
    PHONE,
    Part,
    ascii_form,
    personal_parts,
    replace_parts,
    shape,
    telephone_identity,
)
from kpibar.read.columns import normal
from kpibar.values.helpers import pseudonym
from kpibar.values.notation import Call, quote
from kpibar.values.syntax import Node, SyntaxFault, children, tree
from kpibar.values.telephones import is_telephone

CODE = "identifier_masked"
# Which rules these are: a file that was read by others is read again when it is ingested again.
RULES = "identifiers 3, codes 1"
_TABLE, _IDENTITIES = "masked_cells", "masked_identities"
# In front of the pseudonym in the place of an identifier.
PREFIX = "id-"
# So many of its digits tell queues and brands apart whose identifiers have one shape.
_MARK = 6
# Columns of numbers, beside the names of records; and columns that are not stored as they are written.
_NUMBERS = ("case_id", "contact_id", "order_ref", "merged_into", "parcel_id")
CODE_COLUMNS = ("country", "currency")
# The shortest address and telephone number, and the shortest text of a number that is more than digits.
_SHORTEST_WORD, _SHORTEST_NUMBER = 6, 9
_UUID, _SHORTEST_ACCOUNT = 36, 15
# So many of a column's cells make it one of telephones, provided that they lie so far apart as no numbers in sequence
# do, and that a + in some cell or the column's name says so.
_TELEPHONE_SHARE, _FEWEST_TELEPHONES, _SPREAD = 0.9, 3, 1_000
# A column of words of which so many are digits alone is one of numbers.
_MOST_DIGITS = 0.5
_GAP = r"[\p{Z}./()_\-\x{2010}-\x{2015}]{0,3}"
_SIGN = "[ ./()_-]"
_DIGIT = r"[0-9\x{ff10}-\x{ff19}\x{660}-\x{669}\x{6f0}-\x{6f9}\x{966}-\x{96f}]"
# Seven digits: every telephone, card and bank account has them. The pattern is one that the engine matches in one pass.
# Signs of an address: as it is, as links, mails and pages write it, as people hide it.
_AT = r"@|\x{ff20}|\x{fe6b}|[%=]40|&#(?:64|x40);|[(\[{] ?[Aa][Tt] ?[)\]}]"
_WORD = rf"{_AT}|{_DIGIT}(?:.*?{_DIGIT}){{6}}"
_OPEN = "(?:^|[^0-9A-Za-z])"
_CERTAIN = (
    rf"{_AT}|(?:[+\x{{ff0b}}]|%2[Bb]){_GAP}{_DIGIT}"
    rf"|{_OPEN}00{_SIGN}{{0,2}}[1-9][0-9]{{0,2}}{_SIGN}{{1,3}}(?:[0-9]{{1,4}}{_SIGN}{{1,3}}[0-9]|[0-9]{{8}})"
    rf"|{_OPEN}\(?0\)? ?[1-9](?:[ ./)_-]{{1,3}}[0-9]{{2}}){{4}}|\([2-9][0-9]{{2}}\)"
    rf"|(?i)\b(?:tel|t.l|phone|mobile|portable|gsm|handy|whatsapp|sms|fax)\w*[ .:°n=]{{0,4}}[+(]?[0-9]"
    rf"|(?:{_OPEN}|IBAN|iban)[A-Za-z]{{2}}[ ._-]?[0-9]{{2}}(?:[ ._-]?[0-9A-Za-z]){{11}}|[A-Za-z]{{2}}[0-9]{{14}}"
    r"|[\x{a0}\x{ad}\x{2000}-\x{206f}\x{3000}\x{ff00}-\x{ff5e}\x{660}-\x{669}\x{6f0}-\x{6f9}\x{966}-\x{96f}]"
)
_ADDRESS = r"[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,9}[A-Za-z]{2,62}"


@dataclass(frozen=True)
class Text:
    """A typed column of texts that are stored: its name in `typed`, the header's, and whether it is one of numbers.

    `target` is the typed column of what is stored: another one where a condition asks the cell, which stays as it is.
    `names` tells that its words name something, a queue or a brand: distinct ones stay distinct.
    """

    alias: str
    column: str
    numbers: bool
    target: str
    names: bool


def text_columns(
    tables: Mapping[str, Mapping[str, Program]], conditions: Iterable[Program], cells: Cells
) -> dict[Call, Text]:
    """The calls from which texts of canonical columns are taken; free text is not among them.

    `conditions` are the expressions that only ask.
    """
    present, columns = cells.present("text"), dict[Call, Text]()
    calls = {call for program in conditions for call in program.calls}
    for entity, table in tables.items():
        for name, program in table.items():
            result = result_calls(entity, name, program)
            calls |= {call for number, call in enumerate(program.calls) if number not in result}
            numbers = name in _NUMBERS or name == KEYS[entity].id[0]
            for call in (program.calls[number] for number in result):
                if call in present:
                    before = columns.get(call)
                    columns[call] = Text(
                        alias=present[call],
                        column=cells.excerpt(call),
                        numbers=numbers or (before is not None and before.numbers),
                        target=present[call],
                        names=name != "reason_raw" or (before is not None and before.names),
                    )
    return {
        call: replace(text, target=f"{text.alias}_masked") if call in calls else text for call, text in columns.items()
    }


def result_calls(entity: str, name: str, program: Program) -> frozenset[int]:
    """The helper calls, by number, whose cell is part of the text that a column stores: not what is only asked."""
    if columns(entity).get(name) != "VARCHAR" or name in (*TEXT_COLUMNS, *CODE_COLUMNS):
        return frozenset()
    try:
        return frozenset(_places(tree(placeholders(program))))
    except SyntaxFault:  # refused in words of its own when it runs
        return frozenset(range(len(program.calls)))


def _places(node: Node) -> Iterator[int]:
    for leaf in leaves(node):
        number = place(leaf) if leaf["class"] == "COLUMN_REF" else None
        if number is not None:
            yield number
        for child in children(leaf):
            yield from _places(child)


def mask_identifiers(store: Store, texts: Sequence[Text], calling_code: str, remarks: Counter[tuple[str, str]]) -> None:
    """Put pseudonyms or shapes in the place of people's identifiers in the stored texts of `typed`, and count them."""
    if not texts:
        return
    suspect_list = ", ".join(_suspects(text, calling_code) for text in texts)
    for text, suspects in zip(texts, store.engine.rows(f"SELECT {suspect_list} FROM (SELECT 1)")[0], strict=True):
        if suspects:
            cells = _number_cells(store, text, calling_code) if text.numbers else _word_cells(store, text, calling_code)
            _mask(store, text, cells, remarks)
    store.engine.run(f"DROP TABLE IF EXISTS {_TABLE}")


def _suspects(text: Text, calling_code: str) -> str:
    name = text.alias
    if text.numbers:
        condition = f"{_may_identify(name)} OR {_by_name(text)} AND {name} IS NOT NULL"
        return f"(SELECT count(*) FILTER (WHERE {condition}) FROM typed)"
    return f"(SELECT count(*) FROM ({_words(name)}))"


def _by_name(text: Text) -> str:
    """SQL: the name of a column says that it holds telephones."""
    return "TRUE" if is_telephone(normal(text.column)) else "FALSE"


def _words(name: str) -> str:
    """SQL of the distinct words that may hold an identifier; the pattern is asked of each once, not of each record."""
    return (
        f"WITH words AS MATERIALIZED (SELECT DISTINCT {name} AS v FROM typed WHERE strlen({name}) >= {_SHORTEST_WORD}) "
        f"SELECT v FROM words WHERE regexp_matches(v, {quote(_WORD)}, 's')"
    )


def _may_identify(name: str) -> str:
    """SQL: a number that is more than digits, or a name that a tool makes, and may hold an identifier."""
    return (
        f"CASE WHEN contains({name}, '@') OR starts_with({name}, '+') THEN TRUE "
        f"WHEN strlen({name}) < {_SHORTEST_NUMBER} THEN FALSE "
        # One word of letters and digits is no telephone, and too short for a bank account.
        f"WHEN strlen({name}) < {_SHORTEST_ACCOUNT} AND NOT regexp_matches({name}, '[^0-9A-Za-z#]') THEN FALSE "
        f"WHEN try_cast({name} AS BIGINT) IS NOT NULL THEN FALSE "
        f"WHEN strlen({name}) = {_UUID} AND {name}[9] = '-' AND {name}[24] = '-' THEN FALSE "
        f"ELSE regexp_matches({name}, {quote(_CERTAIN)}) END"
    )


def _word_cells(store: Store, text: Text, calling_code: str) -> dict[str, tuple[str, str]]:
    """The cells of a column of words that hold an identifier: what is stored for each, and what it was."""
    rows = store.engine.rows
    digits, total = rows(
        f"SELECT count(*) FILTER (WHERE regexp_full_match({text.alias}, '[0-9]+')), count(*) "
        f"FROM (SELECT DISTINCT {text.alias} FROM typed WHERE {text.alias} IS NOT NULL)"
    )[0]
    # A column that holds numbers is one of numbers, whatever it is for.
    numbers = digits >= _FEWEST_TELEPHONES and digits > _MOST_DIGITS * total
    cell_parts = {}
    for (cell,) in rows(_words(text.alias)):
        plain = ascii_form(cell)
        parts = personal_parts(plain, calling_code, numbers=numbers)
        if parts:
            cell_parts[cell] = (plain, parts)
    marks = _pseudonyms(
        store, {part.identity for _, parts in cell_parts.values() for part in parts} if text.names else ()
    )
    return {
        cell: (replace_parts(plain, parts, [_shape(plain, part, marks) for part in parts]), parts[0].kind)
        for cell, (plain, parts) in cell_parts.items()
    }


def _shape(text: str, part: Part, marks: Mapping[str, str]) -> str:
    """The shape of an identifier and, where the words of its column are names, a mark that no other has."""
    mark = marks.get(part.identity)
    return shape(text[part.start : part.end]) + (short_mark(mark[len(PREFIX) :]) if mark else "")


def short_mark(digits: str) -> str:
    """The mark of an identifier behind its shape, of the hexadecimal digits of its pseudonym."""
    return f"#{digits[:_MARK]}"


def _number_cells(store: Store, text: Text, calling_code: str) -> dict[str, tuple[str, str]]:
    """The cells of a column of numbers that hold an identifier: what is stored for each, and what it was."""
    name, rows = text.alias, store.engine.rows
    parts: dict[str, list[Part]] = {}
    for (cell,) in rows(f"SELECT DISTINCT {name} FROM typed WHERE {_may_identify(name)} AND NOT {_is_address(name)}"):
        if person_parts := personal_parts(ascii_form(cell), calling_code, numbers=True):
            parts[cell] = person_parts
    for cell in _telephones(store, text, calling_code):
        parts[cell] = [Part(0, len(cell), PHONE, telephone_identity(cell, calling_code))]
    names = _pseudonyms(store, {part.identity for cell_parts in parts.values() for part in cell_parts})
    return {
        cell: (
            replace_parts(ascii_form(cell), cell_parts, [names[part.identity] for part in cell_parts]),
            cell_parts[0].kind,
        )
        for cell, cell_parts in parts.items()
    }


def _telephones(store: Store, text: Text, calling_code: str) -> list[str]:
    """The cells of digits alone of a column most of whose cells are telephones; none of any other column."""
    if not all(whole_numbers(calling_code)):
        return []
    name, (whole, short) = text.alias, map(quote, whole_numbers(calling_code))
    digits = f"regexp_replace({name}, '[^0-9]', '', 'g')"
    full, alone = (f"regexp_full_match({name}, {pattern})" for pattern in (whole, short))
    telephone = f"({full} OR regexp_full_match({digits}, {whole}) AND {_may_identify(name)})"
    numbers = f"SELECT DISTINCT try_cast(right({digits}, 9) AS BIGINT) AS n, {telephone} AS t, {name} FROM typed"
    share = store.engine.rows(
        f"SELECT sum(t::INTEGER) >= {_TELEPHONE_SHARE} * count(*) AND sum(t::INTEGER) >= {_FEWEST_TELEPHONES} "
        f"AND ({_by_name(text)} OR bool_or(starts_with({name}, '+'))) "
        f"AND max(n) FILTER (WHERE t) - min(n) FILTER (WHERE t) > {_SPREAD} * count(*) "
        f"FROM ({numbers} WHERE {name} IS NOT NULL)"
    )[0][0]
    if not share:
        return []
    return [str(cell) for (cell,) in store.engine.rows(f"SELECT DISTINCT {name} FROM typed WHERE {full} OR {alone}")]


def _is_address(name: str) -> str:
    """SQL: a cell is one address and nothing else, of the plain form that most have: the engine masks these itself."""
    return f"(contains({name}, '@') AND regexp_full_match({name}, {quote(_ADDRESS)}))"


def _pseudonyms(store: Store, identities: Collection[str]) -> dict[str, str]:
    """What is stored in the place of each identity."""
    if not identities:
        return {}
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {_IDENTITIES} (identity VARCHAR)")
    store.engine.append(_IDENTITIES, {"identity": sorted(identities)})
    select = f"SELECT identity, replace(CAST({pseudonym('identity')} AS VARCHAR), '-', '') FROM {_IDENTITIES}"
    names = {identity: PREFIX + name for identity, name in store.engine.rows(select)}
    store.engine.run(f"DROP TABLE {_IDENTITIES}")
    return names


def _mask(store: Store, text: Text, cells: Mapping[str, tuple[str, str]], remarks: Counter[tuple[str, str]]) -> None:
    store.engine.run(f"CREATE OR REPLACE TEMP TABLE {_TABLE} (cell VARCHAR, masked VARCHAR, kind VARCHAR)")
    if cells:
        masks, kinds = zip(*cells.values(), strict=True)
        store.engine.append(_TABLE, {"cell": list(cells), "masked": list(masks), "kind": list(kinds)})
    if text.numbers:
        address = pseudonym("'email:' || lower(cell)")
        store.engine.run(
            f"INSERT INTO {_TABLE} SELECT cell, '{PREFIX}' || replace(CAST({address} AS "
            f"VARCHAR), '-', ''), '{EMAIL}' FROM (SELECT DISTINCT {text.alias} AS cell FROM typed "
            f"WHERE {_is_address(text.alias)})"
        )
    is_loaded = "NOT dropped AND bad IS NULL AND key_fault IS NULL"
    counts = (
        f"SELECT m.kind, count(*) FROM typed JOIN {_TABLE} m ON m.cell = typed.{text.alias} "
        f"WHERE {is_loaded} GROUP BY 1"
    )
    for kind, count in store.engine.rows(counts):
        remarks[CODE, f'"{text.column}" ({kind})'] += int(count)
    store.engine.run(f"UPDATE typed SET {text.target} = m.masked FROM {_TABLE} m WHERE m.cell = typed.{text.alias}")
