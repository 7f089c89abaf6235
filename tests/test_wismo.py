"""`kpibar wismo`: a table worked out by hand, what is not known, masks, costs, brands and screens."""

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from kpibar.answers import wismo
from kpibar.answers.ranking import SegmentExcess, rank
from kpibar.config import ChannelCosts, load
from kpibar.database.schema import WORDS
from kpibar.errors import ConfigInvalid
from kpibar.kpis.attribution import Estimate
from kpibar.load.outcome import Outcome
from kpibar.measure.barometer import open_current
from kpibar.measure.report import Request
from kpibar.render.answers.wismo import wismo_json, wismo_text
from kpibar.render.messages import messages
from kpibar.render.terminal import Screen
from tests.intake import write
from tests.support import REPOSITORY, ingest_tables, kpibar, report, row, settings

# Promised for the 10 March. Chronos: C1 comes ten hours late and C2 thirty, C3 to C6 on time. Relais: R1 never comes,
# and none is on time. X1 was cancelled, D1 delivered on an unknown day, Y1 is promised eleven days before the exports.
ORDERS = """
| order_ref | ordered_at          | customer | cancelled_at        |
| 90001     | 2025-03-05 09:00:00 | c1@x.fr  |                     |
| 90002     | 2025-03-05 09:00:00 | c2@x.fr  |                     |
| 90003     | 2025-03-05 09:00:00 | c3@x.fr  |                     |
| 90004     | 2025-03-05 09:00:00 | c4@x.fr  |                     |
| 90005     | 2025-03-05 09:00:00 | c5@x.fr  |                     |
| 90006     | 2025-03-05 09:00:00 | c6@x.fr  |                     |
| 90007     | 2025-03-05 09:00:00 | r1@x.fr  |                     |
| 90008     | 2025-03-05 09:00:00 | x1@x.fr  | 2025-03-06 09:00:00 |
| 90009     | 2025-03-05 09:00:00 | d1@x.fr  |                     |
| 90010     | 2025-12-15 09:00:00 | y1@x.fr  |                     |
| 90011     | 2025-03-05 09:00:00 | n1@x.fr  |                     |
"""
PARCELS = """
| parcel_id | order_ref | carrier | mode  | promised_to | delivered_at        | status    |
| P1        | 90001     | Chronos | home  | 2025-03-10  | 2025-03-11 10:00:00 |           |
| P2        | 90002     | Chronos | home  | 2025-03-10  | 2025-03-12 06:00:00 |           |
| P3        | 90003     | Chronos | home  | 2025-03-10  | 2025-03-10 12:00:00 |           |
| P4        | 90004     | Chronos | home  | 2025-03-10  | 2025-03-10 12:00:00 |           |
| P5        | 90005     | Chronos | home  | 2025-03-10  | 2025-03-10 12:00:00 |           |
| P6        | 90006     | Chronos | home  | 2025-03-10  | 2025-03-10 12:00:00 |           |
| P7        | 90007     | Relais  | relay | 2025-03-10  |                     |           |
| P8        | 90008     | Chronos | home  | 2025-03-10  |                     |           |
| P9        | 90009     | Chronos | home  | 2025-03-10  |                     | delivered |
| P10       | 90010     | Chronos | home  | 2025-12-20  | 2025-12-22 12:00:00 |           |
"""
# After the promise: 2 about C1, 3 about R1 (one known by its customer), 1 about C3. Before: 1 about C1, 1 about C4.
# Twenty days after it: 1 about C2, which is not followed so long. Two of nobody, one about an order without a parcel.
CONTACTS = """
| contact_id | created_at          | channel | customer | order_ref | reason_raw         |
| w1         | 2025-03-08 10:00:00 | email   | c1@x.fr  | 90001     | Où est ma commande |
| w2         | 2025-03-11 08:00:00 | phone   | c1@x.fr  | 90001     | Où est ma commande |
| w3         | 2025-03-11 11:00:00 | email   | c1@x.fr  | 90001     | Où est ma commande |
| w4         | 2025-03-12 10:00:00 | email   | r1@x.fr  | 90007     | Où est ma commande |
| w5         | 2025-03-13 10:00:00 | chat    | r1@x.fr  | 90007     | Où est ma commande |
| w6         | 2025-03-14 10:00:00 | phone   | r1@x.fr  |           | Où est ma commande |
| w7         | 2025-03-13 10:00:00 | email   | c3@x.fr  | 90003     | Où est ma commande |
| w8         | 2025-03-07 10:00:00 | chat    | c4@x.fr  | 90004     | Où est ma commande |
| w9         | 2025-03-30 10:00:00 | phone   | c2@x.fr  | 90002     | Où est ma commande |
| u1         | 2025-03-12 10:00:00 | phone   |          |           | Où est ma commande |
| u2         | 2025-03-12 11:00:00 | chat    |          |           | Où est ma commande |
| n1         | 2025-03-12 10:00:00 | email   | n1@x.fr  | 90011     | Où est ma commande |
| o1         | 2025-03-12 10:00:00 | email   | c2@x.fr  | 90002     | Facture            |
| q1         | 2025-02-01 10:00:00 | email   |          |           |                    |
"""
NOTICES = """
| notice_id | order_ref | kind    | channel | sent_at             |
| N1        | 90003     | shipped | email   | 2025-03-06 09:00:00 |
| N2        | 90001     | delay   | email   | 2025-03-11 09:00:00 |
| N3        | 90007     | slot    | email   | 2025-03-07 09:00:00 |
| N4        | 90007     | slot    | email   | 2025-03-14 09:00:00 |
"""
COSTS = "[costs]\nphone = 4\nemail = 3\n[costs.2025]\nphone = 5\n"
AS_OF = datetime(2025, 12, 31, 12)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the tables; nobody writes to it."""
    folder = tmp_path_factory.mktemp("shop")
    exports = {"orders.csv": ORDERS, "parcels.csv": PARCELS, "contacts.csv": CONTACTS, "notices.csv": NOTICES}
    ingest_tables(folder, exports, settings(folder, COSTS), AS_OF)
    return folder


def answer(folder: Path, brand: str | None = None, config: Path | None = None) -> dict[str, Any]:
    """The answer as JSON, which the command line prints of it."""
    settings = load(config or folder / "kpibar.toml")
    with open_current(folder / "test.duckdb", settings) as store:
        found: dict[str, Any] = json.loads(wismo_json(wismo.answer(store, settings, brand=brand)))
    return found


@pytest.fixture(scope="module")
def found(shop: Path) -> dict[str, Any]:
    """The answer about the tables."""
    return answer(shop)


def text(folder: Path, lang: str = "en", width: int | None = None, config: Path | None = None) -> str:
    """The answer as text."""
    settings = load(config or folder / "kpibar.toml")
    with open_current(folder / "test.duckdb", settings) as store:
        return wismo_text(wismo.answer(store, settings), lang, Screen(width))


def test_the_command_line(shop: Path, found: dict[str, Any]) -> None:
    """It prints the answer as text and as JSON."""
    page = kpibar("wismo", "--db", "test.duckdb", "--year", "2025", "--lang", "fr", folder=shop)
    assert (page.returncode, page.stdout, page.stderr) == (0, text(shop, "fr"), "")
    document = kpibar("wismo", "--db", "test.duckdb", "--json", folder=shop)
    assert (document.returncode, json.loads(document.stdout)) == (0, found)
    assert (found["schema"], found["schema_version"], found["year"]) == ("kpibar.wismo", "1.0", 2025)


def test_when_customers_ask(found: dict[str, Any]) -> None:
    """w3, w7 and w9 came after the delivery; w2 and those about R1 before it; u1, u2 have no order, n1 no promise."""
    stages = {stage["stage"]: (stage["contacts"], stage["share_of_known"]["value"]) for stage in found["stages"]}
    assert found["contacts"] == 12
    assert stages == {
        "before_promise_ends": (2, pytest.approx(2 / 9)),
        "after_promise": (4, pytest.approx(4 / 9)),
        "after_delivery": (3, pytest.approx(3 / 9)),
    }
    assert found["stage_not_known"] == {"no_order": 2, "no_promise": 1, "delivery_unknown": 0}
    assert found["contacts_without_reason"] == 1


def test_the_stages_are_those_of_the_report(shop: Path, found: dict[str, Any]) -> None:
    now = row(report(shop, load(shop / "kpibar.toml"), Request(kpis=("wismo_late",))), "wismo_late").now
    stage = found["stages"][1]["share_of_known"]
    assert (stage["value"], stage["ci_low"], stage["ci_high"]) == (now.value, now.low, now.high)


def test_orders_that_are_judged(found: dict[str, Any]) -> None:
    assert found["orders"] == {"in_base": 7, "too_young": 1, "not_judged": 1, "not_observed": 0}
    assert {row["class"]: (row["orders"], row["part"]) for row in found["lateness"]} == {
        "on_time": (4, 1),
        "up_to_24_h": (1, 1),
        "up_to_2_d": (1, 0),
        "up_to_4_d": (0, None),
        "up_to_7_d": (0, None),
        "over_7_d": (0, None),
        "not_there": (1, 1),
    }


def test_what_late_orders_have_beyond(found: dict[str, Any]) -> None:
    """At Chronos 4 orders on time have 1 contact: 1/4 for each of C1, C2 and R1, of whose carrier none was on time.

    5 contacts after the promise, less 3/4; all in all there are 8 about the seven orders.
    """
    beyond = found["attribution"]
    assert (beyond["orders_late"], beyond["orders_on_time"]) == (3, 4)
    assert (beyond["contacts_late"], beyond["contacts_on_time"], beyond["contacts_of_all_orders"]) == (5, 1, 8)
    assert beyond["expected"] == pytest.approx(0.75)
    assert beyond["excess"]["value"] == pytest.approx(4.25)
    assert beyond["share"]["value"] == pytest.approx(4.25 / 8)
    assert beyond["ratio"]["value"] == pytest.approx(5 / 0.75)
    assert beyond["late_orders_beside_coarser_stratum"] == 1
    assert beyond["excess"]["bound_low"] < 5 - 3 * 3 / 4 and beyond["excess"]["bound_high"] > 7 - 0.75
    assert found["linking"] == {
        "contacts_without_order": 2,
        "late": {"contacts": 6, "by_number": 5},
        "on_time": {"contacts": 2, "by_number": 2},
    }


def test_carriers_and_modes(found: dict[str, Any]) -> None:
    assert [
        (row["name"], row["late"]["part"], row["late"]["orders"], row["contacts_per_late_order"], row["status"])
        for row in found["carrier"]
    ] == [("Chronos", 2, 6, 1.0, "ok"), ("Relais", 1, 1, 3.0, "low_base")]
    assert found["carrier"][0]["excess"]["value"] == pytest.approx(2 - 2 / 4)
    assert [row["name"] for row in found["mode"]] == ["home", "relay"]


def test_costs(shop: Path, found: dict[str, Any]) -> None:
    """2025 has its own cost of a call. Chats have none: 3 of 12 contacts. Beyond: w2, w3, w4, w6, less 3/4 of w7."""
    costs = found["costs"]
    assert [(row["channel"], row["contacts"], row["amount"]) for row in costs["channels"]] == [
        ("email", 5, 15.0), ("phone", 4, 20.0), ("chat", 3, None),
    ]  # fmt: skip
    assert (costs["amount"], costs["contacts_of_known_cost"], costs["contacts"]) == (35.0, 9, 12)
    assert costs["avoidable"]["value"] == pytest.approx(5 + 3 + 3 + 5 - 3 * 3 / 4)
    assert costs["avoidable_contacts_of_known_cost"] == pytest.approx(4 - 3 / 4)
    assert costs["contacts_without_order_of_unknown_cost"] == 1
    page = text(shop)
    assert "Cost of 9 of 12 contacts known" in page and "Chat" in page


def test_notices_that_came_first(found: dict[str, Any]) -> None:
    """N2 came before w3 and after w2; the second slot of R1, before w6, may be that of another parcel."""
    notices = found["notices"]
    assert (notices["notices"], notices["notices_of_delay"]) == (4, 1)
    counts = [notices[name] for name in ("contacts_about_late_orders", "contacts_known", "contacts_after_notice")]
    assert counts == [5, 5, 1]
    assert notices["share"] == pytest.approx(0.2)


def test_the_sentence(shop: Path, found: dict[str, Any]) -> None:
    page = text(shop)
    assert found["attribution"]["excess"]["ci_low"] > 0
    assert "Orders that came late have 4 more linked WISMO contacts" in page
    assert "it is not proven that lateness is the cause" in page


def test_the_bases_lead_from_one_to_the_other(shop: Path, found: dict[str, Any]) -> None:
    """12 contacts; u1 and u2 have no order, n1 no promise, w9 came twenty days after it: 8 about the orders judged."""
    steps = found["reconciliation"]
    assert (steps["contacts"], steps["about_orders_judged"]) == (12, 8)
    assert steps["left_out"] == {"no_order": 2, "no_promise": 1, "other_orders": 0, "too_late": 1}
    assert steps["added"] == {"other_year": 0, "other_brand": 0}
    assert found["attribution"]["contacts_of_all_orders"] == 8
    assert (
        "12 WISMO contacts of 2025 − 2 linked to none = 10 linked to an order − 1 without a promise = 9 about an order "
        "with a promise − 1 made over 14 days after the promise = 8 about the orders judged." in text(shop)
    )


@pytest.mark.parametrize(
    ("excesses", "rivals"),
    [
        # Half widths 6 and 8: 10 together, less than 11. With two others at 97.5 %: 1.144 times as much, 11.4.
        ([(61, 55, 67), (50, 42, 58)], []),
        ([(61, 55, 67), (50, 42, 58), (10, 9, 11)], ["B"]),
        ([(60, 54, 66), (55, 42, 68)], ["B"]),
        ([(60, -1, 121), (5, 4, 6)], None),
        ([(60, 54, 66)], None),
    ],
)
def test_the_worst_is_named_where_it_can_be_told(
    excesses: list[tuple[float, float, float]], rivals: list[str] | None
) -> None:
    standings = [SegmentExcess(name, Estimate(*ends), 100) for name, ends in zip("ABC", excesses, strict=False)]
    ranking = rank(standings[::-1], 0.95)
    assert (ranking and [rival.name for rival in ranking.rivals]) == rivals
    assert ranking is None or ranking.first.name == "A"


def test_a_difference_that_may_be_chance(folder: Path) -> None:
    """One contact about one of three late orders, one about one of four on time."""
    names = ("contact_id", "q1", "w2", "w7")
    lines = [line for line in CONTACTS.splitlines() if line.startswith(tuple(f"| {name} " for name in names))]
    exports = {"orders.csv": ORDERS, "parcels.csv": PARCELS, "contacts.csv": "\n".join(lines)}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    assert "do not clearly have more linked WISMO contacts" in text(folder)


def test_bases_of_few_are_masked(shop: Path, folder: Path) -> None:
    """Under thirty nothing but counts of orders and contacts is shown."""
    path = write(folder, "masks.toml", 'timezone = "Europe/Paris"\n' + COSTS)
    found = answer(shop, config=path)
    assert found["attribution"]["absence"] == "few_late_orders"
    assert found["attribution"]["excess"]["value"] is None and found["costs"]["avoidable"]["value"] is None
    assert {row["status"] for row in found["lateness"] if row["orders"]} == {"low_base"}
    assert all(row["part"] is None and row["share"] is None for row in found["lateness"])
    assert found["carrier"][0]["late"]["share"] is None and found["carrier"][0]["contacts_per_late_order"] is None
    assert found["notices"]["contacts_after_notice"] is None and found["notices"]["status"] == "low_base"
    assert all(stage["share_of_known"]["value"] is None for stage in found["stages"])
    page = text(shop, "fr", config=path)
    assert "Moins de 30 commandes promises en 2025 sont arrivées en retard" in page


def test_contacts_alone(folder: Path) -> None:
    """Without orders, parcels and notices everything but the count is unknown, and said to be."""
    ingest_tables(folder, {"contacts.csv": CONTACTS}, settings(folder), AS_OF)
    found = answer(folder)
    assert found["attribution"]["absence"] == "no_orders" and found["carrier"] == [] and found["mode"] == []
    assert found["stage_not_known"] == {"no_order": 12, "no_promise": 0, "delivery_unknown": 0}
    assert found["costs"]["amount"] is None and found["costs"]["contacts_of_known_cost"] == 0
    page = text(folder)
    assert "no order promised in 2025 can be judged" in page
    assert "What a contact costs is not stated" in page and "no notices are held" in page


def test_orders_alone(folder: Path) -> None:
    """No contact can be seen of any order: none is of the base."""
    ingest_tables(folder, {"orders.csv": ORDERS, "parcels.csv": PARCELS}, settings(folder), AS_OF)
    found = answer(folder)
    assert found["orders"] == {"in_base": 0, "too_young": 0, "not_judged": 0, "not_observed": 9}
    assert found["contacts"] == 0 and found["stages"][0]["share_of_all"] is None
    assert "Of 9 no contact could be seen" in text(folder)


def test_a_brand(folder: Path) -> None:
    """Orders of a brand without contacts are not in the base; a contact of no brand may be of any."""
    orders = "order_ref,ordered_at,brand\n1001,2025-03-01,Lou\n1002,2025-03-01,Lou\n2001,2025-03-01,Zoé\n"
    parcels = (
        "parcel_id,order_ref,brand,carrier,promised_to,delivered_at\n"
        "1,1001,Lou,A,2025-03-05,2025-03-07 10:00:00\n2,1002,Lou,A,2025-03-05,2025-03-04 10:00:00\n"
        "3,2001,Zoé,A,2025-03-05,2025-03-04 10:00:00\n"
    )
    contacts = (
        "contact_id,created_at,channel,brand,order_ref,reason_raw\n"
        "a,2025-03-01 10:00:00,email,Lou,,Facture\nb,2025-03-06 10:00:00,email,Lou,1001,Où est ma commande\n"
    )
    exports = {"orders.csv": orders, "parcels.csv": parcels, "contacts.csv": contacts}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    assert answer(folder)["orders"] == {"in_base": 2, "too_young": 0, "not_judged": 0, "not_observed": 1}
    lou = answer(folder, "lou")
    assert (lou["brand"], lou["contacts"], lou["attribution"]["excess"]["value"]) == ("Lou", 1, 1.0)
    assert answer(folder, "Zoé")["orders"]["not_observed"] == 1
    unknown = kpibar("wismo", "--db", "test.duckdb", "--brand", "Max", folder=folder)
    assert unknown.returncode and "Max" in unknown.stderr and "Traceback" not in unknown.stderr
    other_year = kpibar("wismo", "--db", "test.duckdb", "--year", "2019", folder=folder)
    assert other_year.returncode and "2019" in other_year.stderr and "Traceback" not in other_year.stderr


def test_names_that_would_harm_a_terminal(folder: Path) -> None:
    orders = "order_ref,ordered_at\n1001,2025-03-01\n1002,2025-03-01\n"
    name = "=A\x1b[31m[bold]\u202eb'; DROP TABLE orders --"
    parcels = (
        "parcel_id,order_ref,carrier,promised_to,delivered_at\n"
        f'1,1001,"{name}",2025-03-05,2025-03-07 10:00:00\n2,1002,"{name}",2025-03-05,2025-03-04 10:00:00\n'
    )
    contacts = "contact_id,created_at,channel,order_ref,reason_raw\nb,2025-03-01,email,1001,Où est ma commande\n"
    exports = {"orders.csv": orders, "parcels.csv": parcels, "contacts.csv": contacts}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    page = text(folder)
    assert "\x1b" not in page and "\u202e" not in page and "[bold]" in page
    assert [row["late"]["orders"] for row in answer(folder)["carrier"]] == [2]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [80, 100, 140])
def test_screens(shop: Path, lang: str, width: int) -> None:
    page = text(shop, lang, width)
    assert max(cell_len(line) for line in page.splitlines()) <= width
    assert "\n\n\n" not in page


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [60, 80])
def test_no_column_is_lost_on_a_narrow_screen(shop: Path, lang: str, width: int) -> None:
    """Notes speak of every column: whatever stands on a pipe stands on a screen, in a further table if need be."""
    number = re.compile(r"[0-9][0-9.,\u202f%]*")
    pipe, screen = (Counter(number.findall(text(shop, lang, cells))) for cells in (None, width))
    assert pipe <= screen


def test_labels_fit_their_column() -> None:
    """A label of more than 36 cells is folded on a screen."""
    names = ("class_", "before_", "after_", "no_order", "no_promise", "delivery_", "expected", "excess", "ratio",
             "beyond", "when", "how_often")  # fmt: skip
    labels = {key: text for key, texts in messages().items() if key.startswith(tuple(f"wismo_{n}" for n in names))
              for text in texts.values()}  # fmt: skip
    assert labels and not {key: text for key, text in labels.items() if cell_len(text) > 36}


# The costs of the settings


def test_channels_of_costs_are_those_of_contacts() -> None:
    assert tuple(ChannelCosts.model_fields) == WORDS["contacts", "channel"]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[costs]\nfax = 3", '"fax" is neither a channel nor a year: expected currency'),
        ("[costs]\nphone = -1", '"costs.phone": -1 is not what a contact costs: expected a number from 0 to 1000'),
        ("[costs]\nphone = 45000", "45000 is not what a contact costs"),
        ("[costs]\nphone = nan", "nan is not what a contact costs"),
        ("[costs]\nphone = true", "True is not what a contact costs"),
        ('[costs]\nphone = "4,50"', "4,50 is not what a contact costs"),
        ('[costs]\ncurrency = "euros"', "euros is not a currency: expected three capital letters"),
        ("[costs.2024]\nfax = 3", 'in [costs.2024]: "fax" is not a setting; expected one of phone'),
        ("[costs.24]\nphone = 3", '"24" is neither a channel nor a year'),
        ("[costs.years]\nphone = 3", '"years" is neither a channel nor a year'),
    ],
)
def test_costs_that_are_none(folder: Path, toml: str, words: str) -> None:
    with pytest.raises(ConfigInvalid) as refusal:
        load(write(folder, "kpibar.toml", toml))
    assert words in str(refusal.value)


# The sample

# What the generator of the sample has drawn: contacts after the promise about orders on time and late ones, all
# contacts about them, and orders; by the reason that was drawn, linked or not.
TRUTH = """
import sys
from collections import Counter
sys.path.insert(0, "sample_data")
import json, make, truth
from datetime import timedelta
_, world = make.draw_world(make.SEED)
counts = {"orders": [0, 0], "after": [0, 0], "whole": [0, 0]}
def is_of_year(order):
    return order.parcels and not order.cancelled_at and truth.deciding(order).promised_on.year == 2025
for order in world.orders:
    if is_of_year(order):
        counts["orders"][order.late] += 1
for one in truth.approaches(world):
    order = one.contact.order
    if one.contact.reason == "wismo" and order and is_of_year(order):
        end = truth.deciding(order).promise_end
        if one.created_at <= end + timedelta(days=14):
            counts["whole"][order.late] += 1
            counts["after"][order.late] += one.created_at >= end
print(json.dumps(counts))
"""


@pytest.mark.long
def test_the_sample_holds_what_was_planted(sample: tuple[Path, list[Outcome]]) -> None:
    """The share is within its interval, the contacts within their bounds: a part of them is linked to no order."""
    run = subprocess.run([sys.executable, "-c", TRUTH], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    planted = json.loads(run.stdout)
    on_time, late = planted["after"]
    excess = late - planted["orders"][1] * on_time / planted["orders"][0]
    share = excess / sum(planted["whole"])
    found = answer(sample[0], config=REPOSITORY / "sample_data" / "kpibar.toml")["attribution"]
    assert found["excess"]["bound_low"] <= excess <= found["excess"]["bound_high"]
    assert found["share"]["ci_low"] <= share <= found["share"]["ci_high"]
