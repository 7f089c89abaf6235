"""Each vendor's layout reads a small vendor-shaped export into the expected canonical rows.

The header texts are those of the vendors; times without offset are Paris local time (UTC+1 in winter, +2 in summer).
"""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.intake import held, take_text

ZENDESK = (
    "Summation column,Id,Requester,Requester id,Requester external id,Requester email,Requester domain,Submitter,"
    "Assignee,Group,Subject,Tags,Status,Priority,Via,Ticket type,Created at,Updated at,Assigned at,Organization,"
    "Due date,Initially assigned at,Solved at,Resolution time,Satisfaction Score,Group stations,Assignee stations,"
    "Reopens,Replies,First reply time in minutes,First reply time in minutes within business hours,"
    "First resolution time in minutes,First resolution time in minutes within business hours,"
    "Full resolution time in minutes,Full resolution time in minutes within business hours,"
    "Agent wait time in minutes,Agent wait time in minutes within business hours,Requester wait time in minutes,"
    "Requester wait time in minutes within business hours,On hold time in minutes,"
    "On hold time in minutes within business hours,Order number [txt],Contact reason [list]"
)
FRESHDESK = (
    "Ticket ID,Subject,Status,Priority,Source,Type,Agent,Group,Created time,Due by Time,Resolved time,Closed time,"
    "Last update time,Initial response time,Time tracked,First response time (in hrs),Resolution time (in hrs),"
    "Agent interactions,Customer interactions,Resolution status,First response status,Tags,Survey results,Product,"
    "Every response status,Summary,Full name,Contact ID"
)
GORGIAS = (
    "Ticket id,Tags,Initial channel,Priority,Last used integration name,Last used integration type,"
    "Created by an agent,Subject,Creation date,Closed date,Survey score,Survey replied date,Assignee name,"
    "Assignee email,Customer email,Customer name,First response time (s),Resolution time (s),"
    "Number of agent messages,Number of customer messages,Ticket URL,Ticket Field: AI Intent"
)
INTERCOM = (
    "Conversation ID,Conversation started at (America/New_York),Updated at (America/New_York),Started by,"
    "Conversation source,Channel,Current conversation state,Team currently assigned,Teammate currently assigned,"
    "Last teammate rated,Agent rated type,Conversation rating,Conversation rating remark,Fin AI Agent involved,"
    "Fin AI Agent deflected,Fin AI Agent resolution state,Topics,AI Topic,AI Subtopic,Ticket type,"
    "First response time (seconds),User name,Company name"
)
GENESYS = (
    "Full Export Completed,Partial Result Timestamp,Filters,Media Type,Users,Remote,Date,End Date,Duration,Direction,"
    "ANI,DNIS,Queue,Wrap-up,Flow,Conversation ID,Total Queue,Total IVR,Total Talk,Total Handle,Time to Abandon,"
    "Transfers"
)
GENESYS_ES = (
    "Exportación completa,Marca de hora del resultado parcial,Filtros,Usuarios,Fecha,Dirección,Cola,Total de cola,"
    "Manejo total,IVR total,Conversación total,Tiempo en abandonar,Tipo de desconexión,ANI"
)
AIRCALL = (
    "line,datetime (tz offset incl.),number timezone,datetime (utc),country_code,direction,from,to,answered,"
    "missed_call_reason,user,duration (total),duration (in call),voicemail,recording,comments,tags,call quality,team,"
    "customer number,call id,call type,waiting time,time to answer,time in ivr"
)
SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Note Attributes,Cancelled at,Billing Country,Shipping Country,Phone,Vendor,Id,Tags"
)
SENDCLOUD = (
    "parcel_id,direction,carrier_code,carrier_name,from_address_company_name,to_address_city,to_address_postal_code,"
    "to_address_country_code,order_number,tracking_number,announced_at,shipped_at,first_offer_at,delivered_at,"
    "expected_delivery_date,status,sub_status,brand_id,brand_name"
)
DELIGHTED = "Response ID,Person ID,Email,Sent At,Responded At,Score,Comment,Survey Type,Order Number,Brand"
RATINGS = "id,ticket_id,requester_id,score,reason,comment,created_at,updated_at"


def export(header: str, *records: dict[str, object], delimiter: str = ",") -> str:
    """An export with this header; a record names only the cells that are not empty."""
    names = header.split(",")
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, restval="", delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def rows(folder: Path, table: str, key: str, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a canonical table with instants as text, by key."""
    shown = (f"strftime({name}, '%m-%d %H:%M')" if name.endswith("_at") else name for name in columns)
    return held(folder, f"SELECT {key}, {', '.join(shown)} FROM {table} ORDER BY {key}")


def test_zendesk_tickets(folder: Path) -> None:
    """First reply and full resolution are minutes; the neighbour "Resolution time" is hours and is not read."""
    common = {"Status": "Closed", "Created at": "2025-01-10 10:00:00", "Group stations": 1, "Reopens": 0}
    solved = {"Solved at": "2025-01-10 12:00:00", "Full resolution time in minutes": 120, "Resolution time": 2}
    one = {"Id": 1, "Via": "Mail", "Replies": 2, "First reply time in minutes": 30, "Satisfaction Score": "Good"}
    two = {"Id": 2, "Via": "Phone call (incoming)", "Replies": 0, "First reply time in minutes": 0}
    text = export(
        ZENDESK,
        {**common, **solved, **one, "Order number [txt]": "0042", "Contact reason [list]": "Livraison::Retard"},
        {**common, **two, "Satisfaction Score": "Offered", "Tags": "closed_by_merge", "Solved at": "1900-01-01 00:00"},
        {**common, "Id": 3, "Via": "Fax", "Group stations": 3, "Satisfaction Score": "Not Offered"},
    )
    outcome = take_text(folder, text)
    assert outcome.layout == "zendesk-tickets"
    assert rows(
        folder, "contacts", "contact_id", "channel", "created_at", "resolved_at", "first_reply_s", "resolution_s",
        "transfers", "order_ref", "reason", "merged_into",
    ) == [
        ("1", "email", "01-10 09:00", "01-10 11:00", 1800.0, 7200.0, 0, "0042", "wismo", None),
        ("2", "phone", "01-10 09:00", None, None, None, 0, None, None, "unknown"),
        ("3", "other", "01-10 09:00", None, None, None, 2, None, None, None),
    ]  # fmt: skip
    assert rows(folder, "surveys", "survey_id", "score", "scale_min", "scale_max", "answered_at", "contact_id") == [
        ("ticket:1", 1.0, 0.0, 1.0, "01-10 11:00", "1"),
        ("ticket:2", None, None, None, None, "2"),
    ]
    assert ("Via", "aaa", 1) in outcome.unknown


@pytest.mark.long
def test_zendesk_satisfaction(folder: Path) -> None:
    text = export(
        RATINGS,
        {
            "id": 1,
            "ticket_id": 11,
            "score": "good",
            "created_at": "2025-01-01T10:00:00Z",
            "updated_at": "2025-01-02T10:00:00Z",
        },
        {"id": 2, "ticket_id": 12, "score": "badwithcomment", "created_at": "2025-01-01T10:00:00Z"},
        {"id": 3, "ticket_id": 13, "score": "offered", "created_at": "2025-01-01T10:00:00Z"},
        {"id": 4, "ticket_id": 14, "score": "unoffered", "created_at": "2025-01-01T10:00:00Z"},
        {"id": 5, "ticket_id": 15, "score": "4", "created_at": "2025-01-01T10:00:00Z"},
    )
    outcome = take_text(folder, text)
    assert (outcome.layout, outcome.counts.dropped) == ("zendesk-satisfaction", 1)
    assert rows(folder, "surveys", "survey_id", "score", "scale_max", "sent_at", "answered_at", "contact_id") == [
        ("1", 1.0, 1.0, "01-01 10:00", "01-02 10:00", "11"),
        ("2", 0.0, 1.0, "01-01 10:00", "01-01 10:00", "12"),
        ("3", None, None, "01-01 10:00", None, "13"),
        ("5", 4.0, 5.0, "01-01 10:00", "01-01 10:00", "15"),
    ]


def test_freshdesk_tickets(folder: Path) -> None:
    """ "First response time (in hrs)" is hh:mm:ss of business hours, and the hours may pass 24."""
    text = export(
        FRESHDESK,
        {
            "Ticket ID": 1, "Status": "Closed", "Source": "Portal", "Agent": "No Agent",
            "Created time": "2025-07-01 10:00:00",
            "Initial response time": "2025-07-02 10:00:00", "Resolved time": "2025-07-03 10:00:00",
            "First response time (in hrs)": "30:10:00", "Agent interactions": 2,
        },
        {"Ticket ID": 2, "Status": "waiting on customer", "Source": "Outbound Email",
         "Created time": "2025-07-01 10:00"},
        {"Ticket ID": 3, "Status": "Open", "Source": "Phone", "Created time": "2025-07-01 10:00:00", "Type": "Refund"},
    )  # fmt: skip
    assert take_text(folder, text).layout == "freshdesk-tickets"
    assert rows(
        folder, "contacts", "contact_id", "channel", "direction", "status", "first_human_reply_at", "resolved_at",
        "first_reply_business_s", "first_reply_s", "reason", "agent_key",
    ) == [
        ("1", "web", "inbound", "closed", "07-02 08:00", "07-03 08:00", 108_600.0, None, None, None),
        ("2", "email", "outbound", "pending", None, None, None, None, None, None),
        ("3", "phone", "inbound", "open", None, None, None, None, "refund", None),
    ]  # fmt: skip


@pytest.mark.long
def test_gorgias_tickets(folder: Path) -> None:
    """A first response of 0 s with no agent message is no reply; the score fills a survey."""
    day = {"Creation date": "2025-01-10 10:00:00"}
    text = export(
        GORGIAS,
        {
            **day, "Ticket id": 1, "Initial channel": "instagram-direct-message", "Created by an agent": "False",
            "Closed date": "2025-01-10 11:00:00", "Survey score": 4, "Survey replied date": "2025-01-11 10:00:00",
            "First response time (s)": 60, "Resolution time (s)": 3600, "Number of agent messages": 1,
            "Ticket Field: AI Intent": "Shipping::Order Status::Delayed", "Tags": "vip, spam",
        },
        {
            **day, "Ticket id": 2, "Initial channel": "email", "Created by an agent": "True",
            "First response time (s)": 0, "Resolution time (s)": 0, "Number of agent messages": 0,
        },
        {**day, "Ticket id": 3, "Initial channel": "phone", "Created by an agent": "True"},
    )  # fmt: skip
    assert take_text(folder, text).layout == "gorgias-tickets"
    assert rows(
        folder, "contacts", "contact_id", "channel", "direction", "status", "first_reply_s", "resolution_s", "reason",
        "spam",
    ) == [
        ("1", "social", "inbound", "closed", 60.0, 3600.0, "wismo", True),
        ("2", "email", "outbound", "open", None, None, None, None),
        ("3", "phone", "inbound", "open", None, None, None, None),
    ]  # fmt: skip
    assert rows(folder, "surveys", "survey_id", "kind", "score", "scale_max", "answered_at") == [
        ("ticket:1", "csat", 4.0, 5.0, "01-11 09:00")
    ]


def test_intercom_conversations(folder: Path) -> None:
    """The zone stands in the header: 10:00 in New York in January is 15:00 UTC."""
    start = "Conversation started at (America/New_York)"
    text = export(
        INTERCOM,
        {
            "Conversation ID": 1, start: "2025-01-10 10:00:00", "Updated at (America/New_York)": "2025-01-11 10:00:00",
            "Started by": "Customer", "Channel": "Messenger", "Current conversation state": "closed",
            "Conversation rating": 5, "Fin AI Agent involved": "true", "First response time (seconds)": 90,
            "AI Topic": "Shipping", "AI Subtopic": "Where is my order",
        },
        {"Conversation ID": 2, start: "2025-01-10 10:00:00", "Conversation source": "Auto message", "Channel": "email"},
        {"Conversation ID": 3, start: "2025-01-10 10:00:00", "Started by": "Admin", "Channel": "Carrier pigeon"},
    )  # fmt: skip
    assert take_text(folder, text).layout == "intercom-conversations"
    assert rows(
        folder, "contacts", "contact_id", "created_at", "channel", "direction", "status", "first_reply_s",
        "bot_involved", "reason",
    ) == [
        ("1", "01-10 15:00", "chat", "inbound", "closed", 90.0, True, "wismo"),
        ("2", "01-10 15:00", "email", "outbound", None, None, None, None),
        ("3", "01-10 15:00", "other", "outbound", None, None, None, None),
    ]  # fmt: skip
    assert rows(folder, "surveys", "survey_id", "score", "answered_at") == [("conversation:1", 5.0, "01-11 15:00")]


def test_genesys_interactions(folder: Path) -> None:
    """Plain numbers are milliseconds; somebody answered when there was talk, whatever Duration says."""
    call = {"Media Type": "voice", "Direction": "Inbound", "Queue": "SAV; Back office", "Full Export Completed": "YES"}
    text = export(
        GENESYS,
        {
            **call, "Conversation ID": "a", "Date": "6/23/25 07:00 AM", "ANI": "tel:+33612345678", "Duration": 90000,
            "Total Queue": 12500, "Total IVR": 0, "Total Talk": "1m 10s", "Time to Abandon": 0, "Transfers": 1,
            "Wrap-up": "Default Wrap-up Code; Where is my order",
        },
        {**call, "Conversation ID": "b", "Date": "6/23/25 12:30 PM", "Duration": 40000,
         "Time to Abandon": 9000, "Total Talk": 0},
    )  # fmt: skip
    assert take_text(folder, text).layout == "genesys-interactions"
    french = {**call, "Conversation ID": "c", "Date": "23/06/25 19:00", "Direction": "Outbound", "Total Handle": 5000}
    take_text(folder, export(GENESYS, french), "french.csv")
    assert rows(
        folder, "contacts", "contact_id", "created_at", "direction", "queue", "wait_s", "talk_s", "queued", "answered",
        "abandoned", "transfers", "reason",
    ) == [
        ("a", "06-23 05:00", "inbound", "SAV", 12.5, 70.0, True, True, False, 1, "wismo"),
        ("b", "06-23 10:30", "inbound", "SAV", None, 0.0, True, False, True, 0, None),
        ("c", "06-23 17:00", "outbound", "SAV", None, None, None, True, None, 0, None),
    ]  # fmt: skip


@pytest.mark.long
def test_genesys_interactions_in_spanish(folder: Path) -> None:
    call = {"Dirección": "Entrante", "Cola": "Atención", "Fecha": "23/06/25 09:00", "ANI": "+33612345678"}
    text = export(
        GENESYS_ES,
        {**call, "Total de cola": 20000, "IVR total": 5000, "Conversación total": "2m 5s", "Usuarios": "Agent 1"},
        {**call, "Total de cola": 8000, "IVR total": 5000, "Conversación total": 0, "Tiempo en abandonar": 8000},
        {**call, "Total de cola": 8000, "Dirección": "Saliente", "Manejo total": 1000},
        delimiter=";",
    )
    outcome = take_text(folder, text)
    assert (outcome.layout, outcome.delimiter) == ("genesys-interactions-es", ";")
    found = rows(folder, "contacts", "wait_s", "created_at", "ivr_s", "talk_s", "answered", "abandoned", "channel")
    assert found[-1] == (20.0, "06-23 07:00", 5.0, 125.0, True, None, "phone")
    assert held(folder, "SELECT count(*), count(DISTINCT contact_id) FROM contacts") == [(3, 3)]
    assert held(folder, "SELECT count(*) FROM contacts WHERE abandoned") == [(1,)]


@pytest.mark.long
def test_aircall_calls(folder: Path) -> None:
    """Only the caller's own hang-up in the queue is abandoned; the IVR is no queue."""
    call = {
        "line": "SAV",
        "datetime (utc)": "2025-01-10 09:00:00",
        "direction": "inbound",
        "customer number": "33612345678",
    }
    text = export(
        AIRCALL,
        {
            **call, "call id": "a", "answered": "Yes", "duration (total)": 213, "duration (in call)": 198,
            "waiting time": "00:00:15", "time to answer": "00:00:04", "time in ivr": "00:00:11",
        },
        {**call, "call id": "b", "answered": "No", "missed_call_reason": "abandoned_in_classic",
         "waiting time": "00:01:00", "time in ivr": "00:00:20"},
        {**call, "call id": "c", "answered": "No", "missed_call_reason": "short_abandoned", "waiting time": "00:00:03"},
        {**call, "call id": "d", "answered": "No", "missed_call_reason": "out_of_opening_hours"},
        {**call, "call id": "e", "answered": "No", "missed_call_reason": "no_available_agent"},
        {**call, "call id": "f", "answered": "Yes", "direction": "outbound"},
    )  # fmt: skip
    assert take_text(folder, text).layout == "aircall-calls"
    assert rows(
        folder, "contacts", "contact_id", "created_at", "wait_s", "talk_s", "queued", "answered", "abandoned",
        "short_abandon", "in_hours",
    ) == [
        ("a", "01-10 09:00", 4.0, 198.0, True, True, False, False, True),
        ("b", "01-10 09:00", 40.0, None, True, False, True, False, True),
        ("c", "01-10 09:00", 3.0, None, True, False, True, True, True),
        ("d", "01-10 09:00", None, None, False, False, False, False, False),
        ("e", "01-10 09:00", None, None, True, False, False, False, True),
        ("f", "01-10 09:00", None, None, None, True, None, None, None),
    ]  # fmt: skip
    assert held(folder, "SELECT count(DISTINCT customer_key) FROM contacts") == [(1,)]


@pytest.mark.long
def test_easiware(folder: Path) -> None:
    text = (
        "reference;date;canal;motif_parent;motif;element_de_qualification\n"
        "E1;01/07/2025 10:00;Téléphone;Livraison;Retard de livraison;\n"
        "E2;31/12/2025 23:30;E-mail;Produit;;104512\n"
        "E3;31/13/2025 10:00;Chat;;;\n"
        "E4;02/07/2025 10:00:30;Minitel;;;\n"
    )
    outcome = take_text(folder, text.encode("cp1252"))
    assert (outcome.layout, outcome.encoding, outcome.counts.rejected) == ("easiware", "cp1252", 1)
    assert rows(folder, "contacts", "contact_id", "created_at", "channel", "reason_raw", "reason") == [
        ("E1", "07-01 08:00", "phone", "Livraison > Retard de livraison", "wismo"),
        ("E2", "12-31 22:30", "email", "Produit", "product"),
        ("E4", "07-02 08:00", "other", None, None),
    ]


@pytest.mark.long
def test_shopify_orders(folder: Path) -> None:
    """Line items fold into their order; the offset of each time is the shop's."""
    first = {"Name": "#1001", "Email": "a@example.com", "Currency": "EUR", "Total": "42.50", "Shipping Country": "FR"}
    text = export(
        SHOPIFY,
        {**first, "Created at": "2026-04-05 21:06:21 +0400", "Lineitem name": "Vase", "Note Attributes": "a: 1\nb: 2"},
        {"Name": "#1001", "Created at": "2026-04-05 21:06:21 +0400", "Lineitem name": "Bowl"},
        {"Name": "#1001", "Created at": "2026-04-05 21:06:21 +0400", "Lineitem name": "Plate"},
        {"Name": "1002", "Total": "1,005", "Created at": "2026-01-01 00:30:00 +0100"},
        {
            "Name": "1003",
            "Total": "0.00",
            "Created at": "2026-01-01 00:30:00 +0100",
            "Cancelled at": "2026-01-02 00:30:00 +0100",
        },
    )
    outcome = take_text(folder, text)
    assert (outcome.layout, outcome.counts.added, outcome.counts.folded, outcome.counts.rejected) == (
        "shopify-orders", 2, 2, 1,
    )  # fmt: skip
    assert rows(folder, "orders", "order_ref", "ordered_at", "cancelled_at", "value::DOUBLE", "n_lines", "country") == [
        ("#1001", "04-05 17:06", None, 42.5, 3, "FR"),
        ("1003", "12-31 23:30", "01-01 23:30", 0.0, 1, None),
    ]
    assert held(folder, "SELECT line, column_name FROM rejects") == [(6, "Total")]
    assert held(folder, "SELECT ordered_on::VARCHAR FROM orders WHERE order_ref = '1003'") == [("2026-01-01",)]


@pytest.mark.long
def test_sendcloud_parcels(folder: Path) -> None:
    """A promised day ends at midnight in the brand's zone (22:00 UTC in summer); returns are left out."""
    day = {"shipped_at": "2025-07-01T10:00:00Z", "carrier_name": "Colissimo", "brand_name": "Maison"}
    text = export(
        SENDCLOUD,
        {**day, "parcel_id": 1, "direction": "outgoing", "order_number": "A1", "expected_delivery_date": "2025-07-03",
         "first_offer_at": "2025-07-03T09:00:00+02:00", "delivered_at": "2025-07-04T09:00:00Z"},
        {**day, "parcel_id": 2, "direction": "incoming", "order_number": "A1"},
        {**day, "parcel_id": 3, "direction": "outgoing", "order_number": "A2", "carrier_name": "",
         "carrier_code": "ups"},
    )  # fmt: skip
    outcome = take_text(folder, text)
    assert (outcome.layout, outcome.counts.dropped) == ("sendcloud-parcels", 1)
    assert rows(
        folder, "parcels", "parcel_id", "carrier", "brand", "promised_on::VARCHAR", "promise_kind", "first_attempt_at",
        "delivered_at",
    ) == [
        ("1", "Colissimo", "Maison", "2025-07-03", "day", "07-03 07:00", "07-04 09:00"),
        ("3", "ups", "Maison", None, None, None, None),
    ]  # fmt: skip
    assert held(folder, "SELECT promised_to::VARCHAR FROM parcels WHERE parcel_id = '1'") == [
        ("2025-07-03 21:59:59.999999",)
    ]


@pytest.mark.long
def test_delighted(folder: Path) -> None:
    text = export(
        DELIGHTED,
        {"Response ID": 1, "Person ID": 7, "Sent At": "2025-01-01T10:00:00Z", "Responded At": "2025-01-02T10:00:00Z",
         "Score": 9, "Survey Type": "nps", "Order Number": "A1", "Brand": "Maison"},
        {"Response ID": 2, "Person ID": 7, "Sent At": "2025-01-01T10:00:00Z", "Survey Type": "nps"},
        {"Response ID": 3, "Person ID": 8, "Responded At": "2025-01-02 10:00:00 UTC", "Score": 4,
         "Survey Type": "Smileys"},
    )  # fmt: skip
    assert take_text(folder, text).layout == "delighted-nps"
    assert rows(
        folder, "surveys", "survey_id", "kind", "score", "scale_min", "scale_max", "sent_at", "answered_at", "order_ref"
    ) == [
        ("1", "nps", 9.0, 0.0, 10.0, "01-01 10:00", "01-02 10:00", "A1"),
        ("2", "nps", None, 0.0, 10.0, "01-01 10:00", None, None),
        ("3", "csat", 4.0, 1.0, 5.0, None, "01-02 10:00", None),
    ]
