"""Written contacts, as the two helpdesks keep them: Zendesk tickets and ratings, Easiware conversations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from contacts import Contact, is_open
from shop import utc_text
from table import Dirt, Table, columns, spoil
from wording import CUSTOM_REASONS, EASIWARE_MOTIFS, EASIWARE_TEXTS, SPAM, TAGS, subject
from world import EXPORTED_AT, behaviour, known, local, stream

MINUTE_METRICS = (
    "First reply time",
    "First resolution time",
    "Full resolution time",
    "Agent wait time",
    "Requester wait time",
    "On hold time",
)
TICKET_HEADER = [
    *columns(
        "Summation column,Id,Requester,Requester id,Requester external id,Requester email,Requester domain,"
        "Submitter,Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,Created at,Updated at,"
        "Assigned at,Organization,Due date,Initially assigned at,Solved at,Resolution time,"
        "Satisfaction Score,Group stations,Assignee stations,Reopens,Replies"
    ),
    *(f"{m} in minutes{hours}" for m in MINUTE_METRICS for hours in ("", " within business hours")),
    "Order number [txt]",
    "Contact reason [list]",
]
FIRST_REPLY = "First reply time in minutes"
FULL_RESOLUTION = "Full resolution time in minutes"
REQUESTERS = 360_000_000
RATING_HEADER = columns("id,ticket_id,requester_id,score,reason,comment,created_at,updated_at")
EASIWARE_HEADER = columns("reference;date;canal;motif_parent;motif;element_de_qualification", ";")
VIA = {"email": "Mail", "form": "Web form", "chat": "Chat", "social": "Facebook"}
CANAL = {
    "email": "Email", "form": "Formulaire", "chat": "Chat", "social": "Réseaux sociaux", "post": "Courrier",
}  # fmt: skip
# What changes from 2024 to 2025: more solved tickets are reopened, and first replies take half the time.
REOPEN_SHARE = {2024: 0.083, 2025: 0.156}
REPLY_MEDIAN_OPEN_MINUTES = {2024: 145, 2025: 92}
Minutes = int | None


@dataclass(frozen=True)
class Ticket:
    """One Zendesk ticket: a contact and what becomes of it, after the export too; times are minutes after creation.

    `solve` is the last solution, `first_solve` the one before it was reopened. `happy` is None when the customer,
    asked at `offered_at`, does not answer; nobody is asked where `offered_at` is None.
    """

    contact: Contact
    number: int
    reply: Minutes
    first_solve: Minutes
    solve: Minutes
    replies: int
    reopens: int
    groups: int
    merged: bool
    spam: bool
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    happy: bool | None = None

    def at(self, minutes: Minutes) -> datetime | None:
        """The instant so many minutes after the creation."""
        return None if minutes is None else self.contact.created_at + timedelta(minutes=minutes)

    @property
    def solved_at(self) -> datetime | None:
        """When it was last solved, as far as the export knows; None while it is open or reopened."""
        return known(self.at(self.solve))

    @property
    def score(self) -> str:
        """What the ticket says of the satisfaction when it is exported."""
        if known(self.offered_at) is None:
            return "Not Offered"
        if known(self.answered_at) is None:
            return "Offered"
        return "Good" if self.happy else "Bad"


def open_minutes(start: datetime, minutes: int) -> int:
    """How many of the next `minutes` fall into the opening hours (counted by quarter of an hour)."""
    step = min(15, max(minutes, 1))
    quarters = sum(is_open(start + timedelta(minutes=k)) for k in range(0, minutes, step))
    return min(minutes, quarters * step)


def calendar_delay(start: datetime, worked: int) -> int:
    """Minutes on the clock until `worked` minutes of opening hours have gone by."""
    passed = 0
    while worked > 0 or not is_open(start + timedelta(minutes=passed)):
        step = min(10, worked) if worked > 0 else 10
        worked -= step if is_open(start + timedelta(minutes=passed)) else 0
        passed += step or 10
    return passed


def reply_delay(rng: Random, contact: Contact) -> Minutes:
    """First reply: minutes in a chat, hours elsewhere; three in a hundred never come."""
    if rng.random() < 0.03:
        return None
    if contact.channel == "chat":
        return 1 + int(rng.lognormvariate(0.3, 0.8))
    median = REPLY_MEDIAN_OPEN_MINUTES[behaviour(local(contact.created_at).date())]
    return calendar_delay(contact.created_at, max(2, int(median * rng.lognormvariate(0, 0.95))))


def solve_delay(rng: Random, contact: Contact, reply: Minutes) -> Minutes:
    """First resolution: minutes after the last chat message, a day or two after an e-mail."""
    if rng.random() < 0.012:
        return None
    if reply is None:
        return 4 * 1440 + rng.randrange(4 * 1440)
    if contact.channel == "chat":
        return reply + 3 + int(rng.expovariate(1 / 9))
    return reply + 5 + int(rng.lognormvariate(6.6, 1.1))


def draw_opinion(rng: Random, contact: Contact, reply: Minutes) -> bool | None:
    """Two customers in five answer; a late parcel or reply spoils the rating."""
    if rng.random() > 0.42:
        return None
    happy = 0.48 if contact.order and contact.order.late else 0.87
    if contact.channel != "chat" and (reply or 0) > 1440:
        happy -= 0.12
    return rng.random() < happy


def ask(rng: Random, ticket: Ticket) -> Ticket:
    """The ticket with its rating: two in three are asked a day after the solution, and answer within days or never."""
    solved = ticket.at(ticket.solve)
    if solved is None or ticket.reply is None or rng.random() > 0.68:
        return ticket
    offered, happy = solved + timedelta(hours=24), draw_opinion(rng, ticket.contact, ticket.reply)
    answered = None if happy is None else offered + timedelta(minutes=5 + int(rng.expovariate(1 / 500)))
    return replace(ticket, offered_at=offered, answered_at=answered, happy=happy)


def merged_ticket(contact: Contact, number: int) -> Ticket:
    """A duplicate an agent merged into the older ticket: no reply of its own."""
    return Ticket(contact, number, None, 34, 34, 0, 0, 1, True, False)


def draw_ticket(rng: Random, contact: Contact, number: int) -> Ticket:
    """What becomes of one written contact."""
    if contact.repeat and not contact.quotes_order and contact.channel in ("email", "form") and rng.random() < 0.12:
        return merged_ticket(contact, number)
    spam = contact.reason == "other" and rng.random() < 0.25
    reply = None if spam else reply_delay(rng, contact)
    first = 60 if spam else solve_delay(rng, contact, reply)
    reopens = 0
    if first and reply and rng.random() < REOPEN_SHARE[behaviour(local(contact.created_at).date())]:
        reopens = rng.choices((1, 2), (85, 15))[0]
    last = first + reopens * (200 + int(rng.lognormvariate(6.5, 0.9))) if first else None
    groups = 2 if rng.random() < 0.09 else 1
    replies = 0 if reply is None else 1 + reopens + min(int(rng.expovariate(1.1)), 6)
    return ask(rng, Ticket(contact, number, reply, first, last, replies, reopens, groups, False, spam))


def as_exported(ticket: Ticket) -> Ticket:
    """The ticket as the export knows it: what comes later has not happened, and a reopened one is open again."""
    reply = ticket.reply if known(ticket.at(ticket.reply)) else None
    solve = ticket.solve if known(ticket.at(ticket.solve)) else None
    reopens = ticket.reopens if known(ticket.at(ticket.first_solve)) else 0
    replies = ticket.replies if reply is not None else 0
    return replace(ticket, reply=reply, solve=solve, reopens=reopens, replies=replies)


def draw_tickets(seed: int, contacts: list[Contact]) -> list[Ticket]:
    """One ticket per written contact, numbered in order of creation."""
    rng = stream(seed, "zendesk")
    return [draw_ticket(rng, contact, 48_211 + 2 * k) for k, contact in enumerate(contacts)]


def naive(instant: datetime | None) -> str:
    """The account's clock without offset, as Zendesk's CSV has it."""
    return local(instant).strftime("%Y-%m-%d %H:%M:%S") if instant else ""


def minute_cells(ticket: Ticket) -> dict[str, str]:
    """First reply on the clock and within business hours, last resolution on the clock."""
    if ticket.reply is None:
        return {} if ticket.solve is None else {FULL_RESOLUTION: str(ticket.solve)}
    business = open_minutes(ticket.contact.created_at, ticket.reply)
    return {
        FIRST_REPLY: str(ticket.reply),
        f"{FIRST_REPLY} within business hours": str(business),
        FULL_RESOLUTION: "" if ticket.solve is None else str(ticket.solve),
    }


def status(rng: Random, ticket: Ticket) -> str:
    """Solved tickets close after four weeks."""
    if ticket.solved_at is None:
        return rng.choice(("Open", "Pending"))
    return "Closed" if EXPORTED_AT - ticket.solved_at > timedelta(days=28) else "Solved"


def tags(rng: Random, ticket: Ticket) -> str:
    """Space-separated tags: the desk's topic on half of the tickets, a merge or spam mark on few."""
    found = ["closed_by_merge"] if ticket.merged else []
    found += ["spam"] if ticket.spam else []
    found += [TAGS[ticket.contact.reason]] if rng.random() < 0.5 and not ticket.spam else []
    return " ".join(found)


def order_mention(rng: Random, contact: Contact) -> tuple[str, str]:
    """(custom field, number in the subject): 45 % carry the first, another 25 % the second."""
    if contact.order is None:
        return "", ""
    draw = 0.5 if contact.quotes_order else rng.random()
    return (contact.order.ref, "") if draw < 0.45 else ("", contact.order.ref if draw < 0.70 else "")


def ticket_row(rng: Random, ticket: Ticket) -> list[str]:
    """One row of the tickets export; the columns nobody looks at stay empty."""
    contact, customer = ticket.contact, ticket.contact.customer
    custom, quoted = order_mention(rng, contact)
    text = rng.choice(SPAM) if ticket.spam else subject(rng, contact.reason, quoted, customer.english)
    touched = min(contact.created_at + timedelta(minutes=min(ticket.reply or 30, 30)), EXPORTED_AT)
    classified = rng.random() < 0.6 and not ticket.spam
    cells = {
        "Id": str(ticket.number),
        "Requester id": str(REQUESTERS + customer.number),
        "Requester email": customer.email,
        "Assignee": f"Agent {rng.randrange(1, 13):02d}",
        "Group": "Expert" if ticket.groups > 1 else "SAV",
        "Subject": text,
        "Tags": tags(rng, ticket),
        "Status": status(rng, ticket),
        "Via": VIA[contact.channel],
        "Created at": naive(contact.created_at),
        "Updated at": naive(ticket.solved_at or touched),
        "Solved at": naive(ticket.solved_at),
        "Satisfaction Score": ticket.score,
        "Group stations": str(ticket.groups),
        "Reopens": str(ticket.reopens),
        "Replies": str(ticket.replies),
        **minute_cells(ticket),
        "Order number [txt]": custom,
        "Contact reason [list]": CUSTOM_REASONS[contact.reason] if classified else "",
    }
    return [cells.get(column, "") for column in TICKET_HEADER]


def zendesk(seed: int, tickets: list[Ticket]) -> Table:
    """The tickets export of Maison Bleue."""
    rng = stream(seed, "zendesk/rows")
    rows = [ticket_row(rng, as_exported(ticket)) for ticket in tickets]
    rows[333][TICKET_HEADER.index("Subject")] = "Bonjour,\nma commande n'est pas arrivée"
    dirt = (
        Dirt(200, {"Id": "990001", "Created at": "2024-02-31 10:00:00"}),
        Dirt(510, {"Id": ""}),
        Dirt(800, {"Id": "990003", FULL_RESOLUTION: "n/a"}),
        Dirt(1050, {"Id": "990004"}, keep=6),
        Dirt(1150, {"Id": "990005", "Created at": "31/13/2025"}),
    )
    return spoil(Table("maison-bleue-zendesk-tickets.csv", TICKET_HEADER, rows), dirt, blank_after=640)


def rating_row(rng: Random, ticket: Ticket, number: int) -> list[str]:
    """One rating, answered or only offered when the export was made."""
    score = ticket.score.lower()
    why = {"good": "", "bad": "The issue took too long to resolve", "offered": ""}[score]
    comment = {"good": "Merci", "bad": "Trop long"}.get(score, "") if rng.random() < 0.2 else ""
    updated = known(ticket.answered_at) or ticket.offered_at
    ids = [str(8_100_000 + number), str(ticket.number), str(REQUESTERS + ticket.contact.customer.number)]
    return [
        *ids, score, why if rng.random() < 0.5 else "", comment, utc_text(ticket.offered_at), utc_text(updated)
    ]  # fmt: skip


def ratings(seed: int, tickets: list[Ticket]) -> Table:
    """The satisfaction ratings export, consistent with the scores on the tickets."""
    rng = stream(seed, "ratings")
    asked = [ticket for ticket in tickets if ticket.score != "Not Offered"]
    rows = [rating_row(rng, ticket, number) for number, ticket in enumerate(asked)]
    dirt = (
        Dirt(
            120,
            {"id": "99000001", "created_at": "2024-11-31T09:00:00Z", "updated_at": "2024-11-31T09:00:00Z"},
        ),
        Dirt(300, {"id": ""}),
        Dirt(480, {"id": "99000003"}, keep=2),
    )
    return spoil(Table("maison-bleue-zendesk-satisfaction.csv", RATING_HEADER, rows), dirt, blank_after=250)


def easiware_row(rng: Random, contact: Contact, number: int) -> list[str]:
    """One conversation; the qualification holds the order number on most of those about an order."""
    parent, motif = EASIWARE_MOTIFS[contact.reason] if rng.random() > 0.04 else ("", "")
    detail = rng.choice(EASIWARE_TEXTS) if rng.random() < 0.5 else ""
    if contact.order and rng.random() < 0.65:
        detail = contact.order.ref if rng.random() < 0.3 else f"Commande {contact.order.ref}"
    when = local(contact.created_at).strftime("%d/%m/%Y %H:%M")
    return [f"EW{300_000 + number}", when, CANAL[contact.channel], parent, motif, detail]


def easiware(seed: int, contacts: list[Contact]) -> Table:
    """The conversations export of Petit Pas, in cp1252 with Windows line ends."""
    rng = stream(seed, "easiware")
    rows = [easiware_row(rng, contact, number) for number, contact in enumerate(contacts)]
    dirt = (
        Dirt(100, {"reference": "EW990001", "date": "31/13/2025 10:00"}),
        Dirt(330, {"reference": ""}),
        Dirt(600, {"reference": "EW990003"}, keep=1),
        Dirt(700, {"reference": "EW990004", "date": "hier"}),
    )
    table = Table("petit-pas-easiware.csv", EASIWARE_HEADER, rows, ";", "cp1252", "\r\n")
    return spoil(table, dirt, blank_after=450)
