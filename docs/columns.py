"""Write docs/columns.md: every column a layout fills, what it means and which KPIs need it; and what KPIs count over.

python docs/columns.py
"""

import re
import tempfile
from pathlib import Path

from kpibar.config import Settings
from kpibar.database.schema import ENTITIES, KEYS, TEXT_COLUMNS, WORDS, columns, selectable
from kpibar.database.store import open_store
from kpibar.kpis.catalogue import DIMENSIONS, Kpi, catalogue
from kpibar.model.build import build

PAGE = Path(__file__).with_name("columns.md")
_HEAD = """\
# Columns

What a layout may fill (`[select]`, see [layouts/README.md](../kpibar/layouts/README.md)), and what KPIs count over.
`docs/columns.py` writes this page; do not edit it by hand.

NULL is unknown, never 0. Every record needs the columns marked *key*; all others are optional. "Needed by" lists the
KPIs that are not available without the column, or without one of the columns they can take in its place.
"""
_UNITS = {
    "TIMESTAMP": "instant, UTC",
    "DATE": "day of the brand",
    "UUID": "keyed pseudonym",
    "DOUBLE": "number",
    "INTEGER": "whole number",
    "BIGINT": "whole number",
    "BOOLEAN": "true or false",
    "VARCHAR": "text",
    "DECIMAL": "amount in `currency`",
}
# What a column means, by table where two tables mean different things.
_MEANINGS = {
    "contact_id": "number of the contact in its tool",
    "surveys.contact_id": "the contact that was rated, as its tool numbers it",
    "gestures.contact_id": "the contact in which the gesture was made",
    "case_id": "the helpdesk ticket a call or chat belongs to",
    "grain": "a whole case, or one call or chat of it",
    "customer_key": "the customer, by the identifier other tools share, the e-mail address first (`pii`)",
    "customer_alias_key": "a second identifier of the same customer, such as the telephone number (`pii`)",
    "order_ref": "the order number customers quote",
    "channel": "where the contact came in",
    "surveys.channel": "channel of the contact that was rated",
    "notices.channel": "by what the message was sent",
    "direction": "who began it",
    "created_at": "when the customer wrote or called",
    "first_reply_at": "first reply of anybody",
    "first_human_reply_at": "first public reply of a person",
    "first_bot_reply_at": "first reply of a bot",
    "resolved_at": "last solve",
    "closed_at": "when it was closed; of a call, the end of its talk",
    "contacts.status": "state of the case",
    "parcels.status": "the carrier's own word",
    "queue": "queue, line or mailbox",
    "team": "team or group",
    "agent_key": "who dealt with it (`pii`)",
    "brand": "brand, where the file names it",
    "country": "country of the customer or of delivery",
    "lang": "language",
    "reason_raw": "the reason somebody chose, in the tool's own words; `[reasons]` and the rules make a reason of it",
    "ivr_s": "in the voice menu",
    "wait_s": "in the queue, until answer or hang-up, without the menu",
    "ring_s": "ringing at an agent's",
    "talk_s": "talk",
    "hold_s": "on hold",
    "wrap_s": "work after the call",
    "handle_s": "whole work of the agent",
    "queued": "the call reached a queue",
    "answered": "a person answered",
    "abandoned": "the caller hung up in the queue",
    "short_abandon": "the tool's own flag of a hang-up too early to count",
    "in_hours": "within opening hours",
    "callback": "a call back that was asked for",
    "first_reply_s": "from creation to the first public reply of a person, calendar time",
    "first_reply_business_s": "the same within business hours",
    "resolution_s": "from creation to the last solve, calendar time",
    "agent_replies": "messages of agents",
    "customer_messages": "messages of the customer",
    "reopens": "how many times it was solved and opened again",
    "transfers": "how many times it moved",
    "escalated": "passed to a higher level",
    "bot_involved": "a bot took part",
    "bot_handed_off_at": "when a bot passed it to a person",
    "automated": "made by a machine: not counted",
    "spam": "spam: not counted",
    "merged_into": "the contact it was merged into: not counted",
    "updated_at": "last change of the record; tells two versions apart",
    "subject": "subject, read for reason and order number, then forgotten",
    "tags": "tags, read as the subject",
    "body": "text, read as the subject",
    "ordered_at": "when it was ordered",
    "cancelled_at": "when it was cancelled",
    "value": "amount of the order",
    "currency": "currency code",
    "n_lines": "lines of the order",
    "parcel_id": "number of the parcel",
    "carrier": "carrier",
    "mode": "how it is delivered",
    "shipped_at": "when it left",
    "promised_from": "begin of the first promise made",
    "promised_to": "end of the first promise made; a promise of a day ends with that day",
    "promise_kind": "hours of one day, a day, or several days",
    "last_promised_to": "end of the last promise made",
    "first_attempt_at": "first attempt to deliver",
    "attempts": "attempts to deliver",
    "delivered_at": "when it was delivered",
    "returned_at": "when it came back",
    "lost": "it is lost",
    "complete": "delivered in full",
    "notice_id": "number of the message",
    "notices.kind": "what the message says",
    "surveys.kind": "what was asked",
    "sent_at": "when it was sent",
    "survey_id": "number of the invitation or answer",
    "scale_min": "lowest score of the scale",
    "scale_max": "highest score of the scale",
    "score": "the answer, unknown for an invitation nobody answered",
    "answered_at": "when it was answered",
    "driver": "why, in the words of the survey",
    "gesture_id": "number of the gesture",
    "amount": "what it cost",
    "decided_by_agent": "the agent decided alone",
    "given_at": "when it was given",
}


def page() -> str:
    """The whole page, as Markdown."""
    kpis = catalogue(Settings()).kpis
    parts = [_HEAD, "## What layouts fill\n"]
    parts += [_filled(entity, kpis) for entity in KEYS]
    parts.append(
        "## What KPIs count over\n\nA KPI of the catalogue or of `[kpis.ID]` reads one fact table (`from`). "
        '"Read by" lists the KPIs whose expressions name the column.\n'
    )
    parts += [_counted(table, listed, kpis) for table, listed in _facts().items()]
    return "\n".join(parts)


def _filled(entity: str, kpis: tuple[Kpi, ...]) -> str:
    known = selectable(entity) | (set(TEXT_COLUMNS) if entity == "contacts" else set())
    lines = [f"### {entity}\n", "| column | type, unit | meaning | needed by |", "|---|---|---|---|"]
    for column, type in columns(entity).items():
        if column in known:
            meaning = _MEANINGS.get(f"{entity}.{column}") or _MEANINGS[column]
            words = ", ".join(f"`{word}`" for word in WORDS.get((entity, column), ()))
            mark = " *key*" if column in KEYS[entity].mandatory else ""
            needed = ", ".join(f"`{kpi.id}`" for kpi in kpis if _needs(kpi, f"{entity}.{column}"))
            lines.append(
                f"| `{column}`{mark} | {_unit(column, type)} | {meaning}{': ' if words else ''}{words} | {needed} |"
            )
    return "\n".join(lines) + "\n"


def _needs(kpi: Kpi, name: str) -> bool:
    return any(name in need.split("|") for need in kpi.needs)


def _unit(column: str, type: str) -> str:
    return "seconds" if column.endswith("_s") and type == "DOUBLE" else _UNITS[type.partition("(")[0]]


def _counted(table: str, listed: list[tuple[str, str]], kpis: tuple[Kpi, ...]) -> str:
    lines = [f"### {table}\n", "| column | type, unit | read by |", "|---|---|---|"]
    for column, type in listed:
        read = [kpi.id for kpi in kpis if kpi.from_table == table and _reads(kpi, column)]
        lines.append(f"| `{column}` | {_unit(column, type)} | {', '.join(f'`{one}`' for one in read)} |")
    return "\n".join(lines) + "\n"


def _reads(kpi: Kpi, column: str) -> bool:
    fragments = (kpi.date, kpi.where, kpi.hit, kpi.against, kpi.value, kpi.over, *kpi.notes.values())
    return any(re.search(rf"\b{column}\b", fragment) for fragment in fragments)


def _facts() -> dict[str, list[tuple[str, str]]]:
    """The columns and types of each fact table, of a database without records."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "empty.duckdb", write=True) as store:
        build(store, Settings().thresholds)
        sql = "SELECT column_name, column_type FROM (DESCRIBE fact_{})"
        return {table: [(row[0], row[1]) for row in store.engine.rows(sql.format(table))] for table in DIMENSIONS}


if __name__ == "__main__":
    assert set(KEYS) == set(ENTITIES)
    PAGE.write_text(page(), encoding="utf-8")
