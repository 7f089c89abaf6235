"""What identifies a record and what it refers to: pseudonyms of people and orders, keys that are none."""

import re
from collections.abc import Mapping

from kpibar.ingest.cells import Cells
from kpibar.ingest.expressions import Call, Compiled, identity, pseudonym, quoted
from kpibar.ingest.sequence import CLOCK_GAP_S, HOUR_AND_SOME, out_of_order
from kpibar.ingest.tables import KEYS

# Columns that name another record.
_REFERENCES = ("case_id", "contact_id", "order_ref", "merged_into")
_ORDER_NUMBER = (
    r"(?:#|n[o°º]\.? ?|commande |cde |order |bestellung |pedido )\s*([A-Z]{0,5}-?[0-9]{3,20})\b"
    r"|\b([A-Z]{0,5}-?[0-9]{5,20})\b"
)
# A duration may be computed from two times.
_COMPUTED = re.compile(r"\b(epoch(_[mun]s)?|seconds|date_?(diff|sub|part)|extract)\s*\(", re.IGNORECASE)
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
        f"{out_of_order(entity, fields)}{_talked_unanswered(fields)} END"
    )


def _failed(references: Mapping[str, str]) -> str:
    return "".join(
        f" WHEN {failed(value)} THEN 'its {name} is an error of a spreadsheet'" for name, value in references.items()
    )


def _off_scale(fields: Mapping[str, str]) -> str:
    """A score beyond its scale says that one of the two is wrong; nobody knows which. An NPS has one scale only."""
    if "score" not in fields:
        return ""
    score, recommends = _number("score", fields), _recommends(fields)
    reasons = f" WHEN {recommends} AND NOT {score} BETWEEN 0 AND 10 THEN 'its score is not one of an NPS, 0 to 10'"
    if not {"scale_min", "scale_max"} <= fields.keys():
        return reasons
    least, most = _number("scale_min", fields), _number("scale_max", fields)
    other = f"NOT ({least} IN (0, 1) AND {most} = 10)"
    return (
        f" WHEN NOT {score} BETWEEN {least} AND {most} THEN 'its score is not on its scale' "
        f"WHEN {least} >= {most} THEN 'its scale ends before it begins'"
        f"{reasons} WHEN {score} IS NOT NULL AND {recommends} AND {other} "
        "THEN 'its scale is not the one of an NPS, 0 to 10'"
    )


def _number(name: str, fields: Mapping[str, str]) -> str:
    return f"CAST(({fields[name]}) AS DOUBLE)"


def _recommends(fields: Mapping[str, str]) -> str:
    """SQL BOOLEAN: the record is of an NPS, the customers' or the employees'."""
    return f"({fields['kind']}) IN ('nps', 'enps')" if "kind" in fields else "FALSE"


def odd_scores(fields: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """SQL conditions of scores that are loaded and counted, by the code of a remark and what it is about."""
    if not {"score", "kind"} <= fields.keys():
        return {}
    score, kind = _number("score", fields), f"({fields['kind']})"
    fraction = f"{score} <> floor({score})"
    found = {("nps_fraction", "score"): f"{_recommends(fields)} AND {fraction}"}
    if "scale_max" in fields:
        most = _number("scale_max", fields)
        found["csat_fraction", "score"] = f"{kind} = 'csat' AND {fraction} AND {most} BETWEEN 2 AND 10"
        found["no_scale", "score"] = f"{kind} = 'csat' AND {most} IS NULL AND {score} IS NOT NULL"
    return found


def _computed(name: str, sql: str) -> bool:
    """Whether a column is a duration that its layout computes from two times."""
    return name.endswith("_s") and _COMPUTED.search(sql) is not None


def _negative(fields: Mapping[str, str]) -> str:
    """Nobody waits for less than no time."""
    return "".join(
        f" WHEN ({sql}) < {-HOUR_AND_SOME if _computed(name, sql) else 0} THEN 'its {name} is negative'"
        for name, sql in fields.items()
        if name.endswith("_s")
    )


def negative_durations(fields: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """SQL conditions of durations that clocks which differ make negative, by the code of a remark and what it is about.

    The model takes the small ones as 0 and the others as unknown.
    """
    found = {}
    for name, sql in fields.items():
        if _computed(name, sql):
            found["clock_gap", f"{name} below zero"] = f"({sql}) < 0 AND ({sql}) >= {-CLOCK_GAP_S}"
            found["out_of_order", f"{name} below zero"] = f"({sql}) < {-CLOCK_GAP_S}"
    return found


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


def failed(value: str) -> str:
    """SQL: a text is what a spreadsheet writes where a formula failed or a column is too narrow, in any language."""
    return (
        f"(starts_with({value}, '#') AND (ends_with({value}, '!') OR ends_with({value}, '?') "
        f"OR starts_with({value}, '##')) AND regexp_full_match({value}, "
        r"'(?i)#+|#[¡¿]?[\p{L}][\p{L}_./0-9]*[!?]'))"
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
