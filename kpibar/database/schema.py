"""The canonical tables as ingest sees them: their columns, keys, instants, and what is derived from what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

TEXT_COLUMNS = ("subject", "tags", "body")
# The version of a parcel in which its promise was seen first: the file, and the record's own updated_at.
PROMISE_SEEN = ("promise_file_id", "promise_updated_at")
_INTERNAL_COLUMNS = (
    "file_id",
    "source",
    "order_key",
    "order_number",
    "number_key",
    "begins_at",
    "reason",
    "reason_by",
    *PROMISE_SEEN,
)
_TABLE = re.compile(r"CREATE TABLE (\w+) \(\n(.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(r"^\s+(\w+) (VARCHAR|TIMESTAMP|DATE|DOUBLE|INTEGER|BIGINT|BOOLEAN|UUID|DECIMAL\(18, 2\))", re.M)


@dataclass(frozen=True)
class Key:
    """The columns that identify a record within its source, and those every record must have."""

    id: tuple[str, ...]
    mandatory: tuple[str, ...]

    def match(self, left: str, right: str) -> str:
        """SQL: two rows of one source are of one record. The first column is never NULL, so that a hash can join."""
        first, *further = self.id
        conditions = "".join(f" AND {left}.{name} IS NOT DISTINCT FROM {right}.{name}" for name in further)
        return f"{left}.{first} = {right}.{first}{conditions}"


@dataclass(frozen=True)
class Table:
    """A canonical table: what identifies a record, and what dates it.

    `begins` are the instants that date a record: the first one that is known. `instants` are those of things that have
    happened: the newest one tells up to when an export speaks. `day` is SQL of the day by which its records are
    counted.
    """

    key: Key
    day: str
    begins: tuple[str, ...]
    instants: tuple[str, ...]


# Every canonical table: whoever adds one adds it here and in schema.sql. Two brands of one shop system may use the same
# order numbers; ids of other records are unique in their tool.
TABLES: Mapping[str, Table] = {
    "contacts": Table(
        Key(("contact_id",), ("contact_id", "created_at")),
        day="created_on",
        begins=("created_at",),
        instants=(
            "created_at", "first_reply_at", "first_human_reply_at", "first_bot_reply_at", "resolved_at", "closed_at",
            "updated_at",
        ),
    ),
    "orders": Table(
        Key(("order_ref", "brand"), ("order_ref",)),
        day="ordered_on",
        begins=("ordered_at",),
        instants=("ordered_at", "cancelled_at", "updated_at"),
    ),
    "parcels": Table(
        Key(("parcel_id",), ("parcel_id",)),
        day="promised_on",
        begins=("shipped_at", "promised_to", "first_attempt_at", "delivered_at"),
        instants=("shipped_at", "first_attempt_at", "delivered_at", "returned_at", "updated_at"),
    ),
    "surveys": Table(
        Key(("survey_id",), ("survey_id",)),
        day="coalesce(answered_on, sent_on)",
        begins=("sent_at", "answered_at"),
        instants=("sent_at", "answered_at", "updated_at"),
    ),
    "notices": Table(
        Key(("notice_id",), ("notice_id",)), day="sent_on", begins=("sent_at",), instants=("sent_at", "updated_at")
    ),
    "gestures": Table(
        Key(("gesture_id",), ("gesture_id",)), day="given_on", begins=("given_at",), instants=("given_at", "updated_at")
    ),
    # A table of months does not tell when it was made: a correction of one month is no older export.
    "costs": Table(
        Key(("month", "channel", "brand"), ("month", "channel", "amount")),
        day="begins_on",
        begins=("begins_at",),
        instants=("updated_at",),
    ),
}  # fmt: skip
ENTITIES = tuple(TABLES)
KEYS = {name: table.key for name, table in TABLES.items()}
BEGINS = {name: table.begins for name, table in TABLES.items()}
INSTANTS = {name: table.instants for name, table in TABLES.items()}
# The day by which the records of a table are counted, as SQL.
DAY_COLUMNS = {name: table.day for name, table in TABLES.items()}

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
    ("costs", "channel"): _CHANNELS,
}
# The tables of which a record with a word that its layout does not list is rejected: as "other" two would be one.
LISTED_ONLY = ("costs",)

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
    "begins_on": "begins_at",
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
    return set(columns(entity)) - set(_INTERNAL_COLUMNS) - set(DAYS)
