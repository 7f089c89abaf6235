"""The table of costs: how it is read, corrected and removed, and the prices that `kpibar wismo` takes from it."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpibar.answers import wismo
from kpibar.answers.spending import expenses
from kpibar.config import load
from kpibar.database.store import open_store
from kpibar.kpis.estimates import Window
from kpibar.measure.barometer import open_current
from kpibar.render.answers.wismo import wismo_json, wismo_text
from kpibar.render.terminal import Screen
from tests.intake import column, config, held, take_text, write
from tests.support import ingest_tables, kpibar, settings

HEADER = "month,channel,amount,currency\n"
WISMO, BILL = "Où est ma commande", "Facture"


def contacts(*rows: tuple[str, str, int, str]) -> str:
    """An export of contacts: the day, the channel, how many, and about what; a brand may follow the channel."""
    lines, number = [], 0
    for day, channel, count, reason in rows:
        name, _, brand = channel.partition("/")
        for _ in range(count):
            number += 1
            lines.append(f"{number},{day} 10:00:00,{name},inbound,no,{brand},{reason}\n")
    return "contact_id,created_at,channel,direction,spam,brand,reason_raw\n" + "".join(lines)


# By telephone 4 contacts in January, 2 in February and 4 in March, of which 3 are WISMO; a spam and an outbound call
# are none. One e-mail and two chats are WISMO.
CONTACTS = contacts(
    ("2025-01-02", "phone", 1, WISMO), ("2025-01-20", "phone", 3, BILL), ("2025-02-10", "phone", 2, WISMO),
    ("2025-03-10", "phone", 4, BILL), ("2025-01-10", "email", 1, WISMO), ("2025-02-11", "chat", 2, WISMO),
) + f"s,2025-01-21 10:00:00,phone,inbound,yes,,{BILL}\no,2025-01-21 10:00:00,phone,outbound,no,,{BILL}\n"  # fmt: skip
COSTS = HEADER + "2025-01,phone,20.00,EUR\n2025-02,phone,16.00,EUR\n"
SETTINGS = "[costs]\nphone = 5\nemail = 3\n"
AS_OF = datetime(2025, 12, 31, 12)


def found(folder: Path, brand: str | None = None) -> dict[str, Any]:
    """The costs of the answer, as JSON."""
    used = load(folder / "kpibar.toml")
    with open_current(folder / "test.duckdb", used) as store:
        costs: dict[str, Any] = json.loads(wismo_json(wismo.answer(store, used, 2025, brand)))["costs"]
    return costs


def text(folder: Path, lang: str = "en") -> str:
    """The answer as text."""
    used = load(folder / "kpibar.toml")
    with open_current(folder / "test.duckdb", used) as store:
        return wismo_text(wismo.answer(store, used, 2025), lang, Screen(None))


def made(folder: Path, costs: str, exports: str = CONTACTS, toml: str = "", as_of: datetime | None = AS_OF) -> None:
    """A database of contacts and costs."""
    ingest_tables(folder, {"contacts.csv": exports, "costs.csv": costs}, settings(folder, toml), as_of)


def prices(costs: dict[str, Any]) -> dict[str, tuple[float | None, str | None]]:
    return {entry["channel"]: (entry["each"], entry["price_source"]) for entry in costs["channels"]}


def spent(costs: dict[str, Any], channel: str = "phone") -> dict[str, Any]:
    """What the table has of a channel."""
    (entry,) = [entry for entry in costs["sources"]["table"] if entry["channel"] == channel]
    return dict(entry)


# The price


def test_a_price_is_the_amounts_over_all_contacts_of_their_months(folder: Path) -> None:
    """36 EUR for the 4 calls of January and 2 of February: 6 for a call; the 4 of March have no amount.

    3 calls about WISMO cost 18, the e-mail 3 by the settings, the chats are unknown: at least 21.
    """
    made(folder, COSTS, toml=SETTINGS)
    costs = found(folder)
    assert prices(costs) == {"phone": (6.0, "table"), "email": (3.0, "settings"), "chat": (None, None)}
    assert (costs["amount"], costs["amount_is_least"], costs["currency"]) == (21.0, True, "EUR")
    phone = spent(costs)
    assert (phone["amount"], phone["contacts"], phone["months"], phone["used"]) == (36.0, 6, 2, True)
    assert set(phone["months_left_out"].values()) == {0} and costs["sources"]["months"] == 12
    assert costs["sources"]["settings"] == [
        {"channel": "phone", "each": 5.0, "used": False}, {"channel": "email", "each": 3.0, "used": True},
    ]  # fmt: skip
    page, page_fr = text(folder), text(folder, "fr")
    assert "In all at least 21.00\u00a0EUR: no price for Chat, 2 contacts." in page
    assert (
        "Price of Phone: from the table of costs, 36.00\u00a0EUR spent for 6 contacts, of whatever reason; "
        "amounts for 2 of 12 months. kpibar.toml states 5.00\u00a0EUR, which is not used."
    ) in page
    assert "Prices from kpibar.toml: E-mail." in page
    assert (
        "En tout au moins 21,00\u00a0EUR\u00a0: pas de prix pour" in page_fr
        and "montants pour 2 mois sur 12" in page_fr
    )


def test_without_settings_the_table_alone_has_prices(folder: Path) -> None:
    made(folder, COSTS + "2025-01,email,3.00,EUR\n2025-02,chat,5.00,EUR\n")
    costs = found(folder)
    assert prices(costs) == {"phone": (6.0, "table"), "email": (3.0, "table"), "chat": (2.5, "table")}
    assert (costs["amount"], costs["amount_is_least"]) == (3 * 6 + 3 + 2 * 2.5, False)
    page = text(folder)
    assert "at least" not in page and "kpibar.toml" not in page


def test_without_either_both_ways_are_named(folder: Path) -> None:
    ingest_tables(folder, {"contacts.csv": CONTACTS}, settings(folder), AS_OF)
    assert "kpibar layouts kpibar-costs" in text(folder) and "[costs]" in text(folder)
    assert (found(folder)["amount"], found(folder)["amount_is_least"]) == (None, False)


def test_currencies_are_not_added_up(folder: Path) -> None:
    """With two in the table its amounts are not used, and the settings hold."""
    made(folder, COSTS + "2025-01,email,3.00,GBP\n", toml=SETTINGS)
    assert prices(found(folder)) == {"phone": (5.0, "settings"), "email": (3.0, "settings"), "chat": (None, None)}
    assert found(folder)["sources"]["table_currencies"] == ["EUR", "GBP"] and not spent(found(folder))["used"]
    assert "in several currencies (EUR, GBP), which are not added up: none of them is used" in text(folder)


def test_settings_in_another_currency_are_not_added_to_the_table(folder: Path) -> None:
    made(folder, COSTS.replace("EUR", "CHF"), toml=SETTINGS)
    costs = found(folder)
    assert costs["currency"] == "CHF"
    assert prices(costs) == {"phone": (6.0, "table"), "email": (None, None), "chat": (None, None)}
    assert "in EUR, the table of costs in CHF: they are not added up" in text(folder)


# Months that are left out


@pytest.mark.parametrize(
    ("rows", "as_of", "gap", "words"),
    [
        # The exports tell of the contacts until 15 March.
        ("2025-03,phone,99,EUR\n", datetime(2025, 3, 15), "not_over", "do not reach the end of the month"),
        ("2025-06,phone,99,EUR\n", AS_OF, "no_contacts", "no contact of the month is held"),
        ("2025-03,phone,99,\n", AS_OF, "no_currency", "their currency is not known"),
    ],
)
def test_a_month_that_tells_no_price_is_left_out_in_words(
    folder: Path, rows: str, as_of: datetime, gap: str, words: str
) -> None:
    """The others hold: a call is 6 still."""
    made(folder, COSTS + rows, as_of=as_of)
    costs = found(folder)
    assert prices(costs)["phone"] == (6.0, "table")
    assert spent(costs)["months_left_out"][gap] == 1
    assert words in text(folder)


def test_an_export_that_begins_within_a_month_tells_no_price_of_it(folder: Path) -> None:
    """Of calls held from 20 January on January has none; February has 8 for 2."""
    exports = contacts(("2025-01-20", "phone", 3, BILL), ("2025-02-10", "phone", 2, WISMO))
    made(folder, HEADER + "2025-01,phone,30,EUR\n2025-02,phone,8,EUR\n", exports)
    phone = spent(found(folder))
    assert (phone["each"], phone["months"], phone["months_left_out"]["begun_before"]) == (4.0, 1, 1)
    assert "begin after the month has begun (months: 1)" in text(folder)


# Brands


OF_BRANDS = contacts(
    ("2025-01-02", "phone/Lou", 4, WISMO), ("2025-01-03", "phone/Zoé", 2, WISMO), ("2025-02-03", "phone/Lou", 2, BILL),
    ("2025-02-03", "phone/Zoé", 2, BILL),
)  # fmt: skip


def test_an_amount_of_a_brand_is_for_its_contacts(folder: Path) -> None:
    """20 for 4 calls of Lou; of Zoé nothing is known. In February 12 for the 4 calls of both.

    All in all 32 for 8 calls. Of Lou alone (20 + 12) would mix two things: January is 20 / 4, and February 12 / 4, the
    price of both: together 32 for 8 calls.
    """
    header = "month,channel,amount,currency,brand\n"
    made(folder, header + "2025-01,phone,20,EUR,Lou\n2025-02,phone,12,EUR,\n", OF_BRANDS)
    assert spent(found(folder))["each"] == pytest.approx((20 + 12) / (4 + 4))
    assert spent(found(folder, "Lou"))["each"] == pytest.approx((20 + 12) / (4 + 4))
    # Of Zoé January has no amount.
    assert (spent(found(folder, "Zoé"))["each"], spent(found(folder, "Zoé"))["months"]) == (12 / 4, 1)


def test_a_month_with_amounts_of_a_brand_and_of_all_has_no_price_of_a_brand(folder: Path) -> None:
    """All in all 20 + 10 for 6 calls."""
    header = "month,channel,amount,currency,brand\n"
    made(folder, header + "2025-01,phone,20,EUR,Lou\n2025-01,phone,10,EUR,\n", OF_BRANDS)
    assert spent(found(folder))["each"] == pytest.approx(30 / 6)
    lou = spent(found(folder, "lou"))
    assert (lou["each"], lou["months_left_out"]["of_several_brands"]) == (None, 1)


# Reading


def test_rejects_say_what_was_expected(folder: Path) -> None:
    rows = {
        "2025-13,phone,1,EUR": "is not a month such as 2025-03, 03/2025 or its first day, 1990 to 2099",
        "2025-03-15,phone,1,EUR": "is not a month such as",
        "1899-01,phone,1,EUR": "is not a month such as",
        "2025-03,fax,1,EUR": "is none of phone, email, chat, messaging,",
        "2025-04,phone,-1,EUR": "its amount is negative: expected what was spent",
        "2025-05,phone,much,EUR": "is not an amount with decimals after a point",
        "2025-06,phone,,EUR": "its month, its channel or its amount is empty",
        "2025-07,,1,EUR": "its month, its channel or its amount is empty",
        ",phone,1,EUR": "its month, its channel or its amount is empty",
    }
    outcome = take_text(folder, HEADER + "".join(f"{row}\n" for row in rows) + "2025-08,phone,0,EUR\n")
    assert (outcome.counts.added, outcome.counts.rejected) == (1, len(rows))
    reasons = column(folder, "SELECT reason FROM rejects ORDER BY line")
    assert [words in reason for words, reason in zip(rows.values(), reasons, strict=True)] == [True] * len(rows)
    assert column(folder, "SELECT count(*) FROM unknown_values") == [0]


def test_every_notation_of_a_month_is_that_month() -> None:
    """Of all months from 1990 to 2099."""
    days = [date(year, month, 1) for year in range(1990, 2100) for month in range(1, 13)]
    for form in ("%Y-%m", "%m/%Y", "%Y-%m-01", "%B %Y"):
        assert months([day.strftime(form) for day in days]) == [day.strftime("%Y-%m") for day in days]


def test_notations_of_a_month() -> None:
    cells = {
        "2025-3": "2025-03", "2025/03": "2025-03", "03.2025": "2025-03", "mars 2025": "2025-03",
        "Févr. 2025": "2025-02",
        "2025-03-01 00:00:00": "2025-03", "2025-03-01T00:00:00": "2025-03", "März 2025": "2025-03",
        # Not read: a year that may be a day, an order nobody stated, other days.
        "mars-25": None, "01/03/2025": None, "2025-03-02": None, "2025-03-01 10:00:00": None, "2025": None,
        "2025-00": None, "03/25": None, "3": None,
    }  # fmt: skip
    assert dict(zip(cells, months(list(cells)), strict=True)) == cells
    assert months(["01/03/2025", "1/3/2025", "03/01/2025"], "dmy") == ["2025-03", "2025-03", None]
    assert months(["01/03/2025", "03/01/2025"], "mdy") == [None, "2025-03"]


def months(cells: list[str], date_order: str | None = None) -> list[str | None]:
    """What a layout makes of the cells of a month."""
    import duckdb

    from kpibar.values.timestamps import month

    with duckdb.connect() as database:
        rows = database.execute(
            f"SELECT {month('cell', date_order)} FROM (SELECT unnest(?) AS cell)", [cells]
        ).fetchall()
    return [row[0] for row in rows]


def test_a_later_table_corrects_the_months_it_names(folder: Path) -> None:
    """A correction of January alone is no older export than that of both months; the channel may be said otherwise."""
    take_text(folder, COSTS, name="costs.csv")
    outcome = take_text(folder, HEADER + "janvier 2025,téléphone,21.50,€\n", name="correction.csv")
    assert (outcome.counts.added, outcome.counts.updated) == (0, 1)
    rows = held(folder, "SELECT month, begins_on, channel, amount, currency FROM costs ORDER BY month")
    assert rows == [
        ("2025-01", date(2025, 1, 1), "phone", Decimal("21.50"), "EUR"),
        ("2025-02", date(2025, 2, 1), "phone", Decimal("16.00"), "EUR"),
    ]


def test_many_corrections_are_no_other_account(folder: Path) -> None:
    """Every amount and currency of a year may be corrected at once."""
    rows = [f"2025-{month:02},phone,{{}},{{}}\n" for month in range(1, 13)]
    take_text(folder, HEADER + "".join(row.format(100, "EUR") for row in rows), name="a.csv")
    outcome = take_text(folder, HEADER + "".join(row.format(250, "CHF") for row in rows), name="b.csv")
    assert outcome.counts.updated == 12 and outcome.remarks == ()


def test_a_table_of_costs_tells_of_no_day_of_contacts(folder: Path) -> None:
    """Amounts of December do not make a year complete whose contacts end in March, whatever is stated of the table."""
    config(folder)
    take_text(folder, CONTACTS, name="contacts.csv", as_of=datetime(2025, 3, 31, 12))
    take_text(folder, HEADER + "2025-12,phone,5,EUR\n", name="costs.csv", as_of=datetime(2026, 1, 31))
    settings(folder)
    used = load(folder / "kpibar.toml")
    with open_current(folder / "test.duckdb", used) as store:
        edition = wismo.answer(store, used).edition
    assert (edition.year, edition.complete, edition.window.end) == (2025, False, date(2025, 3, 31))


def test_the_command_line(folder: Path) -> None:
    """From the exports to the price, and back: status, check, removal, purge."""
    settings(folder, SETTINGS)
    write(folder, "contacts.csv", CONTACTS)
    write(folder, "costs.csv", COSTS + "2025-03,phone,-1,EUR\n")
    layouts = kpibar("layouts", folder=folder)
    assert "kpibar-costs" in layouts.stdout
    exports = kpibar("ingest", "contacts.csv", "costs.csv", "--as-of", "2025-12-31", folder=folder)
    assert exports.returncode == 0 and "costs: 3 read = 2 added" in exports.stdout + exports.stderr, exports.stderr
    assert "its amount is negative" in kpibar("rejects", folder=folder).stdout
    status = kpibar("status", folder=folder)
    assert "costs" in status.stdout, status.stdout
    assert kpibar("check", folder=folder).returncode == 0
    answer = json.loads(kpibar("wismo", "--json", folder=folder).stdout)
    assert spent(answer["costs"])["each"] == 6.0
    removal = kpibar("remove", "costs.csv", "--yes", folder=folder)
    assert removal.returncode == 0, removal.stderr
    answer = json.loads(kpibar("wismo", "--json", folder=folder).stdout)
    assert answer["costs"]["sources"]["table"] == [] and prices(answer["costs"])["phone"] == (5.0, "settings")
    assert kpibar("check", folder=folder).returncode == 0


# Whatever was spent

CHANNELS = ("phone", "email")
AMOUNTS = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(CHANNELS), st.sampled_from(("", "Lou")), st.integers(0, 10_000)),
    max_size=12, unique_by=lambda row: row[:3],
)  # fmt: skip


def test_prices_of_all_contacts_add_up_to_what_was_spent(folder: Path) -> None:
    """Where a channel has an amount each month, its price times its contacts is what was spent; hundredths are kept."""
    exports = contacts(*((f"2025-{month:02}-03", "phone", month, BILL) for month in range(1, 13)))
    made(
        folder,
        HEADER + "".join(f"2025-{month:02},phone,{month * 7}.{month:02},EUR\n" for month in range(1, 13)),
        exports,
    )
    phone = spent(found(folder))
    amount = sum(month * 7 + month / 100 for month in range(1, 13))
    assert (phone["contacts"], phone["months"]) == (78, 12)
    assert phone["amount"] == pytest.approx(amount) and phone["each"] * 78 == pytest.approx(amount)


@pytest.mark.long
def test_no_month_is_both_used_and_left_out(folder: Path) -> None:
    """Whatever amounts there are, each month of a channel that has one is used or left out for one reason."""
    exports = contacts(
        ("2025-01-02", "phone", 3, BILL), ("2025-04-02", "phone/Lou", 2, BILL), ("2025-05-03", "email", 1, BILL)
    )
    made(folder, HEADER + "2024-01,phone,1,EUR\n", exports)
    window = Window(date(2025, 1, 1), date(2025, 12, 31))
    with open_store(folder / "test.duckdb", write=True) as store:

        @given(rows=AMOUNTS, brand=st.sampled_from((None, "Lou")))
        def judge(rows: list[tuple[int, str, str, int]], brand: str | None) -> None:
            store.engine.run("BEGIN")
            try:
                for month, channel, name, amount in rows:
                    values = [f"2025-{month:02}", date(2025, month, 1), channel, name or None, amount]
                    store.engine.run(
                        "INSERT INTO costs SELECT 1, 's', m, d, d, c, b, a, 'EUR', NULL "
                        "FROM (SELECT ?::VARCHAR AS m, ?::DATE AS d, ?::VARCHAR AS c, ?::VARCHAR AS b, ? AS a)",
                        values,
                    )
                answers = expenses(store.engine, window, brand)
                months_by_channel: dict[str, set[int]] = {}
                for month, channel, name, _ in rows:
                    if brand is None or name in ("", brand):
                        months_by_channel.setdefault(channel, set()).add(month)
                assert {name: entry.months + sum(entry.gaps.values()) for name, entry in answers.items()} == {
                    name: len(months) for name, months in months_by_channel.items()
                }
                assert all((entry.per_contact is None) == (entry.months == 0) for entry in answers.values())
            finally:
                store.engine.run("ROLLBACK")

        judge()
