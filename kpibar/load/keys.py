"""What identifies a record and what it refers to: pseudonyms of people and orders, keys that are none."""

import re
from collections.abc import Mapping

from kpibar.database.schema import KEYS
from kpibar.layouts.bindings import Cells
from kpibar.layouts.expression import Program
from kpibar.read.records import OF_A_REPORT
from kpibar.values.helpers import identity, pseudonym
from kpibar.values.notation import CAPITALS, LETTERS, Call, quote
from kpibar.values.sequence import CLOCK_GAP_S, HOUR_AND_SOME, out_of_order

# Columns that name another record.
_REFERENCES = ("case_id", "contact_id", "order_ref", "merged_into")
# In front of what is the number of an order.
_ANNOUNCEMENT = (
    r"(?:#|\bn[o°º]\.?\s?|\b(?:commandes?|cde|orders?|bestellung|bestelling|pedido|ordine|encomenda)\b[ :]*"
    r"(?:n[o°ºr]\.?\s?|number\s|num[ée]ro\s)?)\s*#?\s*"
)
_LETTERS = "[A-Z]{1,10}-?"
_SET_APART = rf"(?:{_LETTERS} ?)?[0-9]{{1,3}}(?: [0-9]{{3}})+|[A-Z]{{1,8}} [0-9]{{4,20}}"
# Words that follow a number and are no town.
_PHRASES = "bonjour|bonsoir|merci|cordialement|je|il|elle|nous|vous|mon|ma|est|hello|hi|thanks|thank|please|hallo|hola"
# What stands between the numbers of a cell of references.
_BETWEEN = r"\s*[,;/+&|\n]\s*|\s+(?:et|and|und|y|e|en|ou|or|-)\s+"
# Digits in such a cell that are no number of an order: a date, an amount, a year in front of or behind a number.
_DATE_OR_AMOUNT = (
    r"(?i)\b(?:19|20)[0-9]{2}[/.-][0-9]{1,2}[/.-][0-9]{1,2}\b|\b[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:19|20)?[0-9]{2}\b|"
    r"\b(?:19|20)[0-9]{2} ?/ ?[0-9]+\b|\b[0-9]+ ?/ ?(?:19|20)[0-9]{2}\b|"
    r"[€$£] ?[0-9]+(?:[.,][0-9]+)?|\b[0-9]+(?:[.,][0-9]{1,2})? ?(?:[€$£]|(?:eur|euros?|usd|chf|gbp)\b)"
)
# Digits that say themselves that they are something else: a postcode and its town, an amount, a telephone number.
_OTHER_NUMBERS = (
    rf"\b[0-9]{{5}}[ \t]+(?-i:[{CAPITALS}][{LETTERS}'-])[{LETTERS}'-]*",
    r"\b(?:code postal|cp|zip|plz|cap)[ :]*[0-9]{4,5}\b",
    r"(?:\bà|\bau|adresse|\brue|livrer|livr[ée]e?)[ :,]+(?:au )?[0-9]{5}\b",
    r"[0-9]+[.,][0-9]{1,2}\b",
    r"[0-9]+ ?(?:[€$£]|(?:eur|euros?|usd|chf|gbp)\b)",
    r"[€$£] ?[0-9]+",
    r"[+][0-9][0-9 .()-]{7,}",
    r"(?:t[ée]l|t[ée]l[ée]phone|phone|mobile|portable|gsm|rappele[rz]|appele[rz])\b[^0-9+\n]{0,20}[0-9][0-9 .-]{5,}",
    r"\b0[1-9](?:[ .-]?[0-9]{2}){4}\b",
    r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}",
)
# A subject, tag or comment that is nothing else.
_ALONE = r"(?:\A| \n )#?[0-9]{5,20}(?:\z| \n)"
_MENTION = "|".join(
    (
        _ALONE,
        rf"{_ANNOUNCEMENT}(?:{_LETTERS})?[0-9]{{3,20}}\b",
        rf"{_ANNOUNCEMENT}(?:{_SET_APART})\b",
        rf"\b[0-9]{{5,20}}\s+(?:{_PHRASES})\b",
        *_OTHER_NUMBERS,
        rf"\b{_LETTERS}[0-9]{{4,20}}\b",
        r"\b[0-9]{5,20}\b",
    )
)
# Bare digits of this form are too long for a postcode, and no telephone, day or tracking number.
_LONG = "[1-9][0-9]{7,9}"
_DAY = "(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])"
# Behind the first word of a line of a report; the number of a shop may begin with TOTAL- or SUM_.
_WORD_END = r"([^\w/-]|[-/][^0-9]|$)"
_REPORT = rf"(?i)^((grand |sub)?totals?{_WORD_END}|[0-9]+ (rows|records|lignes)$|copyright )"
# How a line that sums others up begins where it has no date.
_SUMMARY = (
    r"(?i)^\W*(((grand|sub|sous|zwischen)?[ -]?tota(ls?|ux|le|li|is)|gesamt(summe|zahl)?|(zwischen)?summe|somme|sum|"
    r"moyennes?|average|avg|mean|median|m[ée]diane|mittelwert|durchschnitt|promedio|media|suma|nombre|count|anzahl)"
    rf"{_WORD_END}|[0-9]+ (rows|records|tickets|lignes)$|copyright )"
)
# What a record lacks without which it is none, where that is no identifier and no date.
_EMPTY = {"costs": "its month, its channel or its amount is empty"}
# A duration may be computed from two times.
_COMPUTATION = re.compile(r"\b(epoch(_[mun]s)?|seconds|date_?(diff|sub|part)|extract)\s*\(", re.IGNORECASE)
# "the identifier, provided that ...": whatever the condition reads, the value is the identifier.
_CONDITIONAL = re.compile(
    r"CASE\s+WHEN\b(?:(?!\b(?:THEN|ELSE|END)\b).)*\bTHEN\s+\{\d+\}\s+END", re.IGNORECASE | re.DOTALL
)


def key_column(program: Program, cells: Cells, calling_code: str) -> str:
    """SQL of a *_key column: a pseudonym and nothing else, even where a layout forgot pii()."""
    if not any(call.helper == "pii" for call in program.calls):
        return pseudonym(identity(f"({cells.fill(program)})", calling_code))
    conditional = _CONDITIONAL.fullmatch(program.template.strip()) and program.calls[-1].helper == "pii"
    if conditional or ("'" not in program.template and all(call.helper == "pii" for call in program.calls)):
        return cells.fill(program)
    value = f"({program.template.format(*(_mark(call, cells.name(call)) for call in program.calls))})"
    return (
        f"CASE WHEN regexp_full_match({value}, 'k[0-9a-f]{{32}}') THEN CAST(substr({value}, 2) AS UUID) "
        f"ELSE {pseudonym(identity(value, calling_code))} END"
    )


def _mark(call: Call, name: str) -> str:
    """A pseudonym as a text that nothing else in an expression looks like."""
    return f"('k' || replace(CAST({name} AS VARCHAR), '-', ''))" if call.helper == "pii" else name


def key_fault(entity: str, fields: Mapping[str, str]) -> str:
    """SQL: why a record has no identity of its own, NULL when it has one; `fields` are its columns' SQL."""
    is_null = " OR ".join(f"({fields[column]}) IS NULL" for column in KEYS[entity].mandatory)
    references = {name: f"({fields[name]})" for name in _REFERENCES if name in fields}
    identifier = f"({fields[KEYS[entity].id[0]]})"
    return (
        f"CASE WHEN {is_null} THEN CASE WHEN regexp_matches({identifier}, {quote(_SUMMARY)}) THEN '{OF_A_REPORT}' "
        f"ELSE '{_EMPTY.get(entity, 'its identifier or its date is empty')}' END "
        # Only what begins with a letter (58 and more) or has a blank can be such a line.
        f"WHEN (ascii({identifier}) > 57 OR contains({identifier}, ' ')) "
        f"AND regexp_matches({identifier}, {quote(_REPORT)}) "
        f"THEN '{OF_A_REPORT}' "
        f"WHEN (contains({identifier}, 'E') OR contains({identifier}, 'e+')) "
        # 1E5 may be a number with letters.
        f"AND regexp_full_match({identifier}, '[0-9]([.,][0-9]+)?[eE][+][0-9]+|[0-9][.,][0-9]+E[0-9]+') "
        f"THEN 'its identifier was rounded by a spreadsheet'{_is_rounded(references)}"
        f"{_has_failed({'identifier': identifier} | references)}{_off_scale(fields)}{_negative(fields)}"
        f"{_spent_less_than_nothing(entity, fields)}"
        f"{out_of_order(entity, fields)}{_talked_unanswered(fields)} END"
    )


def _has_failed(references: Mapping[str, str]) -> str:
    return "".join(
        f" WHEN {is_failed(value)} THEN 'its {name} is an error of a spreadsheet'" for name, value in references.items()
    )


def _off_scale(fields: Mapping[str, str]) -> str:
    """A score beyond its scale says that one of the two is wrong; nobody knows which. An NPS has one scale only."""
    if "score" not in fields:
        return ""
    score, recommends = _number("score", fields), _recommends(fields)
    reasons = f" WHEN {recommends} AND NOT {score} BETWEEN 0 AND 10 THEN 'its score is not one of an NPS, 0 to 10'"
    if not {"scale_min", "scale_max"} <= fields.keys():
        return reasons
    lowest, highest = _number("scale_min", fields), _number("scale_max", fields)
    is_no_nps = f"NOT ({lowest} IN (0, 1) AND {highest} = 10)"
    # A tool may write 0 where nobody answered.
    blank = f" AND NOT ({score} = 0 AND ({fields['answered_at']}) IS NULL)" if "answered_at" in fields else ""
    return (
        f" WHEN NOT {score} BETWEEN {lowest} AND {highest}{blank} THEN 'its score is not on its scale' "
        f"WHEN {lowest} >= {highest} THEN 'its scale ends before it begins'"
        f"{reasons} WHEN {score} IS NOT NULL AND {recommends} AND {is_no_nps} "
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
    conditions = {("nps_fraction", "score"): f"{_recommends(fields)} AND {fraction}"}
    if "scale_max" in fields:
        highest = _number("scale_max", fields)
        conditions["csat_fraction", "score"] = f"{kind} = 'csat' AND {fraction} AND {highest} BETWEEN 2 AND 10"
        conditions["no_scale", "score"] = f"{kind} = 'csat' AND {highest} IS NULL AND {score} IS NOT NULL"
    return conditions


def _is_computed(name: str, sql: str) -> bool:
    """Whether a column is a duration that its layout computes from two times."""
    return name.endswith("_s") and _COMPUTATION.search(sql) is not None


def _spent_less_than_nothing(entity: str, fields: Mapping[str, str]) -> str:
    """A credit note says nothing of the contacts of its month."""
    if entity != "costs":
        return ""
    reason = "its amount is negative: expected what was spent on the channel in the month, credit notes taken off"
    return f" WHEN ({fields['amount']}) < 0 THEN '{reason}'"


def _negative(fields: Mapping[str, str]) -> str:
    """Nobody waits for less than no time."""
    return "".join(
        f" WHEN ({sql}) < {-HOUR_AND_SOME if _is_computed(name, sql) else 0} THEN 'its {name} is negative'"
        for name, sql in fields.items()
        if name.endswith("_s")
    )


def negative_durations(fields: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """SQL conditions of durations that clocks which differ make negative, by the code of a remark and what it is about.

    The model takes the small ones as 0 and the others as unknown.
    """
    conditions = {}
    for name, sql in fields.items():
        if _is_computed(name, sql):
            conditions["clock_gap", f"{name} below zero"] = f"({sql}) < 0 AND ({sql}) >= {-CLOCK_GAP_S}"
            conditions["out_of_order", f"{name} below zero"] = f"({sql}) < {-CLOCK_GAP_S}"
    return conditions


def _talked_unanswered(fields: Mapping[str, str]) -> str:
    """Nobody talks in a call that nobody answered: cells of such a record were shifted, or one of the two is wrong."""
    if not {"answered", "talk_s"} <= fields.keys():
        return ""
    return f" WHEN NOT ({fields['answered']}) AND ({fields['talk_s']}) > 0 THEN 'it has a talk_s and was not answered'"


def _is_rounded(references: Mapping[str, str]) -> str:
    """A reference that lost its last digits would link the record to a stranger's, or to none; 4E12 may be a number."""
    return "".join(
        f" WHEN {is_rounded(value)} THEN 'its {name} was rounded by a spreadsheet'"
        for name, value in references.items()
    )


def is_rounded(value: str, before: str = "") -> str:
    """SQL: a text is a number of which only the first digits are left, 1.03E+13; `before` may stand in front of it."""
    return (
        f"(contains({value}, 'E+') OR contains({value}, 'e+')) "
        f"AND regexp_full_match({value}, '{before}[0-9]([.,][0-9]+)?[eE][+][0-9]+')"
    )


def is_failed(value: str) -> str:
    """SQL: a text is what a spreadsheet writes where a formula failed or a column is too narrow, in any language."""
    return (
        f"(starts_with({value}, '#') AND (ends_with({value}, '!') OR ends_with({value}, '?') "
        f"OR starts_with({value}, '##')) AND regexp_full_match({value}, "
        f"'#+|#[¡¿]?[{LETTERS}][{LETTERS}_./0-9]*[!?]'))"
    )


def identity_fault(cells: Cells) -> str:
    """SQL: which customer's or agent's identifier lost its last digits, and would be one with others; else NULL."""
    message = 'the identifier in column "{}" was rounded by a spreadsheet'
    cases = "".join(
        f" WHEN {is_rounded(alias, 'id:')} THEN {quote(message.format(cells.excerpt(call)))}"
        for call, alias in cells.present("pii").items()
    )
    return f"CASE{cases} END" if cases else "NULL"


def order_key(reference: str) -> str:
    """SQL of the pseudonym of an order reference; case, blanks and a leading # do not count."""
    return pseudonym(f"'order:' || {plain_reference(reference)}")


def plain_reference(reference: str) -> str:
    """SQL of an order reference as it is compared: without blanks and a leading #, in capitals."""
    plain = f"upper(ltrim(regexp_replace({reference}, '\\s+', '', 'g'), '#'))"
    return f"CASE WHEN {_is_whole(reference)} THEN {reference} ELSE {plain} END"


def without_announcement(text: str) -> str:
    """SQL of a text without the word for an order that it begins with, such as "n°" or "commande"."""
    return f"regexp_replace({text}, {quote(rf'(?i)^{chr(92)}s*(?:{_ANNOUNCEMENT})')}, '')"


def _is_whole(text: str) -> str:
    """SQL: a text is a whole number as the engine writes it. A test so much cheaper than a regular expression that it
    stands before those that change nothing in digits."""
    return f"CAST(try_cast({text} AS BIGINT) AS VARCHAR) = {text}"


def digits_of(reference: str, *, letters: bool) -> str:
    """SQL of the digits of an order reference as a whole number, without zeros in front and a part such as -1.

    NULL where the reference is more than that; `letters` of a shop may stand in front.
    """
    before = "(?:[A-Z]{1,10}[-_/.]?)?" if letters else ""
    plain = f"upper(regexp_replace({reference}, '\\s+', '', 'g'))"
    digits = f"regexp_extract({plain}, '^#?{before}([0-9]{{1,18}})(?:-[0-9]{{1,2}})?$', 1)"
    return (
        f"CASE WHEN {_is_whole(reference)} THEN try_cast({reference} AS BIGINT) "
        f"WHEN {reference} IS NOT NULL THEN try_cast({digits} AS BIGINT) END"
    )


def digits_key(reference: str) -> str:
    """SQL of the pseudonym of an order reference's digits; NULL where they are the whole reference, or none."""
    digits = f"CAST({digits_of(reference, letters=True)} AS VARCHAR)"
    key = pseudonym(f"'order:' || {digits}")
    return f"CASE WHEN {digits} <> {reference} THEN {key} END"


def order_mentions(texts: str) -> str:
    """The statement for `line`, `contact_id`, `number` and `explicit` of the order numbers that `texts` mention.

    Explicit is a number with letters, one after a word for an order, one that is all of a subject, tag or comment, and
    one too long to be a postcode. It comes with and without the hyphen after its letters, and without zeros in front.
    """
    candidates = (
        f"SELECT line, contact_id, unnest(regexp_extract_all(all_text, {quote(_MENTION)}, 0, 'i')) AS said, "
        "strlen(all_text) AS size "
        f"FROM ({texts}) WHERE regexp_matches(all_text, '[0-9]{{3}}')"
    )
    before, after = quote("(?i)^(?:" + _ANNOUNCEMENT + ")"), quote(rf"(?i)\s+(?:{_PHRASES})$")
    alone = f"((contains(said, chr(10)) OR strlen(said) = size) AND regexp_full_match(said, {quote(_ALONE)}))"
    parts = f"SELECT * REPLACE (trim(said, e' \\n') AS said), {alone} AS alone FROM ({candidates})"
    parts = f"SELECT *, alone OR regexp_matches(said, {before}) AS announced FROM ({parts})"
    bare = f"CASE WHEN announced THEN regexp_replace(said, {before}, '') ELSE regexp_replace(said, {after}, '') END"
    plain = f"CASE WHEN announced THEN replace({bare}, ' ', '') ELSE {bare} END"
    numbers = f"SELECT line, contact_id, announced, upper({plain}) AS number FROM ({parts})"
    is_number = f"regexp_full_match(number, '(?:{_LETTERS})?[0-9]{{3,20}}')"
    long = f"(regexp_full_match(number, '{_LONG}') AND NOT regexp_full_match(number, '{_DAY}'))"
    explicit = f"(announced OR regexp_matches(number, '^[A-Z]') OR {long})"
    forms = (
        f"CASE WHEN {_is_whole('number')} THEN [number] "
        "ELSE list_distinct([number, regexp_replace(number, '^([A-Z]+)-', '\\1'), "
        "regexp_replace(number, '^([A-Z]+)([0-9])', '\\1-\\2'), "
        "CASE WHEN announced THEN regexp_replace(number, '^0+([0-9]+)$', '\\1') ELSE number END]) END"
    )
    return (
        f"SELECT line, contact_id, unnest({forms}) AS number, {explicit} AS explicit FROM ({numbers}) WHERE {is_number}"
    )


def reference_mentions(contact_id: str, reference: str, records: str) -> str:
    """The statement of `order_mentions` for references that hold several numbers, or words beside one.

    All are explicit: they stand where the number of an order should. Dates and amounts are left out.
    """
    odd = " OR ".join(f"contains(reference, {quote(sign)})" for sign in (" ", ",", ";", "/", "+", "&", "|", "\n"))
    plain = f"trim(regexp_replace(reference, {quote(_DATE_OR_AMOUNT)}, '', 'g'))"
    numbers = f"'n°' || regexp_replace({plain}, {quote(_BETWEEN)}, ' n°', 'g')"
    texts = (
        f"SELECT line, contact_id, {numbers} AS all_text FROM (SELECT line, {contact_id} AS contact_id, "
        f"{reference} AS reference FROM {records} AS t) WHERE reference IS NOT NULL AND ({odd})"
    )
    return f"SELECT line, contact_id, number, TRUE AS explicit FROM ({order_mentions(texts)})"
