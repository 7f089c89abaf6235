"""The contact records tied to an order: how they went, how they were tied to it, and whether they are counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kpibar.database.store import Store

Exclusion = Literal["merged", "spam", "automated", "outbound", "internal", "copy"]
_COLUMNS = (
    "f.contact_uid, f.source, f.contact_id, f.grain, f.channel, r.direction, f.created_at, f.in_writing, f.counted,"
    " f.reason, f.reason_by, f.linked_by, f.order_id, f.answered, f.abandoned, f.wait_s, f.reply_expected, f.replied,"
    " f.first_reply_s, f.solved, f.still_solved, f.resolution_s, r.is_copy, coalesce(r.spam, FALSE),"
    " coalesce(r.automated, FALSE), r.merged_into IS NOT NULL"
)


@dataclass(frozen=True)
class ContactRecord:
    """A contact record; durations are in seconds, instants in UTC. `linked_by` is the way (model/17_link_kinds.sql)."""

    contact_uid: str
    source: str
    contact_id: str
    grain: str | None
    channel: str | None
    direction: str | None
    created_at: datetime | None
    in_writing: bool
    counted: bool
    reason: str | None
    reason_by: str | None
    linked_by: str
    order_id: str | None
    answered: bool | None
    abandoned: bool | None
    wait_s: float | None
    reply_expected: bool
    replied: bool
    first_reply_s: float | None
    solved: bool
    still_solved: bool
    resolution_s: float | None
    is_copy: bool
    spam: bool
    automated: bool
    merged: bool

    @property
    def exclusion(self) -> Exclusion | None:
        """Why no KPI counts it; None where it is counted."""
        if self.counted:
            return None
        if self.direction == "outbound" or self.direction == "internal":
            return "outbound" if self.direction == "outbound" else "internal"
        return "merged" if self.merged else "spam" if self.spam else "automated" if self.automated else "copy"

    @property
    def awaits_reply(self) -> bool:
        """Whether the customer is owed an answer from its beginning: a call that was not answered, or in writing.

        Not where its source says of no contact when it was replied to.
        """
        if not self.counted:
            return False
        return self.reply_expected if self.in_writing else self.answered is False

    @property
    def word_at(self) -> datetime | None:
        """When the customer got a word by it: at the answer, the first reply, or the beginning of an outbound one."""
        if self.created_at is None:
            return None
        if self.direction == "outbound":
            return self.created_at
        if self.in_writing:
            return _after(self.created_at, self.first_reply_s)
        return self.created_at + timedelta(seconds=self.wait_s or 0) if self.answered else None

    @property
    def closed_or_replied_at(self) -> datetime | None:
        """When nothing was owed on it any more: replied to or solved; its beginning where it is solved at no time."""
        if self.created_at is None:
            return None
        ends = (_after(self.created_at, self.first_reply_s), _after(self.created_at, self.resolution_s))
        instants = [end for end in ends if end is not None]
        return min(instants) if instants else self.created_at if self.solved or self.replied else None


def _after(start: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else start + timedelta(seconds=seconds)


def contacts_of_order(store: Store, order_id: str) -> tuple[ContactRecord, ...]:
    """The contact records that the model ties to an order."""
    return _contacts(store, "f.order_id = $order", {"order": order_id})


def contacts_of_uids(store: Store, uids: Sequence[str]) -> tuple[ContactRecord, ...]:
    """Contact records by their contact_uid."""
    return _contacts(store, "list_contains($uids, f.contact_uid)", {"uids": list(uids)})


def _contacts(store: Store, condition: str, parameters: dict[str, object]) -> tuple[ContactRecord, ...]:
    rows = store.engine.rows(
        f"SELECT {_COLUMNS} FROM fact_contacts AS f JOIN fact_records AS r"
        f" ON r.source = f.source AND r.contact_id = f.contact_id WHERE {condition}"
        " ORDER BY f.created_at, f.contact_uid",
        parameters,
    )
    return tuple(ContactRecord(*row) for row in rows)
