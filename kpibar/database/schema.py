"""The canonical tables as ingest sees them: their columns, keys, instants, and what is derived from what."""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

TEXT_COLUMNS = ("subject", "tags", "body")
# The version of a parcel in which its promise was seen first: the file, and the record's own updated_at.
PROMISE_SEEN = ("promise_file_id", "promise_updated_at")
_MANAGED = ("file_id", "source", "order_key", "order_number", "number_key", "reason", "reason_by", *PROMISE_SEEN)
_TABLE = re.compile(r"CREATE TABLE (\w+) \(\n(.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(r"^\s+(\w+) (VARCHAR|TIMESTAMP|DATE|DOUBLE|INTEGER|BIGINT|BOOLEAN|UUID|DECIMAL\(18, 2\))", re.M)


@dataclass(frozen=True)
class Key:
    """The columns that identify a record within its source, and those every record must have."""

    id: tuple[str, ...]
    required: tuple[str, ...]

    def same(self, one: str, other: str) -> str:
        """SQL: two rows of one source are of one record. The first column is never NULL, so that a hash can join."""
        first, *others = self.id
        rest = "".join(f" AND {one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in others)
        return f"{one}.{first} = {other}.{first}{rest}"


# Two brands of one shop system may use the same order numbers; ids of other records are unique in their tool.
KEYS = {
    "contacts": Key(("contact_id",), ("contact_id", "created_at")),
    "orders": Key(("order_ref", "brand"), ("order_ref",)),
    "parcels": Key(("parcel_id",), ("parcel_id",)),
    "surveys": Key(("survey_id",), ("survey_id",)),
    "notices": Key(("notice_id",), ("notice_id",)),
    "gestures": Key(("gesture_id",), ("gesture_id",)),
}

_CHANNELS = (
    "phone", "email", "chat", "messaging", "social", "web", "sms", "self_service", "post", "store", "other",
)  # fmt: skip
# The words of the columns that have their own: what a layout writes there must be one of them.
WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("contacts", "channel"): _CHANNELS,
    ("contacts", "direction"): ("inbound", "outbound", "internal"),
    ("contacts", "status"): ("new", "open", "pending", "hold", "solved", "closed"),
    ("contacts", "grain"): ("case", "interaction"),
    ("parcels", "mode"): ("home", "relay", "locker", "store", "bulky"),
    ("parcels", "promise_kind"): ("slot", "day", "range"),
    ("surveys", "kind"): ("csat", "nps", "ces", "fcr", "enps"),
    ("surveys", "channel"): _CHANNELS,
    ("notices", "kind"): ("shipped", "delay", "slot", "delivered"),
    ("notices", "channel"): _CHANNELS,
}

# The local day kept beside an instant, because a KPI groups by it.
DAYS = {
    "created_on": "created_at",
    "ordered_on": "ordered_at",
    "promised_on": "promised_to",
    "first_attempt_on": "first_attempt_at",
    "delivered_on": "delivered_at",
    "sent_on": "sent_at",
    "answered_on": "answered_at",
    "given_on": "given_at",
}

# What dates a record: the first of these instants that is known.
BEGINS = {
    "contacts": ("created_at",),
    "orders": ("ordered_at",),
    "parcels": ("shipped_at", "promised_to", "first_attempt_at", "delivered_at"),
    "surveys": ("sent_at", "answered_at"),
    "notices": ("sent_at",),
    "gestures": ("given_at",),
}

# Instants of things that have happened: the newest one tells up to when an export speaks.
HAPPENED = {
    "contacts": (
        "created_at",
        "first_reply_at",
        "first_human_reply_at",
        "first_bot_reply_at",
        "resolved_at",
        "closed_at",
        "updated_at",
    ),
    "orders": ("ordered_at", "cancelled_at", "updated_at"),
    "parcels": ("shipped_at", "first_attempt_at", "delivered_at", "returned_at", "updated_at"),
    "surveys": ("sent_at", "answered_at", "updated_at"),
    "notices": ("sent_at", "updated_at"),
    "gestures": ("given_at", "updated_at"),
}


@lru_cache(maxsize=1)
def _schema() -> dict[str, dict[str, str]]:
    """Every table of schema.sql with its columns and their types, in order."""
    text = files("kpibar").joinpath("database", "schema.sql").read_text(encoding="utf-8")
    return {name: dict(_COLUMN.findall("\n" + body)) for name, body in _TABLE.findall(text)}


def tables() -> tuple[str, ...]:
    """Every table of schema.sql, in its order."""
    return tuple(_schema())


def columns(entity: str) -> dict[str, str]:
    """The columns of a canonical table and their SQL types, in table order."""
    return _schema()[entity]


def selectable(entity: str) -> set[str]:
    """The columns a layout may fill; the others are derived."""
    return set(columns(entity)) - set(_MANAGED) - set(DAYS)
