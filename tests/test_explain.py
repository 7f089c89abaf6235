"""`kpibar explain`: the records of every KPI add up from the ledger to its figure, and its change is told in words."""

import csv
import io
import json
import math
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest

from kpibar.answers.bridge import Bridge, bridges
from kpibar.answers.explain import Explanation, explain, records_of
from kpibar.answers.records import COLUMNS, records
from kpibar.answers.terms import reasons_of, terms
from kpibar.cli.demo import sample_folder
from kpibar.config import Config, Settings, load
from kpibar.database.store import Store, open_store
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.estimates import Measure
from kpibar.kpis.filter import Filter
from kpibar.load.outcome import Outcome
from kpibar.measure.figures import whole
from kpibar.measure.inputs import Inputs, gather
from kpibar.measure.period import find_edition
from kpibar.measure.report import Request
from kpibar.render.answers.explain import explanation_text, records_csv
from kpibar.render.answers.explanation import explanation_json
from kpibar.render.formats import is_report
from kpibar.render.messages import messages
from kpibar.render.terminal import Screen
from tests.support import AS_OF, ingest_tables, kpibar, settings

KPIS = catalogue(Settings()).kpis

CONTACTS = """
| contact_id | created_at       | channel | direction | spam  | merged_into | order_ref | customer | reason_raw       |
| w1         | 2025-03-01 10:00 | email   | inbound   | false |             | 90001     | ann      | Où est mon colis |
| w2         | 2025-03-02 10:00 | email   | inbound   | false |             | 90001     | ann      | Où est mon colis |
| i1         | 2025-03-03 10:00 | phone   | inbound   | false |             |           | bob      | Facture          |
| u1         | 2025-03-04 10:00 | email   |           | false |             |           |          |                  |
| m1         | 2025-03-05 10:00 | email   | inbound   | false | w1          |           | ann      | Facture          |
| s1         | 2025-03-06 10:00 | email   | inbound   | true  |             |           |          |                  |
| o1         | 2025-03-07 10:00 | phone   | outbound  | false |             |           | bob      |                  |
| o2         | 2025-03-07 10:00 | phone   | internal  | true  |             |           | bob      |                  |
| p1         | 2024-03-07 10:00 | phone   | inbound   | false |             |           | bob      | Facture          |
| bad        | soon             | phone   | inbound   | false |             |           | bob      | Facture          |
"""
ORDERS = """
| order_ref | ordered_at          | cancelled_at        |
| 90001     | 2025-03-01 09:00:00 |                     |
| 90002     | 2025-03-02 09:00:00 | 2025-03-03 09:00:00 |
| 90003     | 2025-03-03 09:00:00 |                     |
| @90004    | 2025-03-04 09:00:00 |                     |
"""
PARCELS = """
| parcel_id | order_ref | promised_to | delivered_at        | status    |
| p1        | 90001     | 2025-03-05  | 2025-03-07 12:00:00 | delivered |
| p2        | 90001     | 2025-03-05  | 2025-03-04 12:00:00 | delivered |
| p3        | 90002     | 2025-03-05  |                     | cancelled |
| p4        | 90003     | 2025-03-06  | 2025-03-05 12:00:00 | delivered |
| p5        | 77777     | 2025-03-06  | 2025-03-05 12:00:00 | delivered |
"""


OWN = """
[kpis.mine]
title = { en = "Mine" }
kind = "rate"
from = "contacts"
date = "created_on"
where = "counted AND coalesce(channel, '') = 'email'"
hit = "classified"
unit = "share"
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the contacts, orders and parcels; nobody writes to it."""
    folder = tmp_path_factory.mktemp("world")
    exports = {"contacts.csv": CONTACTS, "orders.csv": ORDERS, "parcels.csv": PARCELS}
    ingest_tables(folder, exports, settings(folder, OWN), AS_OF)
    return folder


def gathered(store: Store, config: Config) -> Inputs:
    """What the figures of all KPIs are computed from."""
    kpis = catalogue(config.settings)
    return gather(store, config.settings.reporting, kpis, kpis.kpis, find_edition(store), Filter(), ())


def assert_adds_up(found: tuple[Bridge, ...], figure: Measure, kpi: Kpi) -> None:
    """Every source and the total add up, from the ledger to the numerator and the denominator of the figure."""
    for bridge in found:
        for tally in (*bridge.sources, bridge.total):
            assert tally.missing_of_ledger == tally.missing_of_figure == 0, (kpi.id, tally)
    if len(found) == 2:
        assert [bridge.total.base for bridge in found] == [figure.numerator, figure.denominator]
        return
    (bridge,) = found
    expected = figure.numerator if figure.denominator is None else figure.denominator
    assert bridge.total.base == (expected or 0), kpi.id
    if bridge.has_hits:
        assert bridge.total.hits - bridge.total.against == (figure.numerator or 0), kpi.id


def assert_lists(rows: list[dict[str, object]], figure: Measure, kpi: Kpi) -> None:
    """The records listed are those of the figure."""
    parts = Counter(row["part"] for row in rows)
    if kpi.operands:
        assert (parts["numerator"], parts["denominator"]) == (figure.numerator, figure.denominator), kpi.id
        return
    assert len(rows) == (figure.numerator if figure.denominator is None else figure.denominator), kpi.id
    numbers = [row["in_numerator"] for row in rows if row["in_numerator"] is not None]
    if numbers and figure.numerator is not None:
        assert sum(map(int, map(str, numbers))) == figure.numerator, kpi.id
    if kpi.spec.estimator == "mean":
        assert sum(float(str(row["value"])) for row in rows) == figure.numerator


@pytest.mark.parametrize("place", [0, pytest.param(1, marks=pytest.mark.long)], ids=["year", "year before"])
def test_every_kpi_of_the_sample_adds_up(sample: tuple[Path, list[Outcome]], place: int) -> None:
    with open_store(sample[0] / "test.duckdb", write=False) as store:
        inputs = gathered(store, load(sample_folder() / "kpibar.toml"))
        for kpi in inputs.catalogue.kpis:
            figure = whole(inputs, kpi, place)
            assert_adds_up(bridges(store, inputs, kpi, place), figure, kpi)
            rows = [dict(zip(COLUMNS, row, strict=True)) for row in records(store, inputs, kpi, place).rows]
            assert_lists(rows, figure, kpi)


def test_every_kpi_of_a_small_world_adds_up(world: Path) -> None:
    with open_store(world / "test.duckdb", write=False) as store:
        inputs = gathered(store, load(world / "kpibar.toml"))
        for kpi in inputs.catalogue.kpis:
            assert_adds_up(bridges(store, inputs, kpi), whole(inputs, kpi, 0), kpi)


def lines(world: Path, kpi: str) -> dict[str, int]:
    """The bridge of a KPI of the world, all sources together, by code; what is nothing is left out."""
    with open_store(world / "test.duckdb", write=False) as store:
        inputs = gathered(store, load(world / "kpibar.toml"))
        (bridge,) = bridges(store, inputs, inputs.catalogue.get(kpi))
    total = bridge.total
    counts = {"read": total.read, **total.fates, "loaded": total.loaded, "joined": total.joined, "labels": total.labels}
    counts |= {reason.code: count for reason, count in zip(bridge.reasons, total.left_out, strict=True) if count}
    counts |= {"base": total.base, "hits": total.hits}
    return {code: count for code, count in counts.items() if count}


def test_contacts_from_the_export_to_the_figure(world: Path) -> None:
    """Of o2, which is spam and internal, the first reason is told."""
    assert lines(world, "reason_coverage") == {
        "read": 10, "rejected": 1, "loaded": 9, "other_days": 1, "merged": 1, "spam": 2, "outbound": 1,
        "base": 4, "hits": 3,
    }  # fmt: skip


def test_contacts_become_issues(world: Path) -> None:
    """w2 goes on with the issue of w1, and nobody knows who u1 is of."""
    assert lines(world, "fcr_window") == {
        "read": 10, "rejected": 1, "loaded": 9, "other_days": 1, "merged": 1, "spam": 2, "outbound": 1,
        "unfollowed": 1, "continues_issues": 1, "base": 2, "hits": 1,
    }  # fmt: skip


def test_orders_and_parcels_become_orders(world: Path) -> None:
    """p5 is of an order that the shop does not know; @90004 has no parcel, and 90002 a cancelled label."""
    assert lines(world, "late_share") == {
        "read": 9, "loaded": 9, "joined": 3, "labels": 1, "no_promised_on": 2, "base": 3, "hits": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("counted", ["counted"]),
        ("TRUE", []),
        ("a AND (b OR c) AND d BETWEEN 1 AND 2", ["a", "b OR c", "d BETWEEN 1 AND 2"]),
        ("(a AND (b AND c))", ["a", "b", "c"]),
        ("a OR b AND c", ["a OR b AND c"]),
        ("(a) AND (b)", ["a", "b"]),
        ("CASE WHEN a AND b THEN c END AND x = 'y AND z'", ["CASE WHEN a AND b THEN c END", "x = 'y AND z'"]),
    ],
)
def test_a_condition_is_taken_apart_where_and_joins_it(condition: str, expected: list[str]) -> None:
    assert terms(condition) == expected


@pytest.mark.parametrize("kpi", [kpi for kpi in KPIS if kpi.from_table], ids=lambda kpi: kpi.id)
def test_every_condition_of_the_catalogue_has_words(kpi: Kpi) -> None:
    for reason in reasons_of(kpi.where):
        assert not reason.term, f"{reason.term} has no code in kpibar/answers/terms.py"
        assert f"explain_reason_{reason.code}" in messages()


def answer(folder: Path, kpi: str, *dimensions: str) -> Explanation:
    """The explanation of a KPI of a folder's database."""
    with open_store(folder / "test.duckdb", write=False) as store:
        return explain(store, load(folder / "kpibar.toml"), Request(kpis=(kpi,)), dimensions)


def words(folder: Path, kpi: str, *dimensions: str, lang: str = "en", width: int | None = None) -> str:
    """The explanation of a KPI in words."""
    return explanation_text(answer(folder, kpi, *dimensions), lang, Screen(width))


def listing(folder: Path, kpi: str) -> list[dict[str, str]]:
    """The records behind a KPI as the lines of its CSV."""
    with open_store(folder / "test.duckdb", write=False) as store:
        text = records_csv(records_of(store, load(folder / "kpibar.toml"), Request(kpis=(kpi,))))
    assert isinstance(text, str) and is_report(text)
    return list(csv.DictReader(io.StringIO(text)))


def test_the_records_behind_a_figure(world: Path) -> None:
    rows = listing(world, "late_share")
    assert [(row["id"], row["in_numerator"], row["date"]) for row in rows] == [
        ("90001", "1", "2025-03-05"), ("90003", "0", "2025-03-06"), ("77777", "0", "2025-03-06"),
    ]  # fmt: skip
    ratio = listing(world, "contact_rate")
    assert Counter(row["part"] for row in ratio) == {"numerator": 4, "denominator": 4}
    # A spreadsheet would take it for a formula.
    assert "'@90004" in [row["id"] for row in ratio]


def test_the_command_writes_rows_text_and_json(world: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        result = kpibar("explain", "late_share", "--db", "test.duckdb", *arguments, folder=world)
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert run("--rows").splitlines()[0].startswith("part,source,id,date,in_numerator,value,ended,channel,carrier")
    path = tmp_path / "why.json"
    path.write_text(explanation_json(answer(world, "wismo_rate")), encoding="utf-8")
    assert run("-o", str(path)) == ""
    assert json.loads(path.read_text(encoding="utf-8"))["kpi"] == "late_share"


def test_rows_in_french_open_in_a_french_excel(world: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> bytes:
        path = tmp_path / "rows.csv"
        result = kpibar(
            "explain", "late_share", "--rows", "--db", "test.duckdb", "-o", str(path), *arguments, folder=world
        )
        assert result.returncode == 0, result.stderr
        return path.read_bytes()

    french = run("--lang", "fr")
    assert french.startswith(b"\xef\xbb\xbfpart;source;id;date;in_numerator;") and b"\r\n" in french
    assert run("--csv-dialect", "excel-fr") == french
    assert run("--lang", "fr", "--csv-dialect", "default") == run() != french
    refusal = kpibar("explain", "late_share", "--csv-dialect", "excel-fr", "--db", "test.duckdb", folder=world)
    assert refusal.returncode == 2 and "--csv-dialect" in refusal.stderr


@pytest.mark.parametrize(("kpi", "column", "value", "base"), [
    ("contacts", "channel", "phone", 156), ("contact_rate", "channel", "PHONE", 156),
    ("late_share", "carrier", "A", 104),
])  # fmt: skip
def test_a_figure_of_some_rows_adds_up(
    linked_half: Path, kpi: str, column: Literal["carrier", "channel"], value: str, base: int
) -> None:
    """Of 5 contacts a week in 2025 places 0, 2 and 4 are calls: 156; A has 2 of 4 orders a week: 104."""
    config = load(linked_half / "kpibar.toml")
    with open_store(linked_half / "test.duckdb", write=False) as store:
        asked = Request(kpis=(kpi,))
        request = replace(asked, carrier=value) if column == "carrier" else replace(asked, channel=value)
        found = explain(store, config, request)
    assert found.bridges[0].total.base == base
    for bridge in found.bridges:
        assert not any(tally.missing_of_figure for tally in (*bridge.sources, bridge.total))
    assert f"of another {column}, or none" in explanation_text(found, "en", Screen())


def test_a_condition_of_an_own_kpi_is_told_in_its_sql(world: Path) -> None:
    assert "fails: coalesce(channel, '') = 'email'" in words(world, "mine")


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_an_explanation_fits_the_screen(world: Path, opposite: Path, lang: str) -> None:
    for folder, kpi in ((world, "wismo_rate"), (opposite, "reason_coverage")):
        explanation = answer(folder, kpi)
        for width in (80, 100, 140):
            text = explanation_text(explanation, lang, Screen(width))
            assert max(map(len, text.splitlines())) <= width
        assert is_report(explanation_text(explanation, lang, Screen()))


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [50, 80])
def test_no_column_is_lost_on_a_narrow_screen(linked_half: Path, opposite: Path, lang: str, width: int) -> None:
    """Whatever stands on a pipe stands on a screen, in a further table where there is no room beside."""
    for folder, kpi in ((linked_half, "contact_rate"), (opposite, "reason_coverage"), (opposite, "channel_mix")):
        explanation = answer(folder, kpi)
        pipe, screen = (explanation_text(explanation, lang, Screen(w)) for w in (None, width))
        assert Counter(re.findall(r"[0-9][0-9.,\u202f%]*", pipe)) <= Counter(
            re.findall(r"[0-9][0-9.,\u202f%]*", screen)
        )


def test_each_operand_has_letters_of_its_own(world: Path) -> None:
    text = words(world, "contact_rate", width=80)
    numerator, denominator = (part.splitlines() for part in text.split("Denominator: ")[0:2])
    assert any(line.startswith("A: ") for line in numerator) and any(line.startswith("A: ") for line in denominator)
    assert text.count("Each record is in one line") == 1


@pytest.fixture(scope="module")
def linked_half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In 2024 a contact a week of two names an order; in 2025 two of five do."""
    return linked(tmp_path_factory.mktemp("linked_half"), 2)


def linked(folder: Path, of_five: int) -> Path:
    """2 orders a week by A and by B, and contacts of which one of two names one, the year after so many of five."""
    orders, parcels, contacts = ([] for _ in range(3))
    for year, of_week, named in ((2024, 2, 1), (2025, 5, of_five)):
        for week in range(52):
            day = date(year, 1, 1) + timedelta(days=7 * week)
            for place, carrier in enumerate(("A", "B", "A", "B")):
                number = f"{year}{week:02}{place}"
                orders.append(f"{number},{day} 09:00:00")
                parcels.append(
                    f"p{number},{number},{carrier},{day + timedelta(days=2)},{day + timedelta(days=2)} 12:00:00"
                )
            for place in range(of_week):
                reference = f"{year}{week:02}{place}" if place < named else ""
                channel = "email" if place % 2 else "phone"
                contacts.append(f"c{year}{week:02}{place},{day} 10:00:00,{channel},inbound,{reference}")
    exports = {
        "orders.csv": "\n".join(["order_ref,ordered_at", *orders, ""]),
        "parcels.csv": "\n".join(["parcel_id,order_ref,carrier,promised_to,delivered_at", *parcels, ""]),
        "contacts.csv": "\n".join(["contact_id,created_at,channel,direction,order_ref", *contacts, ""]),
    }
    ingest_tables(folder, exports, settings(folder), AS_OF)
    return folder


def test_what_is_known_of_few_comes_last_and_is_told(linked_half: Path) -> None:
    """52 of 104 contacts have a carrier in 2024 and 104 of 260 in 2025: 50 % and 40 %; all have a channel."""
    found = answer(linked_half, "contact_rate")
    assert [entry.dimension for entry in found.causes.breakdowns] == ["channel", "carrier"]
    channel, carrier = found.causes.breakdowns
    assert (channel.known, carrier.known) == (1, 0.4)
    contacts, orders = carrier.coverages
    assert (contacts.rows, contacts.known_rows, orders.shares) == ((104, 260), (52, 104), (1, 1))
    text = words(linked_half, "contact_rate")
    assert text.index("By channel") < text.index("By carrier")
    assert "Carrier is known of 104 of 260 contacts (40.0%; 2024: 50.0%): most have none" in text
    (row,) = (line for line in text.splitlines() if line.startswith("not in the base"))
    assert row.split()[4:10] == ["–"] * 6 and "Not in the base (–): contacts of which no row" in text
    # Asked for, it comes where it is asked.
    asked = answer(linked_half, "contact_rate", "carrier", "channel")
    assert [entry.dimension for entry in asked.causes.breakdowns] == ["carrier", "channel"]


def test_a_known_share_that_moved_is_told(linked_half: Path, tmp_path: Path) -> None:
    """52 of 104 and 104 of 260 may be chance; 52 of 104 and 52 of 260 are not."""
    assert "This share changed" not in words(linked_half, "contact_rate")
    text = words(linked(tmp_path, 1), "contact_rate")
    assert "Carrier is known of 52 of 260 contacts (20.0%; 2024: 50.0%): most have none" in text
    assert "This share changed between the years by more than chance" in text
    document = json.loads(explanation_json(answer(linked_half, "contact_rate", "carrier")))
    assert document["by"][0]["known"][0] == {"kpi": "contacts", "rows": [104, 260], "known": [52, 104], "moved": False}


def test_the_document_of_an_explanation(world: Path) -> None:
    document = json.loads(explanation_json(answer(world, "reason_coverage", "channel")))
    assert (document["schema"], document["schema_version"]) == ("kpibar.explain", "1.0")
    (bridge,) = document["bridges"]
    assert bridge["total"]["base"] == document["figure"]["denominator"] == 4
    codes = {entry["code"]: count for entry, count in zip(bridge["reasons"], bridge["total"]["left_out"], strict=True)}
    assert (codes["merged"], codes["spam"], codes["outbound"]) == (1, 2, 1)
    assert document["untold"] == "comparison" and document["by"] == []


def spread(share: float, count: int) -> list[bool]:
    """So many rows of which a share are hits, at equal distances."""
    return [math.floor((place + 1) * share) > math.floor(place * share) for place in range(count)]


def year_of_contacts(year: int, phone: int, email: int, rates: tuple[float, float]) -> list[str]:
    """A year of 52 weeks with so many contacts by phone and by e-mail, of which such shares have a reason."""
    rows = []
    for channel, of_week, rate in (("phone", phone, rates[0]), ("email", email, rates[1])):
        for place, hit in enumerate(spread(rate, of_week * 52)):
            day = date(year, 1, 1) + timedelta(days=place // of_week * 7 + place % 5)
            rows.append(f"{year}{channel}{place},{day} 10:00:00,{channel},{'Facture' if hit else ''}")
    return rows


@pytest.fixture(scope="module")
def opposite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reasons of calls and of e-mails are recorded better, but there are more e-mails, of which fewer have one."""
    folder = tmp_path_factory.mktemp("opposite")
    rows = [*year_of_contacts(2024, 14, 6, (0.90, 0.60)), *year_of_contacts(2025, 10, 10, (0.92, 0.62))]
    export = "contact_id,created_at,channel,reason_raw\n" + "\n".join(rows) + "\n"
    ingest_tables(folder, {"contacts.csv": export}, settings(folder), AS_OF)
    return folder


def test_each_channel_improves_and_the_whole_gets_worse(opposite: Path) -> None:
    """478 of 520 calls and 322 of 520 e-mails have a reason, 655 of 728 and 187 of 312 the year before."""
    text = words(opposite, "reason_coverage", "channel")
    assert "2024: 81.0% · 2025: 76.9%" in text
    assert "The figure rose by 2.0 pt within the channels" in text
    assert "The mix of channels moved it by −6.0 pt" in text
    assert (
        "Every channel improved, yet the whole got worse: because more contacts come by e-mail "
        "(30.0% before, 50.0% now)." in text
    )
    french = words(opposite, "reason_coverage", "channel", lang="fr")
    assert "Chaque canal va mieux, mais l’ensemble va moins bien\u00a0: parce que plus de contacts arrivent" in french
    assert "par e-mail (30,0\u00a0% avant, 50,0\u00a0% maintenant)." in french


def test_what_decides_a_figure_does_not_explain_it(opposite: Path) -> None:
    """Whether a contact has a reason is decided by its reason: of the usual dimensions the channel is left."""
    assert [entry.dimension for entry in answer(opposite, "reason_coverage").causes.breakdowns] == ["channel"]


def test_a_split_is_the_change_of_the_report(opposite: Path) -> None:
    found = answer(opposite, "reason_coverage", "channel")
    (breakdown,) = found.causes.breakdowns
    assert found.row.change is not None and breakdown.split is not None
    assert breakdown.split.change == pytest.approx(found.row.change.absolute)


def test_counts_and_mixes_tell_that_they_are_not_split(opposite: Path, world: Path) -> None:
    assert "a count has no mix" in words(opposite, "contacts")
    assert "This figure is no sum of its groups" in words(opposite, "channel_mix")
    assert "The change is not explained: " in words(world, "late_share")
