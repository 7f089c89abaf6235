"""The condition of a KPI taken apart: its terms, and by what code each is called when a record fails it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|\s+|.", re.DOTALL)
# A term that says several things at once: what a record that fails it may be, the last one for all others.
_PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "counted": (
        ("merged", "record_merged"),
        ("spam", "record_spam"),
        ("outbound", "record_direction = 'outbound'"),
        ("internal", "record_direction <> 'inbound'"),
        ("automated", "record_automated"),
        ("leg", "record_leg"),
        ("ticket_of_call", "TRUE"),
    ),
    "due": (
        ("promise_false", "promise_false"),
        ("delivery_undated", "undated"),
        ("not_due", "TRUE"),
    ),
    "rated": (
        ("unanswered", "NOT answered"),
        ("other_kind", "NOT coalesce(kind = 'csat', FALSE)"),
        ("scale_unknown", "TRUE"),
    ),
    "recommended": (
        ("unanswered", "NOT answered"),
        ("other_kind", "NOT coalesce(kind = 'nps', FALSE)"),
        ("scale_unknown", "TRUE"),
    ),
}
_CODES = {
    "identified": "unfollowed",
    "NOT identified": "followed",
    "handled": "unhandled",
    "first_handled": "unhandled",
    "classified": "without_reason",
    "NOT classified": "with_reason",
    "wismo": "not_wismo",
    "promise_stage IS NOT NULL": "stage_unknown",
    "promise_stage IS NULL": "stage_known",
    "channel IS NOT NULL": "without_channel",
    "offered": "not_offered",
    "answer_column": "answers_untold",
    "wait_column": "waits_untold",
    "abandon_column": "abandons_untold",
    "answered IS NOT NULL": "answer_unknown",
    "abandoned IS NOT NULL": "abandon_unknown",
    "coalesce(answered, FALSE)": "not_answered",
    "wait_s IS NOT NULL OR NOT answered": "wait_unknown",
    "wait_s IS NOT NULL": "wait_unknown",
    "reply_expected": "no_reply_expected",
    "first_reply_s IS NOT NULL": "without_reply",
    "first_reply_s IS NOT NULL OR NOT (replied OR bot_answer)": "reply_untimed",
    "in_writing": "not_in_writing",
    "solution_column": "solutions_untold",
    "NOT solution_unknown": "solution_unknown",
    "still_solved": "open",
    "resolution_s IS NOT NULL": "resolution_untimed",
    "NOT (still_solved AND resolution_s IS NULL)": "resolution_untimed",
    "reopens_known": "reopens_unknown",
    "transfers_known": "transfers_unknown",
    "NOT cancelled": "cancelled",
    "promised": "without_promise",
    "n_parcels > 0": "without_parcel",
    "NOT lead_unknown": "delivery_undated",
    "lead_s IS NOT NULL": "undelivered",
    "late": "in_time",
    "overdue OR lateness_s IS NOT NULL": "delivery_undated",
    "lateness_s IS NOT NULL": "undelivered",
    "attempted": "not_attempted",
    "slot_promised": "without_slot",
    "NOT slot_unknown": "slot_unknown",
    "invitations_known": "answers_alone",
    "NOT reminder": "reminder",
    "coalesce(kind = 'csat', FALSE)": "other_kind",
    "coalesce(kind = 'nps', FALSE)": "other_kind",
    "contact_counted": "names_no_contact",
    "NOT contact_counted": "names_contact",
    "ordered_on IS NOT NULL": "no_ordered_on",
}
# Terms that thresholds are written into, by how they begin.
_BEGINNINGS = {
    "NOT (NOT answered AND coalesce(abandoned, FALSE) AND coalesce(wait_s": "short_abandon",
    "first_reply_s IS NOT NULL OR (coalesce(age_s": "reply_not_due",
    "reopened OR solved AND coalesce(resolution_s": "solved_late",
}


@dataclass(frozen=True)
class Reason:
    """Why a record is not counted: a code, and the condition under which it is so, in SQL.

    Of a condition that has no code of its own `term` is the SQL of what the KPI asks for.
    """

    code: str
    condition: str
    term: str = ""


def reasons_of(where: str) -> list[Reason]:
    """The reasons for which a record may fail a condition, in its order; a record has the first that applies."""
    return [reason for term in terms(where) for reason in _reasons_of_term(term)]


def _reasons_of_term(term: str) -> Iterator[Reason]:
    fails = f"NOT coalesce({term}, FALSE)"
    if term in _PARTS:
        for code, condition in _PARTS[term]:
            yield Reason(code, fails if condition == "TRUE" else f"{fails} AND coalesce({condition}, FALSE)")
        return
    code = _CODES.get(term) or next((code for text, code in _BEGINNINGS.items() if term.startswith(text)), "")
    yield Reason(code, fails) if code else Reason("condition", fails, term)


def terms(condition: str) -> list[str]:
    """The terms that AND joins at the top of a condition in SQL; the condition itself where something else does.

    >>> terms("counted AND (a OR b) AND day BETWEEN 1 AND 2")
    ['counted', 'a OR b', 'day BETWEEN 1 AND 2']
    """
    tokens = _TOKEN.findall(condition)
    places, has_or, depth, between = [-1], False, 0, False
    for place, token in enumerate(tokens):
        word = token.upper()
        depth += (word in ("(", "CASE")) - (word in (")", "END"))
        if depth == 0 and word == "OR":
            has_or = True
        elif depth == 0 and word == "BETWEEN":
            between = True
        elif depth == 0 and word == "AND":
            if not between:
                places.append(place)
            between = False
    if has_or or len(places) == 1:
        inner = _without_brackets(tokens)
        whole = "".join(inner).strip()
        if len(inner) == len(tokens):
            return [whole] if whole.upper() != "TRUE" else []
        return terms(whole) if not _has_or(inner) else [whole]
    ends = [*places[1:], len(tokens)]
    pieces = ("".join(tokens[first + 1 : end]) for first, end in zip(places, ends, strict=True))
    return [term for piece in pieces for term in terms(piece)]


def _without_brackets(tokens: Sequence[str]) -> list[str]:
    """The tokens without the pair of brackets around them all; the same where there is none."""
    words = [place for place, token in enumerate(tokens) if not token.isspace()]
    if len(words) < 2 or tokens[words[0]] != "(" or tokens[words[-1]] != ")":
        return list(tokens)
    depth = 0
    for place in words[:-1]:
        depth += (tokens[place] == "(") - (tokens[place] == ")")
        if depth == 0:
            return list(tokens)
    return list(tokens[words[0] + 1 : words[-1]])


def _has_or(tokens: Sequence[str]) -> bool:
    """Whether OR joins the tokens at the top."""
    depth = 0
    for token in tokens:
        word = token.upper()
        depth += (word in ("(", "CASE")) - (word in (")", "END"))
        if depth == 0 and word == "OR":
            return True
    return False
