"""`forget` and `purge`: who or what is taken out is nowhere, and all else is as it would be had it never been there."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kpibar.cli.demo import sample_folder
from kpibar.cli.errors import ConsentMissing
from kpibar.database.errors import KeyMissing
from kpibar.database.store import open_store
from kpibar.removal.erasure import first_day
from tests import erasures
from tests.erasures import counts, faults, invoke, rows, traces
from tests.reproducers import DATABASE
from tests.support import kpibar, table

PERSON = "c29@example.com"
Row = dict[str, str]


# --- a person of the sample exports --------------------------------------------------------------------

SAMPLES = (
    "maison-bleue-shopify-orders.csv", "maison-bleue-zendesk-tickets.csv", "maison-bleue-zendesk-satisfaction.csv",
    "sendcloud-parcels.csv", "aircall-calls.csv", "nps-delighted.csv",
)  # fmt: skip


def samples() -> dict[str, list[Row]]:
    """The first records of each sample export."""
    found = {}
    for name in SAMPLES:
        with (sample_folder() / name).open(encoding="utf-8-sig", newline="") as file:
            found[name] = [row for row, _ in zip(csv.DictReader(file), range(400), strict=False)]
    return found


def without(records: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The records that are not of the person."""
    own = {row["Name"].strip("#") for row in records[SAMPLES[0]] if row["Email"] == PERSON}
    phones = {row["Phone"].strip("+") for row in records[SAMPLES[0]] if row["Email"] == PERSON} - {""}
    tickets = {row["Id"] for row in records[SAMPLES[1]] if row["Requester email"] == PERSON}
    assert own and tickets
    tests: dict[str, Callable[[Row], bool]] = {
        SAMPLES[0]: lambda row: row["Email"] == PERSON,
        SAMPLES[1]: lambda row: row["Requester email"] == PERSON,
        SAMPLES[2]: lambda row: row["ticket_id"] in tickets,
        SAMPLES[3]: lambda row: row["order_number"] in own,
        SAMPLES[4]: lambda row: row["customer number"] in phones,
        SAMPLES[5]: lambda row: row["Email"] == PERSON,
    }
    return {name: [row for row in listed if not tests[name](row)] for name, listed in records.items()}


def text(records: list[Row]) -> str:
    made = io.StringIO()
    writer = csv.DictWriter(made, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return made.getvalue()


def ingested(folder: Path, exports: dict[str, str], *more: str) -> str:
    """What the ingest of exports says that must end well."""
    for name, content in exports.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    return done(folder, "ingest", *(str(folder / name) for name in exports), "--tz", "Europe/Paris", *more)


def done(folder: Path, *arguments: str) -> str:
    """What a command says that must end well, `check` being content afterwards."""
    ended = invoke(folder, *arguments)
    assert ended.exit_code == 0, (ended.exception, ended.stderr[-900:])
    assert faults(folder / DATABASE) == []
    return str(ended.stderr)


@pytest.mark.long
def test_a_person_of_the_samples_is_gone_as_if_never_there(folder: Path) -> None:
    every = samples()
    other = folder / "other"
    other.mkdir()
    exports = {name: text(listed) for name, listed in every.items()}
    ingested(folder, exports, "--brand", "Maison Bleue", "--keep-text")
    shutil.copy(folder / "key", other / "key")
    ingested(other, {name: text(listed) for name, listed in without(every).items()}, "--brand", "Maison Bleue",
             "--keep-text")  # fmt: skip
    kept = without(every)
    markers = {
        value
        for name in SAMPLES
        for row in every[name]
        if row not in kept[name]
        for value in row.values()
        if len(value) >= 5
    }
    known = traces(folder, markers)
    before = counts(folder / DATABASE)
    assert "on no record" in done(folder, "forget", "--email", "nobody@example.com", "--dry-run")
    assert counts(folder / DATABASE) == before
    said = done(folder, "forget", "--email", f" {PERSON.upper()} ", "--yes")
    assert "orders of shopify-orders/Maison Bleue" in said and "parcels of" in said and "surveys of" in said
    assert rows(folder / DATABASE) == rows(other / DATABASE)
    left = traces(folder, markers)
    assert len(known - left) >= 5
    assert left <= traces(other, markers)
    # Other bytes with the same records do not bring the person back.
    again = ingested(
        folder, {f"again-{name}": content + "\n" for name, content in exports.items()}, "--brand", "Maison Bleue",
        "--keep-text",
    )  # fmt: skip
    assert "forgotten since (kpibar forget)" in again
    assert rows(folder / DATABASE) == rows(other / DATABASE)
    assert faults(folder / DATABASE) == []


# --- what hangs on a person ----------------------------------------------------------------------------

CONTACTS = """
| contact_id | created_at | channel | customer         | customer_phone | order_ref | case_id | tags         | agent |
| K01        | 2025-03-01 | email   | Jean@Example.org | 06 12 34 56 78 | ORD-100   |         | unique words | a@b.c |
| K02        | 2025-03-02 | phone   | +33612345678     |                | ORD-300   |         |              | a@b.c |
| K03        | 2025-03-03 | email   | anna@example.org | 0600000001     | ORD-101   |         | hello        | a@b.c |
| K04        | 2025-03-04 | phone   |                  |                | ORD-100   |         |              | a@b.c |
| K05        | 2025-03-04 | phone   |                  |                |           | K01     |              | a@b.c |
| K06        | 2025-03-05 | email   | lea@example.org  | 0600000001     |           |         |              | a@b.c |
| K07        | 2025-03-06 | email   | lea@example.org  |                | ORD-102   |         |              | b@b.c |
| K08        | 2025-03-07 | phone   | 0033600000001    |                |           |         |              | a@b.c |
| K09        | 2025-03-07 | email   | CUST-77          |                |           |         |              | b@b.c |
| K10        | 2025-03-08 | phone   |                  |                |           | K09     |              | b@b.c |
| K11        | 2025-03-08 | phone   |                  |                | ord-102   |         |              | b@b.c |
"""
ORDERS = """
| order_ref | ordered_at       | customer         | brand |
| ORD-100   | 2025-02-20 09:00 | jean@example.org | Alpha |
| ORD-100   | 2025-02-21 09:00 | anna@example.org | Beta  |
| ORD-101   | 2025-02-20 09:00 | anna@example.org | Alpha |
| ORD-102   | 2025-02-20 09:00 | 0612345678       | Alpha |
"""
PARCELS = """
| parcel_id | order_ref | brand | shipped_at       | delivered_at     | promised_to |
| PARCEL-01 | ORD-100   | Alpha | 2025-02-21 09:00 | 2025-02-25 09:00 | 2025-02-24  |
| PARCEL-02 | ORD-100   | Beta  | 2025-02-21 09:00 | 2025-02-25 09:00 | 2025-02-24  |
| PARCEL-03 | ORD-101   | Alpha | 2025-02-21 09:00 | 2025-02-25 09:00 | 2025-02-24  |
| PARCEL-04 | ORD-300   | Alpha | 2025-02-21 09:00 | 2025-02-25 09:00 | 2025-02-24  |
"""
SURVEYS = """
| survey_id | kind | score | scale_min | scale_max | answered_at      | contact_id | customer         |
| SURVEY-01 | csat | 5     | 1         | 5         | 2025-03-02 11:00 | K02        |                  |
| SURVEY-02 | csat | 4     | 1         | 5         | 2025-03-02 11:00 | K03        |                  |
| SURVEY-03 | nps  | 9     | 0         | 10        | 2025-03-02 11:00 |            | JEAN@example.org |
"""
EXPORTS = {"contacts.csv": CONTACTS, "orders.csv": ORDERS, "parcels.csv": PARCELS, "surveys.csv": SURVEYS}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of these exports and its key."""
    folder = tmp_path_factory.mktemp("desk")
    ingested(folder, {name: table(content) for name, content in EXPORTS.items()}, "--keep-text")
    return folder


def copied(desk: Path, folder: Path) -> Path:
    for name in (DATABASE, f"{DATABASE}.last", "key"):
        shutil.copy(desk / name, folder / name)
    return folder


@pytest.mark.long
def test_the_mark_of_a_telephone_goes_from_the_queues_of_others(folder: Path) -> None:
    contacts = """
    | contact_id | created_at | channel | customer         | queue              |
    | K01        | 2025-03-01 | phone   | jean@example.org | SAV                |
    | K02        | 2025-03-02 | phone   | anna@example.org | Jean 0612345678    |
    | K03        | 2025-03-03 | phone   | anna@example.org | Lea 06 99 34 56 78 |
    """
    ingested(folder, {"contacts.csv": table(contacts)})
    before = [words.rpartition("#") for words in queues(folder)]
    assert [len(mark) for *_, mark in before] == [3, 6, 6]
    done(folder, "forget", "--email", "jean@example.org", "--phone", "+33612345678", "--yes")
    assert queues(folder) == [before[1][0], "#".join(before[2][::2])]


def queues(folder: Path) -> list[str]:
    with open_store(folder / DATABASE, write=False) as store:
        return [queue for (queue,) in store.engine.rows("SELECT queue FROM contacts ORDER BY contact_id")]


# Who is forgotten, in which words; the contacts, parcels and surveys that stay; words of what is said.
ALL = ("PARCEL-01 PARCEL-02 PARCEL-03 PARCEL-04", "SURVEY-01 SURVEY-02 SURVEY-03")
JEAN = ("K03 K04 K06 K07 K08 K09 K10", "PARCEL-02 PARCEL-03", "SURVEY-02")
CASES: dict[str, tuple[tuple[str, ...], tuple[str, str, str], str]] = {
    "by e-mail": (("--email", "Jean <jean@example.org>"), JEAN, "1 other identifier of this person alone"),
    "by telephone": (("--phone", "06.12.34.56.78"), JEAN, "1 other identifier of this person alone"),
    "by telephone without its 0": (("--phone", "tel:612345678"), JEAN, "telephone number: on 3 records"),
    "by telephone with its country": (("--phone", "0033 (0)6 12 34 56 78"), JEAN, "another order has too: it stays"),
    "by both": (("--email", "JEAN@EXAMPLE.ORG", "--phone", "+33612345678"), JEAN, "names an order of this person"),
    "by a telephone that two share": (
        ("--phone", "06 00 00 00 01"),
        ("K01 K02 K03 K04 K05 K06 K07 K09 K10 K11", *ALL),
        "2 records of other customers have the identifier too: it is emptied there",
    ),
    "by a customer's id": (
        ("--customer", "CUST-77"),
        ("K01 K02 K03 K04 K05 K06 K07 K08 K11", *ALL),
        "contacts of kpibar-contacts: 2 records",
    ),
    "an agent": (
        ("--email", "A@b.c"),
        ("K01 K02 K03 K04 K05 K06 K07 K08 K09 K10 K11", *ALL),
        "7 contacts of customers were handled by this person: the agent is emptied there",
    ),
}  # fmt: skip


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", CASES)
def test_what_hangs_on_a_person_goes_and_all_else_stays(desk: Path, folder: Path, case: str) -> None:
    stated, (contacts, parcels, surveys), words = CASES[case]
    copied(desk, folder)
    said = done(folder, "forget", *stated, "--yes")
    assert words in said and "example.org" not in said
    with open_store(folder / DATABASE, write=False) as store:
        for entity, name, kept in (("contacts", "contact_id", contacts), ("parcels", "parcel_id", parcels),
                                   ("surveys", "survey_id", surveys)):  # fmt: skip
            held = [row[0] for row in store.engine.rows(f"SELECT {name} FROM {entity} ORDER BY 1")]
            assert " ".join(held) == kept
        keys = store.engine.rows("SELECT count(*) FROM contacts c JOIN forgotten f "
                                 "ON f.key IN (c.customer_key, c.customer_alias_key, c.agent_key)")  # fmt: skip
        assert keys == [(0,)]
    gone = {f"K{n:02d}" for n in range(1, 12)} - set(contacts.split())
    gone |= {"unique words"} if "K01" in gone else set()
    assert traces(desk, gone) == gone and traces(folder, gone) == set()


@pytest.mark.long
def test_what_begins_later_is_taken_in_and_what_is_old_is_not(desk: Path, folder: Path) -> None:
    copied(desk, folder)
    done(folder, "forget", "--email", "jean@example.org", "--yes")
    # The old records under other columns, in another order, without the customer; and no other's is lost.
    narrow = "| parcel_id | order_ref | shipped_at | delivered_at | promised_to |\n"
    narrow += "| PARCEL-01 | ORD-100 | 2025-02-21 09:00:00 | | 2025-02-24 |\n"
    narrow += "| PARCEL-09 | ORD-999 | 2025-02-21 09:00:00 | | 2025-02-24 |\n"
    tickets = "| contact_id | created_at | channel | order_ref |\n| K11 | 2025-03-04 10:00 | phone | - |\n"
    tickets += "| K19 | 2025-03-04 10:00 | phone | - |\n"
    calls = "| contact_id | created_at | channel | customer | agent |\n"
    calls += "| K12 | 2025-03-04 10:00:00 | phone | 06 12 34 56 78 | c@b.c |\n"
    calls += "| K13 | 2025-03-04 10:00:00 | phone | | jean@example.org |\n"
    answers = "| survey_id | kind | score | scale_min | scale_max | answered_at | contact_id |\n"
    answers += (
        "| S9 | csat | 5 | 1 | 5 | 2025-03-02 11:00:00 | K01 |\n| S8 | csat | 5 | 1 | 5 | 2025-03-02 11:00:00 | K03 |\n"
    )
    before = counts(folder / DATABASE)
    exports = {"narrow.csv": narrow, "tickets.csv": tickets, "calls.csv": calls, "answers.csv": answers}
    said = ingested(folder, {name: table(content) for name, content in exports.items()})
    assert said.count("1 record is left out: its person was forgotten since") == 4
    assert "1 record of another customer has an identifier of a person who was forgotten" in said
    more = {"contacts": 2, "parcels": 1, "surveys": 1}
    assert counts(folder / DATABASE) == {name: n + more.get(name, 0) for name, n in before.items()}
    assert faults(folder / DATABASE) == []


def test_nothing_happens_where_nobody_agrees_or_the_key_is_another(desk: Path, folder: Path) -> None:
    copied(desk, folder)
    before = (folder / DATABASE).read_bytes()
    assert "dry run: nothing was deleted" in done(folder, "forget", "--email", "jean@example.org", "--dry-run")
    for arguments, change, error in (
        ((), lambda: None, ConsentMissing),
        (("--yes",), lambda: (folder / "key").write_bytes(bytes(range(32))), KeyMissing),
        (("--yes",), lambda: (folder / "key").unlink(), KeyMissing),
    ):
        change()
        assert isinstance(invoke(folder, "forget", "--email", "jean@example.org", *arguments).exception, error)
    assert not (folder / "key").exists()
    assert (folder / DATABASE).read_bytes() == before
    assert [path.name for path in folder.glob(".*")] == []


@pytest.mark.long
def test_texts_that_are_kept_no_longer_leave_the_file(desk: Path, folder: Path) -> None:
    copied(desk, folder)
    assert traces(folder, ["unique words"])
    said = ingested(folder, {"contacts.csv": table(CONTACTS)})
    assert "rewritten without them" in said
    assert traces(folder, ["unique words"]) == set()
    assert faults(folder / DATABASE) == []


@pytest.mark.long
def test_an_identifier_in_a_column_of_numbers_goes_too(folder: Path) -> None:
    head = "| contact_id | created_at | channel | customer | case_id | agent |\n"
    lines = (
        "| K1 | 2025-03-01 | email | anna@example.org | jean@example.org | x |",
        "| K2 | 2025-03-01 | email | | Jean@example.org | x |",
        "| K3 | 2025-03-01 | email | | lea@example.org | x |",
        "| +33 6 12 34 56 78 | 2025-03-01 | email | lea@example.org | | x |",
    )
    export = table(head + "\n".join(lines))
    ingested(folder, {"contacts.csv": export})
    done(folder, "forget", "--email", "jean@example.org", "--phone", "0612345678", "--yes")
    with open_store(folder / DATABASE, write=False) as store:
        rows = store.engine.rows("SELECT contact_id, case_id IS NULL FROM contacts ORDER BY 1")
    assert rows == [("K1", True), ("K3", False)]
    said = ingested(folder, {"again.csv": export + "\n"})
    assert "2 records are left out" in said, said
    with open_store(folder / DATABASE, write=False) as store:
        assert store.engine.rows("SELECT contact_id, case_id IS NULL FROM contacts ORDER BY 1") == rows


# --- purge ---------------------------------------------------------------------------------------------


@pytest.mark.long
def test_what_began_before_a_day_goes_and_does_not_come_back(desk: Path, folder: Path) -> None:
    from datetime import UTC, datetime

    copied(desk, folder)
    age = (datetime.now(UTC).date() - datetime(2025, 3, 4, tzinfo=UTC).date()).days
    said = done(folder, "purge", "--older-than", f"{age}d", "--yes")
    # Contacts K01 to K03; the orders, parcels and surveys, all of February or of 2 March.
    assert "records that began before 2025-03-04" in said and "contacts of kpibar-contacts: 3 records" in said
    assert counts(folder / DATABASE) == {"contacts": 8}
    gone = {"K02", "K03", "ORD-101", "PARCEL-01", "SURVEY-01"}
    assert traces(folder, gone) == set()
    # The year that lost its first two months says so.
    noted = "records that began before 2025-03-04 were deleted (kpibar purge)"
    for options in ((), ("--share",)):
        assert noted in " ".join(kpibar("report", "--db", DATABASE, *options, folder=folder).stdout.split()), options
    again = ingested(folder, {"again.csv": table(CONTACTS) + "\n"}, "--keep-text")
    assert "3 records are left out: they began before the day up to which records were purged" in again
    assert counts(folder / DATABASE) == {"contacts": 8}
    assert faults(folder / DATABASE) == []
    assert "no record is deleted" in done(folder, "purge", "--older-than", "50y", "--yes")


def test_a_purged_database_is_the_one_that_never_had_the_old_records(tmp_path: Path) -> None:
    """Of 60 contacts and orders the even ones are of 2019, in a queue of their own."""
    parts = {
        "contacts.csv": (
            "contact_id,created_at,channel,customer,order_ref,queue",
            "{n},{day} 10:00:00,email,person{person}@example.org,{n},{queue}",
        ),
        "orders.csv": (
            "order_ref,ordered_at,customer,value,currency",
            "{n},{day} 09:00:00,person{person}@example.org,10.50,EUR",
        ),
    }
    made = {}
    for name, wanted in (("purged", range(60)), ("other", range(1, 60, 2))):
        made[name] = tmp_path / name
        made[name].mkdir()
        if name == "other":
            shutil.copy(made["purged"] / "key", made[name] / "key")
        exports = {
            file: "\n".join(
                [
                    head,
                    *(
                        line.format(
                            n=n, person=n % 7, day=f"20{25 if n % 2 else 19}-03-{n % 28 + 1:02}",
                            queue="SAV" if n % 2 else "queue-of-old-records",
                        )
                        for n in wanted
                    ),
                ]
            )
            + "\n"
            for file, (head, line) in parts.items()
        }  # fmt: skip
        ingested(made[name], exports)
    assert traces(made["purged"], {"queue-of-old-records"})
    done(made["purged"], "purge", "--older-than", "3y", "--yes")
    assert rows(made["purged"] / DATABASE) == rows(made["other"] / DATABASE)
    assert traces(made["purged"], {"queue-of-old-records"}) == set()


@pytest.mark.parametrize(
    ("age", "day"),
    [("3y", "2023-11-29"), ("18m", "2025-05-29"), ("9m", "2026-02-28"), ("90d", "2026-08-31"), ("2 W", "2026-11-15")],
)
def test_an_age_is_a_day(age: str, day: str) -> None:
    from datetime import date

    assert first_day(age, date(2026, 11, 29)) == date.fromisoformat(day)


# --- machines ------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_killed_run_leaves_the_database_before_or_after(tmp_path: Path) -> None:
    states = erasures.make_world(tmp_path, 1_000)
    ends = erasures.kill(tmp_path, states, 2, seed=1)
    assert ends["before"] + ends["after"] == 2


@pytest.mark.long
def test_a_full_disk_leaves_the_database_as_it_was(desk: Path, folder: Path) -> None:
    import resource

    from tests import faults as machine

    copied(desk, folder)
    (folder / "kpibar.toml").write_text('timezone = "UTC"\n', encoding="utf-8")
    before = (folder / DATABASE).read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    ended = machine.run(folder, "forget", "--email", "jean@example.org", "--yes", limit=limit)
    assert ended.returncode == 1 and "nothing was deleted; free some space" in ended.stderr
    assert (folder / DATABASE).read_bytes() == before
    assert not list(folder.glob(".*rewrite"))
