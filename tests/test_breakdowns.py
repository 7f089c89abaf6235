"""Every breakdown of every KPI sums to its total, numerators and denominators, in JSON, CSV and on the terminal."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kpibar.kpis.catalogue import DIMENSIONS
from kpibar.measure.report import BY, Barometer, Request
from kpibar.render.document import document
from kpibar.render.terminal import Screen, render
from kpibar.render.tidy import to_csv
from tests.support import AS_OF, computed, ingest_tables, report, row, settings

NOW = "2026-02-15T12:00:00Z"
DIMENSIONS_ASKED = [by for by in BY if by != "month"]

# Contacts of each kind of unknown: no channel, brand, country, reason, customer, order; an order without a carrier
# (O2), without a country or brand (O3), known from its parcel only (P9), or in no file (X1).
CONTACTS = """\
contact_id,created_at,channel,brand,country,reason_raw,order_ref,\
customer,queued,answered,abandoned,wait_s,first_reply_s,resolution_s,status,reopens,transfers
1,2025-03-03 10:00:00,email,A,FR,wismo,O1,c1,,,,,60,600,solved,0,0
2,2025-03-04 10:00:00,,A,FR,,O1,c1,,,,,,,open,,
3,2025-03-05 10:00:00,phone,,,refund,O2,c2,true,true,false,12,,,,,1
4,2025-03-06 10:00:00,phone,B,,,,c3,true,false,true,,,,,,0
5,2025-03-07 10:00:00,chat,,BE,wismo,,,,,,,30,,solved,1,
6,2025-03-08 10:00:00,,,,,,,,,,,90,900,,,
7,2025-03-09 10:00:00,email,A,FR,wismo,P9,,,,,,45,450,solved,0,0
8,2025-03-10 10:00:00,email,C,FR,other,X1,c4,,,,,,,open,0,0
9,2025-03-11 10:00:00,email,A,FR,invoice,O3,c5,,,,,50,,solved,0,0
10,2024-03-11 10:00:00,email,,,,,,,,,,50,50,solved,0,0
"""
ORDERS = """\
order_ref,ordered_at,brand,country,customer
O1,2025-03-01 10:00:00,A,FR,c1
O2,2025-03-01 11:00:00,A,,c2
O3,2025-03-01 12:00:00,,,c5
O4,2025-03-01 13:00:00,B,BE,
O5,2025-04-01 13:00:00,,FR,
"""
PARCELS = """\
parcel_id,order_ref,carrier,promised_from,promised_to,promise_kind,delivered_at,attempts,country,brand
p1,O1,GLS,2025-03-03 08:00:00,2025-03-03 20:00:00,slot,2025-03-04 10:00:00,1,FR,A
p2,O2,,,2025-03-03 20:00:00,day,2025-03-03 10:00:00,,,A
p3,O3,DPD,,2025-03-03 20:00:00,day,,2,,
p4,O4,GLS,,,,2025-03-09 10:00:00,1,BE,B
p9,P9,,,2025-03-08 20:00:00,day,2025-03-09 10:00:00,1,,
"""
SURVEYS = """\
survey_id,kind,scale_min,scale_max,score,sent_at,answered_at,contact_id,channel,brand,country
s1,csat,1,5,5,2025-03-04 10:00:00,2025-03-04 11:00:00,1,,,
s2,csat,1,5,2,2025-03-04 10:00:00,2025-03-04 11:00:00,,,,
s3,csat,1,5,,2025-03-04 10:00:00,,,chat,B,
s4,nps,0,10,10,2025-03-04 10:00:00,2025-03-04 11:00:00,,,A,FR
s5,nps,0,10,3,2025-03-04 10:00:00,2025-03-04 11:00:00,4,,,
s6,nps,0,10,,2024-03-04 10:00:00,,,,,
"""
INVENTED = {"c.csv": CONTACTS, "o.csv": ORDERS, "p.csv": PARCELS, "s.csv": SURVEYS}
# A KPI of each kind, over columns that may be unknown.
OWN_KPIS = """
agents = true
[kpis.waits]
title = { en = "Wait" }
kind = "mean"
from = "contacts"
date = "created_on"
value = "wait_s"
unit = "seconds"
[kpis.by_team]
title = { en = "Teams" }
kind = "mix"
from = "contacts"
date = "created_on"
over = "team"
unit = "share"
[kpis.gap]
title = { en = "Solved less open" }
kind = "net"
from = "contacts"
date = "created_on"
hit = "solved"
against = "NOT solved"
unit = "points"
[kpis.solved_count]
title = { en = "Solved" }
kind = "count"
from = "contacts"
date = "created_on"
where = "counted AND solved"
unit = "count"
[kpis.solved_part]
title = { en = "Solved per contact" }
kind = "ratio"
numerator = "solved_count"
denominator = "contacts"
unit = "per_100"
"""


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Barometer]:
    """The barometer of the invented set by a dimension, computed once; "A" is by carrier, of brand A."""
    folder = tmp_path_factory.mktemp("invented")
    config = settings(folder, OWN_KPIS)
    ingest_tables(folder, INVENTED, config, AS_OF)
    asked = {by: Request(year=2025, by=(by,)) for by in BY} | {"A": Request(year=2025, by=("carrier",), brand="A")}
    return cache(lambda name: report(folder, config, asked[name]))


def sums(kpi: dict[str, Any], found: list[dict[str, Any]], where: object, *, shared: bool) -> None:
    """The parts of segments or months sum to those of the KPI; of a shared base only the numerators do."""
    if kpi["estimator"] == "mix":
        assert sum(one["numerator"] or 0 for one in found) == (kpi["denominator"] or 0), where
        return
    for part in ("numerator", "denominator"):
        whole = kpi[part]
        if shared and part == "denominator":
            assert {one[part] for one in found} <= {whole}, where
        elif whole is None:
            assert not any(one[part] for one in found), where
        else:
            assert sum(one[part] or 0 for one in found) == pytest.approx(whole, abs=1e-5), where


def checked(found: Barometer, by: str) -> list[str]:
    """Check every KPI of a report of one dimension; the ids of those broken down."""
    made = document(found, NOW)
    broken_down = []
    for kpi in made["kpis"]:
        shared = any(note["code"] == "base_whole" for note in kpi["notes"])
        if by == "month":
            # What is open at the end of a month is open at the end of the next one too.
            if kpi["estimator"] not in ("mix", "stock", "stock_age"):
                sums(kpi, kpi["series"], (kpi["id"], by), shared=False)
            continue
        for breakdown in kpi["breakdowns"]:
            before = {**kpi["previous"], "estimator": kpi["estimator"]}
            sums(kpi, breakdown["segments"], (kpi["id"], by), shared=shared)
            sums(before, [one["previous"] for one in breakdown["segments"]], (kpi["id"], by, "before"), shared=shared)
            broken_down.append(kpi["id"])
        # Of no records there is nothing to break down.
        if kpi["status"] != "not_available" and kpi["value"] != 0 and not kpi["breakdowns"]:
            assert "no_breakdown" in [note["code"] for note in kpi["notes"]], (kpi["id"], by)
    return broken_down


@pytest.mark.sample(4)
@pytest.mark.parametrize("by", [*BY, "A"])
def test_every_breakdown_with_every_kind_of_unknown_sums_to_its_total(
    invented: Callable[[str], Barometer], by: str
) -> None:
    broken_down = checked(invented(by), by)
    assert by == "month" or len(broken_down) >= 10


@pytest.mark.sample(3)
@pytest.mark.parametrize("by", DIMENSIONS_ASKED)
def test_the_csv_sums_to_the_total_too(invented: Callable[[str], Barometer], by: str) -> None:
    found = invented(by)
    lines = [line for line in csv.DictReader(io.StringIO(to_csv(found))) if line["period"] == "2025"]
    for one in found.rows:
        own = [line for line in lines if line["kpi"] == one.kpi.id and line["dimension"] == by]
        if own and one.kpi.kind in ("rate", "count", "net", "mean"):
            whole = next(line for line in lines if line["kpi"] == one.kpi.id and line["dimension"] == "all")
            for part in ("numerator", "denominator"):
                assert sum(float(line[part] or 0) for line in own) == pytest.approx(float(whole[part] or 0)), one.kpi.id


def parts(found: Barometer, kpi: str) -> dict[str, tuple[float | None, float | None]]:
    return {one.key: (one.now.numerator, one.now.denominator) for one in row(found, kpi).segments}


def test_contacts_about_no_order_and_of_no_carrier_are_two_rows(invented: Callable[[str], Barometer]) -> None:
    """9 contacts over 5 orders. 1, 2: O1, GLS. 9: O3, DPD. 3: O2, 7: P9, no carrier said. 4, 5, 6, 8: no order.

    Orders: O1, O4 GLS, O3 DPD; O2 and O5 have no carrier.
    """
    found = invented("carrier")
    expected = {"GLS": (2, 2), "DPD": (1, 1), "?": (2, 2), "?no_order": (4, 0)}
    assert parts(found, "contact_rate") == expected
    assert {key: count for key, (count, _) in parts(found, "contacts").items()} == {
        key: count for key, (count, _) in expected.items()
    }
    notes = [(note.code, note.values) for note in row(found, "contact_rate").notes]
    assert ("no_order", {"rows": 4}) in notes
    text = render(found, "en", Screen())
    assert "no order" in text and "unknown" in text
    assert "Contacts about no order, in the total but in no carrier’s rate: Contacts per 100 orders 4" in text
    assert "aucune commande" in render(found, "fr", Screen())


@pytest.mark.parametrize(("by", "unknown"), [("reason", 3), ("channel", 2)])
def test_a_base_that_the_dimension_does_not_divide_is_shared(
    invented: Callable[[str], Barometer], by: str, unknown: int
) -> None:
    """Orders have neither reason nor channel: each row is over all 5, and the unknown have a row."""
    found = invented(by)
    made = parts(found, "contact_rate")
    assert made["?"] == (unknown, 5)
    assert sum(count or 0 for count, _ in made.values()) == 9
    assert "base_whole" in [note.code for note in row(found, "contact_rate").notes]
    assert "Each row is divided by the whole base" in render(found, "en", Screen())


def test_a_month_of_contacts_without_orders_keeps_its_contacts(tmp_path: Path) -> None:
    """Contacts all year, orders in the first half: the months of the second have contacts and no rate."""
    contacts = "".join(f"{m}-{d},2025-{m:02}-{d:02} 10:00:00,email\n" for m in range(1, 13) for d in range(1, 21))
    orders = "".join(f"{m}-{d},2025-{m:02}-{d:02} 10:00:00\n" for m in (*range(1, 6), 12) for d in range(1, 21))
    exports = {"c.csv": "contact_id,created_at,channel\n" + contacts, "o.csv": "order_ref,ordered_at\n" + orders}
    found = row(computed(tmp_path, exports, request=Request(year=2025)), "contact_rate")
    assert (found.now.numerator, found.now.denominator) == (240, 120)
    months = {month.month: (one.numerator, one.denominator, one.value) for month, one in found.series}
    assert months[5] == (20, 20, 1.0)
    assert months[8] == (20, None, None)
    assert sum(one[0] or 0 for one in months.values()) == 240


# Breakdowns of all kinds by all dimensions


OVER = ("team", "queue", "status", "lang", "linked_by", "answered", "coalesce(team, queue)")


@pytest.mark.long
def test_a_mix_over_any_column_prints_its_shares(tmp_path: Path) -> None:
    """3 contacts, 2 of one value and one unknown: 2/3 and 1/3. A flag is a value too; nobody is linked to an order."""
    more = "".join(
        f'[kpis.own_{place}]\ntitle = {{ en = "Mix of {over}" }}\nkind = "mix"\nfrom = "contacts"\n'
        f'date = "created_on"\nover = "{over}"\nunit = "share"\n'
        for place, over in enumerate(OVER)
    )
    contacts = """
    | contact_id | created_at          | channel | team | queue | status | lang | answered | queued |
    | 1          | 2025-03-03 10:00:00 | phone   | T1   | Q1    | open   | fr   | true     | true   |
    | 2          | 2025-03-04 10:00:00 | phone   | T1   | Q1    | open   | fr   | true     | true   |
    | 3          | 2025-03-05 10:00:00 | phone   |      |       |        |      |          |        |
    """
    found = computed(tmp_path, {"c.csv": contacts}, more)
    text = render(found, "en", Screen())
    for place, over in enumerate(OVER):
        made = sorted(count or 0 for count, _ in parts(found, f"own_{place}").values())
        assert made == ([3] if over == "linked_by" else [1, 2]), over
        assert f"Mix of {over}" in text
    assert text.count("66.7%") == len(OVER) - 1


@pytest.mark.sample(3)
@pytest.mark.parametrize("by", BY)
def test_every_kpi_by_every_dimension_prints_or_says_why_not(invented: Callable[[str], Barometer], by: str) -> None:
    for one in invented(by).rows:
        text = render(replace(invented(by), rows=(one,)), "en", Screen())
        name = one.kpi.title["en"]
        said = f"no breakdown of {name}" in text or f"Not available: {name}" in text
        assert f"{name} — " in text or said, text


def test_every_fact_table_has_dimensions() -> None:
    assert all(set(BY) >= names for names in DIMENSIONS.values())


# Years without contacts and orders

CONTACTS_2024 = "contact_id,created_at,channel\n" + "".join(
    f"{day},2024-03-{day:02} 10:00:00,email\n" for day in range(1, 29)
)
SURVEYS_2025 = "survey_id,kind,score,answered_at\n" + "".join(
    f"{day},nps,10,2025-03-{day:02} 10:00:00\n" for day in range(1, 29)
)
# A year of its own for each table: the KPI that counts its rows, its head and its line for a day.
ONE_TABLE = {
    2018: ("nps", "survey_id,kind,score,answered_at", "{d},nps,10,2018-03-{d:02} 10:00:00"),
    2019: ("response_rate", "survey_id,kind,score,sent_at", "i{d},csat,,2019-03-{d:02} 10:00:00"),
    2020: ("orders_placed", "order_ref,ordered_at", "o{d},2020-03-{d:02} 10:00:00"),
    2021: (
        "late_share",
        "parcel_id,order_ref,promised_to,delivered_at",
        "p{d},p{d},2021-03-{d:02} 20:00:00,2021-03-{d:02} 10:00:00",
    ),
    2022: (
        "first_attempt",
        "parcel_id,order_ref,promised_to,first_attempt_at,delivered_at",
        "a{d},a{d},,2022-03-{d:02} 09:00:00,2022-03-{d:02} 10:00:00",
    ),
    2023: (
        "answer_rate",
        "contact_id,created_at,channel,queued,answered",
        "c{d},2023-03-{d:02} 10:00:00,phone,true,true",
    ),
}


@pytest.mark.long
def test_a_year_of_one_table_is_reported(tmp_path: Path) -> None:
    """28 rows of one table in each of six years; contacts in the seventh."""
    exports = {
        f"{year}.csv": "\n".join([head, *(line.format(d=day) for day in range(1, 29))]) + "\n"
        for year, (_, head, line) in ONE_TABLE.items()
    }
    config = settings(tmp_path)
    ingest_tables(tmp_path, {**exports, "c.csv": CONTACTS_2024}, config, AS_OF)
    for year, (kpi, _, _) in ONE_TABLE.items():
        found = report(tmp_path, config, Request(year=year))
        assert row(found, kpi).now.base == 28, year
        assert row(found, "contacts").status == ("ok" if year == 2023 else "not_available")


@pytest.mark.long
def test_a_year_of_deliveries_without_promise_or_attempt_is_no_empty_database(tmp_path: Path) -> None:
    parcels = "parcel_id,order_ref,promised_to,delivered_at\n" + "".join(
        f"{d},{d},,2025-03-{d:02} 10:00:00\n" for d in range(1, 29)
    )
    assert computed(tmp_path, {"p.csv": parcels}).edition.year == 2025


@pytest.mark.long
def test_the_report_names_a_later_year_that_has_surveys_alone(tmp_path: Path) -> None:
    found = computed(tmp_path, {"s.csv": SURVEYS_2025, "c.csv": CONTACTS_2024})
    assert (found.edition.year, [note.code for note in found.notes]) == (2024, ["other_year"])
    assert "--year 2025" in render(found, "en", Screen())


@pytest.mark.long
def test_answers_of_january_are_no_year_of_their_own(tmp_path: Path) -> None:
    surveys = "survey_id,kind,score,answered_at\n1,nps,10,2025-01-20 10:00:00\n"
    found = computed(tmp_path, {"s.csv": surveys, "c.csv": CONTACTS_2024})
    assert (found.edition.year, found.edition.other_year) == (2024, None)
