"""Ingest: the counts add up, the newest version stays, a failed file leaves nothing, nothing personal is kept."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kpibar.cli.demo import sample_files
from kpibar.config import Settings
from kpibar.database.schema import ENTITIES
from kpibar.database.store import open_store
from kpibar.kpis.catalogue import catalogue
from kpibar.load.errors import LayoutContradicted, ZoneNeeded
from kpibar.load.outcome import Outcome
from kpibar.read.errors import FileEmpty
from kpibar.render.document import document
from kpibar.render.summary import outcome_lines
from tests.intake import DATABASE, column, config, held, take, take_text, write
from tests.support import ingest_tables, report, settings

HEADER = "contact_id,created_at,channel,queue\n"
DAY = "2025-03-01 10:00:00"
JANUARY, FEBRUARY, MARCH = datetime(2026, 1, 31), datetime(2026, 2, 28), datetime(2026, 3, 31)
TABLES = (*ENTITIES, "mentions", "files", "rejects", "columns_held", "unknown_values", "sources")


def contacts(**queues: str) -> str:
    """Contacts by id, whose queue tells the version of the record."""
    return HEADER + "".join(f"{name},{DAY},email,{queue}\n" for name, queue in queues.items())


def queues(folder: Path) -> dict[str, str]:
    return dict(held(folder, "SELECT contact_id, queue FROM contacts"))


def everything(folder: Path) -> dict[str, Any]:
    """All rows of all canonical tables and of the ledger."""
    with open_store(folder / DATABASE, write=False) as store:
        return {table: store.engine.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES}


def fates(outcome: Outcome) -> tuple[int, int, int, int]:
    counts = outcome.counts
    return counts.added, counts.updated, counts.unchanged, counts.superseded


# --- the ledger ----------------------------------------------------------------------------------------


def test_every_record_of_every_sample_export_is_accounted_for(sample: tuple[Path, list[Outcome]]) -> None:
    _, outcomes = sample
    assert len(outcomes) >= 8
    for outcome in outcomes:
        assert outcome.error is None
        for table in outcome.tables:
            assert table.counts.records == table.counts.fates_total > 0, outcome.path.name
            assert table.counts.added > 0.9 * (table.counts.records - table.counts.folded - table.counts.dropped)


def test_the_ledger_agrees_with_the_tables(sample: tuple[Path, list[Outcome]]) -> None:
    folder, outcomes = sample
    added = dict(held(folder, "SELECT entity, sum(added)::BIGINT FROM files GROUP BY entity"))
    numbers = " UNION ALL ".join(f"SELECT '{entity}', count(*) FROM {entity}" for entity in ENTITIES)
    assert dict(held(folder, numbers)) == {entity: added.get(entity, 0) for entity in ENTITIES}
    rejected = sum(outcome.counts.rejected for outcome in outcomes)
    assert column(folder, "SELECT count(*) FROM rejects") == [rejected]
    assert rejected > 0, "the samples hold a few bad lines on purpose"


def test_every_reject_names_a_line_of_its_file(sample: tuple[Path, list[Outcome]]) -> None:
    folder, _ = sample
    lengths = {path.name: path.read_bytes().count(b"\n") for path in sample_files()}
    for name, line in held(folder, "SELECT f.name, r.line FROM rejects r JOIN files f USING (file_id)"):
        assert 2 <= line <= lengths[name]


def test_the_same_bytes_again_change_nothing_even_under_another_name(folder: Path) -> None:
    first = take_text(folder, contacts(a="1", b="1"), name="one.csv")
    before = everything(folder)
    again = take_text(folder, contacts(a="1", b="1"), name="two.csv")
    assert everything(folder) == before
    assert first.same_as_before is None
    assert again.same_as_before is not None
    assert fates(again) == (0, 0, 2, 0)


@pytest.mark.long
def test_which_columns_a_file_fills_is_remembered(folder: Path) -> None:
    outcome = take_text(folder, f"contact_id,created_at,channel,subject,reason_raw,odd\n1,{DAY},email,x,,y\n")
    names = ["channel", "contact_id", "created_at", "grain", "reason_raw"]
    assert sorted(outcome.tables[0].columns) == names
    assert column(folder, "SELECT column_name FROM columns_held ORDER BY 1") == names


# --- versions ------------------------------------------------------------------------------------------


def test_an_overlapping_export_adds_updates_and_leaves(folder: Path) -> None:
    take_text(folder, contacts(a="1", b="1", c="1"), name="one.csv")
    outcome = take_text(folder, contacts(b="1", c="2", d="1"), name="two.csv")
    assert fates(outcome) == (1, 1, 1, 0)
    assert queues(folder) == {"a": "1", "b": "1", "c": "2", "d": "1"}


@pytest.mark.long
def test_an_older_export_ingested_later_does_not_overwrite(folder: Path) -> None:
    take_text(folder, contacts(a="new"), name="march.csv", as_of=MARCH)
    outcome = take_text(folder, contacts(a="old", b="old"), name="january.csv", as_of=JANUARY)
    assert fates(outcome) == (1, 0, 0, 1)
    assert queues(folder) == {"a": "new", "b": "old"}
    assert column(folder, "SELECT as_of FROM sources") == [MARCH]


@pytest.mark.long
def test_an_export_older_than_the_last_that_confirmed_a_record_does_not_overwrite_it(folder: Path) -> None:
    """January and March say the same; February, read last, said otherwise: what March confirmed stays."""
    take_text(folder, contacts(a="1"), name="january.csv", as_of=JANUARY)
    take_text(folder, contacts(a="1", b="1"), name="march.csv", as_of=MARCH)
    outcome = take_text(folder, contacts(a="2"), name="february.csv", as_of=FEBRUARY)
    assert fates(outcome) == (0, 0, 0, 1)
    assert queues(folder)["a"] == "1"


@pytest.mark.long
def test_the_records_own_update_time_decides_when_both_have_one(folder: Path) -> None:
    header = HEADER.strip() + ",updated_at\n"
    take_text(folder, f"{header}a,{DAY},email,9 h,2025-03-02 09:00\n", name="1.csv", as_of=JANUARY)
    older = f"{header}a,{DAY},email,8 h,2025-03-02 08:00\n"
    assert fates(take_text(folder, older, name="2.csv", as_of=MARCH)) == (0, 0, 0, 1)
    newer = f"{header}a,{DAY},email,10 h,2025-03-02 10:00\n"
    assert fates(take_text(folder, newer, name="3.csv", as_of=datetime(2025, 12, 31))) == (0, 1, 0, 0)
    assert queues(folder) == {"a": "10 h"}


def test_an_id_twice_in_a_file_counts_once_and_the_last_line_wins(folder: Path) -> None:
    outcome = take_text(folder, HEADER + f"a,{DAY},email,1\nb,{DAY},email,1\na,{DAY},email,2\n")
    assert fates(outcome) == (2, 0, 0, 1)
    assert outcome.counts.records == 3
    assert queues(folder) == {"a": "2", "b": "1"}


@pytest.mark.long
def test_an_id_of_another_brand_is_another_record(folder: Path) -> None:
    take_text(folder, contacts(a="1"), name="1.csv", brand="One")
    take_text(folder, contacts(a="2"), name="2.csv", brand="Two")
    assert held(folder, "SELECT source, brand FROM contacts ORDER BY 1") == [
        ("kpibar-contacts/One", "One"),
        ("kpibar-contacts/Two", "Two"),
    ]


@pytest.mark.long
def test_records_held_under_two_brands_or_layouts_are_told(folder: Path) -> None:
    """Twelve contacts under two brands; twelve orders by a shop's layout and, without #, by kpibar's own."""
    many = {f"T{number}": "a" for number in range(12)}
    take_text(folder, contacts(**many), name="1.csv", brand="One")
    twice = take_text(folder, contacts(**many, X="a"), name="2.csv", brand="Two")
    assert twice.same_elsewhere == (("kpibar-contacts/One", 12),)
    assert any("count twice" in line for line in outcome_lines(twice, catalogue(Settings()), dry_run=False))
    shop = "Name,Email,Financial Status,Fulfillment Status,Created at,Lineitem quantity,Lineitem name\n"
    shop += "".join(f"#{n},,paid,,2025-03-01 10:00:00 +0100,1,Lit\n" for n in range(1, 13))
    assert take_text(folder, shop, name="shop.csv").same_elsewhere == ()
    own = "order_ref,ordered_at\n" + "".join(f"{n},2025-03-01\n" for n in range(1, 13))
    assert take_text(folder, own, name="own.csv").same_elsewhere == (("shopify-orders", 12),)


@pytest.mark.long
def test_a_brand_given_once_and_not_again_is_told(folder: Path) -> None:
    first = take_text(folder, contacts(a="1"), name="1.csv", brand="One")
    assert take_text(folder, contacts(a="2"), name="2.csv", brand="Two").other_sources == first.other_sources == ()
    again = take_text(folder, contacts(a="1", b="2"), name="3.csv")
    assert again.other_sources == ("kpibar-contacts/One", "kpibar-contacts/Two")
    (line,) = (line for line in outcome_lines(again, catalogue(Settings()), dry_run=False) if "--brand" in line)
    assert line.strip().startswith(
        'its records belong to "kpibar-contacts", those of earlier exports of this layout to "kpibar-contacts/One", '
    )


@pytest.mark.long
def test_any_order_of_overlapping_exports_ends_in_the_newest_versions(folder: Path) -> None:
    """Against a dictionary: the version of the latest as-of stays, of equal ones the one ingested last."""
    chance = random.Random(1)
    expected: dict[str, tuple[str, datetime]] = {}
    for number in range(7):
        as_of = JANUARY + timedelta(days=chance.randrange(5))
        records = {f"c{n}": str(chance.randrange(2)) for n in chance.sample(range(8), 5)}
        for name, queue in records.items():
            if name not in expected or expected[name][1] <= as_of:
                expected[name] = (queue, as_of)
        take_text(folder, contacts(**records) + f"only{number},{DAY},email,\n", name=f"{number}.csv", as_of=as_of)
    assert {name: queue for name, queue in queues(folder).items() if queue} == {
        name: queue for name, (queue, _) in expected.items()
    }


# --- nothing happens by halves -------------------------------------------------------------------------


def test_a_dry_run_tells_and_keeps_nothing(folder: Path) -> None:
    take_text(folder, contacts(a="1"), name="before.csv")
    before = everything(folder)
    outcome = take_text(folder, contacts(a="2", b="1") + "c,never,email,\n", dry_run=True)
    assert fates(outcome) == (1, 1, 0, 0)
    assert outcome.counts.rejected == 1
    assert everything(folder) == before


def test_a_bad_file_stops_no_other_and_leaves_nothing(folder: Path) -> None:
    hours = "contact_id,created_at,channel,resolved_at,resolution_s\n" + "".join(
        f"{n},{DAY},fax,2025-03-01 12:00:00,2\n" for n in range(30)
    )
    files = {"empty.csv": "", "hours.csv": hours, "good.csv": contacts(a="1"), "missing.csv": None}
    paths = [write(folder, name, text) if text is not None else folder / name for name, text in files.items()]
    outcomes = take(folder, *paths)
    assert [type(outcome.error) for outcome in outcomes[:2]] == [FileEmpty, LayoutContradicted]
    assert outcomes[2].counts.added == 1
    assert outcomes[3].error is not None
    assert column(folder, "SELECT name FROM files") == ["good.csv"]
    assert queues(folder) == {"a": "1"}
    assert held(folder, "SELECT * FROM unknown_values") == []


@pytest.mark.long
def test_the_zone_must_be_stated_once(folder: Path) -> None:
    """Even times in UTC need the brand's zone, in which a promised day ends; it is never guessed."""
    parcels = "parcel_id,order_number,shipped_at,first_offer_at,delivered_at\n1,A,2025-07-01T10:00:00Z,,\n"
    nothing = config(folder, "")
    ratings, tickets = write(folder, "p.csv", parcels), write(folder, "t.csv", contacts(a="1"))
    outcomes = take(folder, ratings, tickets, settings=nothing)
    assert [type(outcome.error) for outcome in outcomes] == [ZoneNeeded, ZoneNeeded]
    assert take(folder, tickets, settings=nothing, timezone="Europe/Paris")[0].error is None
    later = write(folder, "u.csv", contacts(b="1"))
    assert take(folder, later, settings=nothing)[0].error is None, "a zone once stated is remembered"
    assert column(folder, "SELECT DISTINCT created_at::VARCHAR FROM contacts") == ["2025-03-01 09:00:00"]


# --- what is kept of people ----------------------------------------------------------------------------

PLANTED = ("marie.curie@example.com", "06 12 34 56 78", "0698765432", "Agent Zoë", "jean@example.org")
SECRETS = f"""contact_id,created_at,channel,customer,customer_phone,agent,subject,body,unread
1,{DAY},email,{PLANTED[0]},{PLANTED[1]},{PLANTED[3]},Sujet secret,Corps de texte secret,{PLANTED[4]}
2,{PLANTED[4]},email,{PLANTED[0]},{PLANTED[2]},{PLANTED[3]},Sujet secret,x,
3,{DAY},email,x,{PLANTED[2]}
4,{DAY},email,{PLANTED[2]},,,,,"{PLANTED[0]}
"""


def kept_bytes(folder: Path) -> bytes:
    """Everything kpibar wrote: the database and whatever lies beside it, but not the export."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.suffix not in (".csv", ".toml"))


def test_no_identifier_and_no_text_is_in_the_bytes_of_the_database(folder: Path) -> None:
    outcome = take_text(folder, SECRETS)
    assert (outcome.counts.added, outcome.counts.rejected) == (1, 3)
    kept = kept_bytes(folder).lower()
    for planted in (*PLANTED, "0612345678", "33612345678", "33698765432", "Sujet secret", "Corps de texte"):
        assert planted.lower().encode() not in kept, planted
    assert b"kpibar-contacts" in kept, "the search sees plain text"


@pytest.mark.long
def test_the_text_is_kept_when_asked(folder: Path) -> None:
    take_text(folder, SECRETS, keep_text=True)
    assert held(folder, "SELECT subject, body FROM contacts") == [("Sujet secret", "Corps de texte secret")]
    assert b"Corps de texte secret" in kept_bytes(folder)


def test_rejects_carry_the_shape_of_the_value_and_not_the_value(folder: Path) -> None:
    outcome = take_text(folder, SECRETS)
    assert held(folder, "SELECT line, column_name, shape, reason FROM rejects WHERE code = 'value'") == [
        (3, "created_at", "aaaa@aaaaaaa.aaa", "is not a date and time, 1990 to 2099")
    ]
    assert "example" not in " ".join(outcome.first_rejects)


def test_the_database_its_log_and_the_key_are_private(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = folder / "keys" / "own.key"
    monkeypatch.setenv("KPIBAR_KEY_FILE", str(key))
    take_text(folder, contacts(a="1"))
    assert (folder / DATABASE).stat().st_mode & 0o777 == 0o600
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_bytes()) == 32


def test_the_log_beside_an_open_database_is_private(folder: Path) -> None:
    with open_store(folder / DATABASE, write=True) as store:
        store.remember("a", "b")
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.glob(f"{DATABASE}*")}
    assert modes == {DATABASE: 0o600, f"{DATABASE}.wal": 0o600}


# --- the figures do not depend on how the export was cut -----------------------------------------------


def world() -> dict[str, str]:
    """A small year of contacts, orders, parcels and answers, one line each; every figure comes from these."""
    chance = random.Random(7)
    days = [datetime(2025, 1, 2, 9) + timedelta(hours=36 * n) for n in range(120)]
    orders = [f"A{n},c{n % 40}@example.com,{day:%Y-%m-%d %H:%M}\n" for n, day in enumerate(days)]
    parcels, asked, scores = [], [], []
    for n, day in enumerate(days):
        promised, late = day + timedelta(days=4), chance.random() < 0.3
        arrived = promised + timedelta(days=2 if late else -1)
        parcels.append(f"P{n},A{n},{promised:%Y-%m-%d},{arrived:%Y-%m-%d %H:%M},{chance.choice(['Colis', 'Zoé'])}\n")
        if late or chance.random() < 0.2:
            reply = chance.randrange(60, 90_000)
            subject = "Où est mon colis ?" if late else "Retour"
            asked.append(f"T{n},{promised:%Y-%m-%d %H:%M},email,c{n % 40}@example.com,A{n},{reply},{subject}\n")
        if chance.random() < 0.5:
            scores.append(f"S{n},nps,{chance.randrange(11)},{arrived:%Y-%m-%d %H:%M},A{n}\n")
    return {
        "orders": "order_ref,customer,ordered_at\n" + "".join(orders),
        "parcels": "parcel_id,order_ref,promised_to,delivered_at,carrier\n" + "".join(parcels),
        "contacts": "contact_id,created_at,channel,customer,order_ref,first_reply_s,subject\n" + "".join(asked),
        "surveys": "survey_id,kind,score,answered_at,order_ref\n" + "".join(scores),
    }


def figures(folder: Path, files: dict[str, str | bytes]) -> dict[str, Any]:
    """The report of these files, without what names them."""
    folder.mkdir()
    used = settings(folder)
    for name, content in files.items():
        write(folder, name, content)
    ingest_tables(folder, {}, used)
    outcomes = take(folder, *(folder / name for name in files), settings=used)
    assert all(outcome.error is None and outcome.counts.rejected == 0 for outcome in outcomes)
    ingest_tables(folder, {}, used)
    said = document(report(folder, used), "now")
    return {key: value for key, value in said.items() if key not in ("coverage", "config")}


def lines(text: str) -> tuple[str, list[str]]:
    head, *rest = text.splitlines(keepends=True)
    return head, rest


def reordered(files: dict[str, str]) -> dict[str, str | bytes]:
    return {name + ".csv": lines(text)[0] + "".join(reversed(lines(text)[1])) for name, text in files.items()}


def cut_in_two(files: dict[str, str]) -> dict[str, str | bytes]:
    cut: dict[str, str | bytes] = {}
    for name, text in files.items():
        head, rest = lines(text)
        cut[name + "-1.csv"] = head + "".join(rest[::2])
        cut[name + "-2.csv"] = head + "".join(rest[1::2])
    return cut


def overlapping(files: dict[str, str]) -> dict[str, str | bytes]:
    """Each file cut in two, the first half again under another name, and a third file of every third line."""
    cut = cut_in_two(files)
    for name, text in files.items():
        head, rest = lines(text)
        cut[name + "-again.csv"] = cut[name + "-1.csv"]
        cut[name + "-third.csv"] = head + "".join(rest[::3])
    return cut


def redressed(files: dict[str, str]) -> dict[str, str | bytes]:
    """Semicolons, CRLF, cp1252, a sep= line, capitals in the header."""
    dressed: dict[str, str | bytes] = {}
    for name, text in files.items():
        head, rest = lines(text)
        body = (head.upper() + "".join(rest)).replace(",", ";").replace("\n", "\r\n")
        dressed[name + ".csv"] = ("sep=;\r\n" + body).encode("cp1252")
    return dressed


@pytest.mark.long
def test_the_figures_do_not_depend_on_order_files_or_dialect(tmp_path: Path) -> None:
    files = world()
    plain = figures(tmp_path / "plain", {name + ".csv": text for name, text in files.items()})
    known = [kpi["id"] for kpi in plain["kpis"] if kpi["value"] is not None]
    assert {"late_share", "wismo_rate", "nps", "frt_median"} <= set(known)
    ways: tuple[Callable[[dict[str, str]], dict[str, str | bytes]], ...] = (reordered, overlapping, redressed)
    for way in ways:
        assert json.dumps(figures(tmp_path / way.__name__, way(files))) == json.dumps(plain), way.__name__


def test_nobody_is_named_in_any_column_of_the_sample_database(sample: tuple[Path, list[Outcome]]) -> None:
    folder, _ = sample
    with open_store(folder / DATABASE, write=False) as store:
        texts = store.engine.rows(
            "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'VARCHAR' "
            "AND table_schema = 'main'"
        )
        assert len(texts) > 50
        for table, name in texts:
            named = f"regexp_matches({name}, '@|^Agent |^[+]?(33|0)[0-9]{{9}}$')"
            assert store.engine.rows(f"SELECT {name} FROM {table} WHERE {named} LIMIT 3") == [], f"{table}.{name}"
