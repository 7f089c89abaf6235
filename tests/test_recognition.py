"""A header is recognised by the few names that no other layout shares; a layout is only proposed where it can read."""

import itertools
import json
import re
from pathlib import Path

import pytest

from kpibar.database.schema import KEYS
from kpibar.layouts.errors import LayoutMissesColumns, LayoutTied
from kpibar.layouts.layout import identify, shelf
from kpibar.load.errors import LayoutUnmatched
from kpibar.read.columns import normal
from tests.intake import config, held, take, take_text, write
from tests.support import REPOSITORY
from tests.test_vendors import (
    AIRCALL,
    DELIGHTED,
    FRESHDESK,
    GENESYS,
    GENESYS_ES,
    GORGIAS,
    INTERCOM,
    RATINGS,
    SENDCLOUD,
    SHOPIFY,
    ZENDESK,
)

DAY = "2025-03-01 10:00:00"
LAYOUTS = shelf(None).layouts
HEADERS = {
    "zendesk-tickets": ZENDESK,
    "freshdesk-tickets": FRESHDESK,
    "gorgias-tickets": GORGIAS,
    "intercom-conversations": INTERCOM,
    "genesys-interactions": GENESYS,
    "genesys-interactions-es": GENESYS_ES,
    "aircall-calls": AIRCALL,
    "shopify-orders": SHOPIFY,
    "sendcloud-parcels": SENDCLOUD,
    "delighted-nps": DELIGHTED,
    "zendesk-satisfaction": RATINGS,
    "easiware": "reference,date,canal,motif_parent,motif,element_de_qualification",
}


def name_of(header: str) -> str:
    """The layout of a header of names set apart by commas, "" for none."""
    layout = identify(Path("x.csv"), map(normal, header.split(",")), shelf(None))
    return layout.name if layout else ""


# --- the smallest set that no other layout shares --------------------------------------------------------


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_layout_is_recognised_by_columns_that_another_has(name: str) -> None:
    signature = LAYOUTS[name].signature
    sharing = [other for other in LAYOUTS if other != name and signature <= LAYOUTS[other].vocabulary()]
    assert sharing == []
    assert len(signature) <= 4


@pytest.mark.parametrize("name", HEADERS)
def test_the_headers_of_vendors_have_one_layout_each_with_all_their_columns(name: str) -> None:
    assert name_of(HEADERS[name]) == name


@pytest.mark.parametrize("path", sorted((REPOSITORY / "sample_data").glob("*.csv")), ids=lambda path: path.name)
def test_the_sample_exports_have_one_layout_each(path: Path) -> None:
    first = path.read_bytes().splitlines()[0].decode("utf-8-sig")
    assert name_of(first.replace(";", ","))


@pytest.mark.parametrize("name", HEADERS)
def test_every_column_that_is_not_needed_may_be_missing(name: str) -> None:
    names = HEADERS[name].split(",")
    needed = LAYOUTS[name].signature
    for left_out in names:
        if normal(left_out) not in needed:
            assert name_of(",".join(one for one in names if one != left_out)) == name, left_out
    assert name_of(",".join(one for one in names if normal(one) in needed)) == name


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised_by_what_identifies_a_record(name: str) -> None:
    """A header with the names of `detect` alone can be read: key, date and whatever else the layout needs are there."""
    layout = LAYOUTS[name]
    header = ",".join(dict.fromkeys([*layout.detect, *layout.needs]))
    assert name_of(header) == name
    for key in KEYS[layout.fills].mandatory:
        assert key in layout.select


def variants(header: str) -> list[str]:
    """A header as people and tools write it: capitals, a mark in front, blanks, quotes, another order."""
    names = header.split(",")
    return [
        header.upper(),
        header.lower(),
        "\ufeff" + header,
        ",".join(f"  {name} " for name in names),
        ",".join(f'"{name}"' for name in names),
        ",".join(reversed(names)),
        ",".join(name.replace(" ", "\u00a0") for name in names),
        header + ",Extra,Note interne",
    ]


FRESHDESK_FEW = "Ticket ID,Subject,Status,Priority,Type,Created time,Resolved time,Email"
SHOPIFY_FEW = "Name,Financial Status,Total,Created at,Lineitem quantity"
ZENDESK_FEW = "Id,Status,Via,Created at,Solved at,Requester email"


@pytest.mark.long
@pytest.mark.parametrize("few", [FRESHDESK_FEW, SHOPIFY_FEW, ZENDESK_FEW], ids=["freshdesk", "shopify", "zendesk"])
def test_a_header_with_few_columns_is_recognised_however_it_is_written(folder: Path, few: str) -> None:
    cells = dict.fromkeys(few.split(","), "") | {
        "Ticket ID": "7", "Id": "7", "Name": "#7", "Status": "Open", "Via": "Mail", "Created time": DAY,
        "Created at": DAY, "Financial Status": "paid", "Total": "12.50", "Lineitem quantity": "1",
    }  # fmt: skip
    record = [cells[name] for name in few.split(",")]
    for number, header in enumerate(variants(few)):
        place = folder / str(number)
        place.mkdir()
        line = list(reversed(record)) if header.split(",")[-1] == few.split(",")[0] else list(record)
        line += ["", ""] if header.endswith("interne") else []
        assert take_text(place, f"{header}\n{','.join(line)}\n").counts.added == 1, header


@pytest.mark.long
def test_a_column_twice_is_refused_only_where_it_is_read(folder: Path) -> None:
    header = ZENDESK_FEW + ",Organization,Organization"
    assert take_text(folder, f"{header}\n7,Open,Mail,{DAY},,,a,b\n").counts.added == 1
    path = write(folder, "twice.csv", f"{ZENDESK_FEW},Status\n8,Open,Mail,{DAY},,,Closed\n")
    assert 'two columns are called "Status"' in str(take(folder, path)[0].error)


# --- two layouts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("zendesk-tickets", "shopify-orders"),
        ("kpibar-orders", "kpibar-parcels"),
        ("freshdesk-tickets", "delighted-nps"),
    ],
)
def test_a_header_of_two_layouts_is_refused_with_both_names(folder: Path, first: str, second: str) -> None:
    names = list(dict.fromkeys([*LAYOUTS[first].detect, *LAYOUTS[second].detect]))
    path = write(folder, "x.csv", ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    error = take(folder, path)[0].error
    assert isinstance(error, LayoutTied)
    assert first in str(error) and second in str(error)


def test_no_two_built_in_layouts_are_known_by_names_of_which_one_set_holds_the_other() -> None:
    for one, other in itertools.permutations(LAYOUTS.values(), 2):
        assert not one.signature <= other.signature


# --- what is proposed ------------------------------------------------------------------------------------


def rows(header: str, *cells: str, count: int = 30) -> str:
    return header + "\n" + "".join(",".join(cells) + "\n" for _ in range(count))


FOREIGN = {
    "issues": rows(
        "assignee,created,reporter,resolutiondate,summary,id,key", "a", DAY, "b", "", "Question", "1", "C-1"
    ),
    "people": rows("id,email,created_at,updated_at,status,tags", "1", "c@example.org", DAY, DAY, "active", ""),
    "products": rows("Id,Name,Created at,Updated at,Vendor,Tags", "1", "Pull", DAY, DAY, "X", ""),
    "explore": rows("Ticket ID,Ticket channel,Ticket created - Timestamp,Tickets", "1", "Web", DAY, "1"),
    "shifts": rows("date,agent,queue,start,end", "2025-03-01", "A", "08:00", "16:00"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_no_layout_is_proposed_for_the_export_of_another_tool(folder: Path, name: str) -> None:
    error = take(folder, write(folder, "x.csv", FOREIGN[name]))[0].error
    assert error is not None
    assert "try --layout" not in str(error) and "layouts" in str(error)


@pytest.mark.long
def test_no_layout_of_ratings_is_proposed_for_tickets_and_none_reads_them(folder: Path) -> None:
    tickets = [
        {"id": n, "requester_id": 7, "created_at": DAY, "updated_at": DAY, "status": 2, "subject": "x", "tags": []}
        for n in range(30)
    ]
    path = write(folder, "tickets.json", json.dumps(tickets))
    error = take(folder, path)[0].error
    assert isinstance(error, LayoutUnmatched) and "try --layout" not in str(error)
    for name in ("zendesk-satisfaction", "delighted-nps", "kpibar-surveys"):
        error = take(folder, path, layout=name)[0].error
        assert isinstance(error, LayoutMissesColumns), name
    assert held(folder, "SELECT count(*) FROM surveys") == [(0,)]


PROPOSED = {
    "kpibar-contacts": rows("contact_id,created_at,medium", "1", DAY, "email"),
    "gorgias-tickets": rows("Ticket id,Creation date,First channel,Closed date", "1", DAY, "email", DAY),
    "zendesk-tickets": rows("Id,Created at,Solved at,Group stations,Replies,Status", "1", DAY, DAY, "1", "1", "Closed"),
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", PROPOSED)
def test_what_is_proposed_can_be_done(folder: Path, name: str) -> None:
    path = write(folder, "x.csv", PROPOSED[name])
    assert f"try --layout {name}" in str(take(folder, path)[0].error)
    assert take(folder, path, layout=name)[0].error is None


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("kpibar-contacts", DAY, "last week"),
        ("gorgias-tickets", DAY, "soon"),
        ("zendesk-tickets", DAY, "31/31/2025"),
    ],
)
def test_a_layout_that_rejects_the_records_is_not_proposed(folder: Path, name: str, good: str, bad: str) -> None:
    path = write(folder, "x.csv", PROPOSED[name].replace(good, bad))
    assert "try --layout" not in str(take(folder, path)[0].error)


# --- what nothing reads ----------------------------------------------------------------------------------


UNREAD = [
    ("Motif de la demande [list]", "reason_raw", "Retard", "text"),
    ("Motivo do Contato [list]", "reason_raw", "Atraso", "text"),
    ("Anfragegrund [list]", "reason_raw", "Lieferung", "text"),
    ("Customer e-mail [txt]", "customer_key", "c@example.org", "pii"),
    ("N° commande client", "order_ref", "CB1", "text"),
]


@pytest.mark.long
def test_a_filled_column_that_nothing_reads_is_named_with_the_line_that_maps_it(folder: Path) -> None:
    header = ",".join(["Id", "Via", "Created at", *(name for name, *_ in UNREAD), "Priority", "Motif vide [list]"])
    text = rows(header, "1", "Mail", DAY, *(cell for _, _, cell, _ in UNREAD), "Low", "", count=1)
    remarks = {about: n for code, about, n in held_remarks(folder, text)}
    for name, column, _, helper in UNREAD:
        line = f"write below [layouts.zendesk-tickets]: {column} = '{helper}(\"{name}\")'"
        assert any(line in about and n == 1 for about, n in remarks.items()), name
    assert len(remarks) == len(UNREAD)


def held_remarks(folder: Path, text: str) -> list[tuple[str, str, int]]:
    """The remarks on columns that nothing reads."""
    take_text(folder, text)
    return held(folder, "SELECT code, about, records FROM remarks WHERE code = 'column_unread'")


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["Motif de l'appel", "Motif de l’appel", 'Motif "appel" d\'un client', "Motif 'appel'"]
)
def test_the_line_that_maps_a_column_is_toml_that_reads_it(folder: Path, name: str) -> None:
    """Pasted into kpibar.toml, it fills the reason of the one record."""
    quoted = '"' + name.replace('"', '""') + '"'
    text = rows(f"Id,Via,Created at,{quoted}", "1", "Mail", DAY, "Retard de livraison", count=1)
    ((_, about, _),) = held_remarks(folder, text)
    table, line = re.fullmatch(r".* write below (\[layouts\.[a-z-]+\]): (.*)", about).groups()  # type: ignore[union-attr]
    (folder / "test.duckdb").unlink()
    settings = config(folder, f'timezone = "Europe/Paris"\n{table}\n{line}\n')
    assert take(folder, write(folder, "again.csv", text), settings=settings)[0].error is None
    assert held(folder, "SELECT reason_raw FROM contacts") == [("Retard de livraison",)]


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "columns",
    [
        {"Contact reason [list]": "Delivery", "Motif interne": "x"},
        {"Ticket type": "Question", "Reason count": "2", "Agent e-mail": "a@example.org"},
        {"Order date": DAY, "Motif": ""},
    ],
)
def test_what_is_read_already_empty_or_something_else_is_not_named(folder: Path, columns: dict[str, str]) -> None:
    text = rows(",".join(["Id", "Via", "Created at", *columns]), "1", "Mail", DAY, *columns.values(), count=1)
    assert held_remarks(folder, text) == []
