"""What identifies a record and what it refers to: pseudonyms of people and orders, keys that are none."""

import re
from collections.abc import Mapping

from kpibar.ingest.cells import Cells
from kpibar.ingest.expressions import Call, Compiled, identity, pseudonym, quoted
from kpibar.ingest.tables import HAPPENED, KEYS

# Columns that name another record.
_REFERENCES = ("case_id", "contact_id", "order_ref", "merged_into")
_ORDER_NUMBER = (
    r"(?:#|n[o°º]\.? ?|commande |cde |order |bestellung |pedido )\s*([A-Z]{0,5}-?[0-9]{3,20})\b"
    r"|\b([A-Z]{0,5}-?[0-9]{5,20})\b"
)
# What a spreadsheet writes where a formula failed; #N/A says nothing.
_ERRORS = ("#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
# A duration may be computed from two times, of which one lacks the hour of a clock change, and clocks differ a little.
_COMPUTED = re.compile(r"\b(epoch(_[mun]s)?|seconds|date_?(diff|sub|part)|extract)\s*\(", re.IGNORECASE)
_HOUR_AND_SOME = 3_700
# In some zone it is tomorrow already.
_TOMORROW = "CAST(now() AS TIMESTAMP) + INTERVAL 1 DAY"
# "the identifier, provided that ...": whatever the condition reads, the value is the identifier.
_CONDITIONAL = re.compile(
    r"CASE\s+WHEN\b(?:(?!\b(?:THEN|ELSE|END)\b).)*\bTHEN\s+\{\d+\}\s+END", re.IGNORECASE | re.DOTALL
)


def key_column(compiled: Compiled, cells: Cells, calling_code: str) -> str:
    """SQL of a *_key column: a pseudonym and nothing else, even where a layout forgot pii()."""
    if not any(call.helper == "pii" for call in compiled.calls):
        return pseudonym(identity(f"({cells.fill(compiled)})", calling_code))
    conditional = _CONDITIONAL.fullmatch(compiled.template.strip()) and compiled.calls[-1].helper == "pii"
    if conditional or ("'" not in compiled.template and all(call.helper == "pii" for call in compiled.calls)):
        return cells.fill(compiled)
    value = f"({compiled.template.format(*(_marked(call, cells.name(call)) for call in compiled.calls))})"
    return (
        f"CASE WHEN regexp_full_match({value}, 'k[0-9a-f]{{32}}') THEN CAST(substr({value}, 2) AS UUID) "
        f"ELSE {pseudonym(identity(value, calling_code))} END"
    )


def _marked(call: Call, name: str) -> str:
    """A pseudonym as a text that nothing else in an expression looks like."""
    return f"('k' || replace(CAST({name} AS VARCHAR), '-', ''))" if call.helper == "pii" else name


def key_fault(entity: str, fields: Mapping[str, str]) -> str:
    """SQL: why a record has no identity of its own, NULL when it has one; `fields` are its columns' SQL."""
    missing = " OR ".join(f"({fields[column]}) IS NULL" for column in KEYS[entity].required)
    references = {name: f"({fields[name]})" for name in _REFERENCES if name in fields}
    identifier = f"({fields[KEYS[entity].id[0]]})"
    return (
        f"CASE WHEN {missing} THEN 'its identifier or its date is empty' "
        f"WHEN regexp_matches({identifier}, '(?i)^((grand |sub)?totals?\\b|[0-9]+ (rows|records|lignes)$|copyright )') "
        "THEN 'it is a line of a report, not a record' "
        f"WHEN (contains({identifier}, 'E') OR contains({identifier}, 'e+')) "
        f"AND regexp_full_match({identifier}, '[0-9]([.,][0-9]+)?([eE][+]|E)[0-9]+') "
        f"THEN 'its identifier was rounded by a spreadsheet'{_rounded(references)}"
        f"{_failed({'identifier': identifier} | references)}{_off_scale(fields)}{_negative(fields)}"
        f"{_out_of_order(entity, fields)}{_talked_unanswered(fields)} END"
    )


def _failed(references: Mapping[str, str]) -> str:
    errors = ", ".join(map(quoted, _ERRORS))
    return "".join(
        f" WHEN starts_with({value}, '#') AND {value} IN ({errors}) THEN 'its {name} is an error of a spreadsheet'"
        for name, value in references.items()
    )


def _off_scale(fields: Mapping[str, str]) -> str:
    """A score beyond its scale says that one of the two is wrong; nobody knows which."""
    if not {"score", "scale_min", "scale_max"} <= fields.keys():
        return ""
    score, least, most = (f"CAST(({fields[name]}) AS DOUBLE)" for name in ("score", "scale_min", "scale_max"))
    return (
        f" WHEN NOT {score} BETWEEN {least} AND {most} THEN 'its score is not on its scale' "
        f"WHEN {least} >= {most} THEN 'its scale ends before it begins'"
    )


def _negative(fields: Mapping[str, str]) -> str:
    """Nobody waits for less than no time."""
    return "".join(
        f" WHEN ({sql}) < {-_HOUR_AND_SOME if _COMPUTED.search(sql) else 0} THEN 'its {name} is negative'"
        for name, sql in fields.items()
        if name.endswith("_s")
    )


def _out_of_order(entity: str, fields: Mapping[str, str]) -> str:
    """A record that begins in the future, or ends days before it began, has a wrong date; nobody knows which."""
    begins, ends = HAPPENED[entity][0], "resolved_at"
    if begins not in fields:
        return ""
    later = f" WHEN ({fields[begins]}) > {_TOMORROW} THEN 'its {begins} is yet to come'"
    if ends not in fields:
        return later
    before = f"({fields[ends]}) < ({fields[begins]}) - INTERVAL 1 DAY"
    return f"{later} WHEN {before} THEN 'its {ends} is before its {begins}'"


def _talked_unanswered(fields: Mapping[str, str]) -> str:
    """Nobody talks in a call that nobody answered: cells of such a record were shifted, or one of the two is wrong."""
    if not {"answered", "talk_s"} <= fields.keys():
        return ""
    return f" WHEN NOT ({fields['answered']}) AND ({fields['talk_s']}) > 0 THEN 'it has a talk_s and was not answered'"


def _rounded(references: Mapping[str, str]) -> str:
    """A reference that lost its last digits would link the record to a stranger's, or to none; 4E12 may be a number."""
    return "".join(
        f" WHEN {rounded(value)} THEN 'its {name} was rounded by a spreadsheet'" for name, value in references.items()
    )


def rounded(value: str, before: str = "") -> str:
    """SQL: a text is a number of which only the first digits are left, 1.03E+13; `before` may stand in front of it."""
    return (
        f"(contains({value}, 'E+') OR contains({value}, 'e+')) "
        f"AND regexp_full_match({value}, '{before}[0-9]([.,][0-9]+)?[eE][+][0-9]+')"
    )


def identity_fault(cells: Cells) -> str:
    """SQL: which customer's or agent's identifier lost its last digits, and would be one with others; else NULL."""
    said = 'the identifier in column "{}" was rounded by a spreadsheet'
    cases = "".join(
        f" WHEN {rounded(alias, 'id:')} THEN {quoted(said.format(cells.shown(call)))}"
        for call, alias in cells.present("pii").items()
    )
    return f"CASE{cases} END" if cases else "NULL"


def order_key(reference: str) -> str:
    """SQL of the pseudonym of an order reference; case, blanks and a leading # do not count."""
    plain = f"upper(ltrim(regexp_replace({reference}, '\\s+', '', 'g'), '#'))"
    return pseudonym(f"'order:' || {plain}")


def order_mentions(text: str) -> str:
    """SQL of the list of order-number candidates in a text."""
    pattern = quoted(_ORDER_NUMBER)
    return f"list_concat(regexp_extract_all({text}, {pattern}, 1, 'i'), regexp_extract_all({text}, {pattern}, 2, 'i'))"
