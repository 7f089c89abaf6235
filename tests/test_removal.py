"""`remove`: a file is taken out, and all else is as it would be had it never been ingested."""

from pathlib import Path

import pytest

from kpibar.database.store import open_store
from kpibar.removal.errors import FileUnclear
from kpibar.removal.files import find_file
from tests.erasures import counts, faults, invoke, rows, traces
from tests.reproducers import DATABASE
from tests.support import table

HEAD = "| contact_id | created_at | channel | resolved_at | queue |\n"


def contacts(numbers: str, queue: str, resolved: str = "2025-05-01") -> str:
    """Contacts of these numbers; what a later export says of one differs in its queue."""
    return table(HEAD + "".join(f"| T{n} | 2025-03-{n} | email | {resolved} | {queue} |\n" for n in numbers.split()))


def parcels(numbers: str, promised: str) -> str:
    head = "| parcel_id | order_ref | shipped_at | delivered_at | promised_to |\n"
    return table(head + "".join(f"| P{n} | R{n} | 2025-03-{n} | | {promised} |\n" for n in numbers.split()))


ORDERS = table("| order_ref | ordered_at | customer | brand |\n| R11 | 2025-03-01 | a@example.org | Alpha |\n")
# Files by name, in the order of their ingest; the key is what they are.
FILES = {
    "a.csv": contacts("11 12 13", "first", "2025-04-01"),
    "b.csv": contacts("14 15", "second", "2025-04-02"),
    "c.csv": contacts("12 16", "third", "2025-04-03"),
    "d.csv": contacts("12 17", "fourth", "2025-04-04"),
    "e.csv": contacts("12 16", "third", "2025-04-03") + "T18,2025-04-20,email,,third\n",
    "o.csv": ORDERS,
    "p.csv": parcels("11 12", "2025-03-20"),
    "q.csv": parcels("12 13", "2025-03-25"),
}
LEDGER = ("files", "columns_held", "rejects", "unknown_values", "remarks")


def ingest(folder: Path, names: str, *more: str) -> None:
    """Ingest some of the files, each in a run of its own."""
    folder.mkdir(exist_ok=True)
    for name in names.split():
        (folder / name).write_text(FILES[name], encoding="utf-8")
        ended = invoke(folder, "ingest", str(folder / name), "--tz", "Europe/Paris", *more)
        assert ended.exit_code == 0, ended.stderr[-900:]


def removed(folder: Path, *arguments: str) -> str:
    ended = invoke(folder, "remove", *arguments, "--yes")
    assert ended.exit_code == 0, (ended.exception, ended.stderr[-900:])
    assert faults(folder / DATABASE) == []
    return str(ended.stderr)


# What is ingested; which file goes; which files it names, in order.
CASES = {
    "the last, only added": ("a.csv b.csv o.csv", "o.csv", ""),
    "the first, only added": ("b.csv a.csv p.csv", "b.csv", ""),
    "one of the middle, only added": ("a.csv b.csv o.csv p.csv", "b.csv", ""),
    "the only one": ("a.csv", "a.csv", ""),
    "what a later one replaced": ("a.csv c.csv", "a.csv", ""),
    "what replaced an earlier one": ("a.csv b.csv c.csv", "c.csv", "a.csv"),
    "one between": ("a.csv c.csv d.csv", "c.csv", ""),
    "what confirmed an earlier one": ("a.csv c.csv e.csv", "e.csv", "c.csv"),
    "an earlier promise": ("p.csv q.csv", "p.csv", "q.csv"),
    "a later promise": ("p.csv q.csv", "q.csv", "p.csv"),
}


@pytest.mark.sample(1)
@pytest.mark.parametrize("case", CASES)
def test_the_database_is_as_if_it_had_never_seen_the_file(folder: Path, case: str) -> None:
    names, gone, again = CASES[case]
    ingest(folder, names)
    other = folder / "other"
    other.mkdir()
    (other / "key").write_bytes((folder / "key").read_bytes())
    (other / "key").chmod(0o600)
    rest = " ".join(name for name in names.split() if name != gone)
    said = removed(folder, gone)
    named = [line.split('"')[1] for line in said.splitlines() if line.startswith("  kpibar ingest")]
    if not rest:
        assert counts(folder / DATABASE) == {} and rows(folder / DATABASE, *LEDGER)["files"] == []
        return
    ingest(other, rest)
    if not again:
        assert named == []
        assert rows(folder / DATABASE, *LEDGER, numbers=True) == rows(other / DATABASE, *LEDGER, numbers=True)
        return
    assert set(again.split()) <= set(named), said
    ingest(folder, " ".join(named))
    assert rows(folder / DATABASE) == rows(other / DATABASE)
    assert faults(folder / DATABASE) == []


def test_how_many_earlier_versions_are_gone_is_said(folder: Path) -> None:
    ingest(folder, "a.csv b.csv c.csv")
    before = (folder / DATABASE).read_bytes()
    tried = invoke(folder, "remove", "c.csv", "--dry-run")
    # T12 was in a.csv too, T16 in c.csv alone.
    assert "contacts: 2 records" in tried.stderr and "1 record of them came in other files" in tried.stderr
    assert (folder / DATABASE).read_bytes() == before
    removed(folder, "c.csv")
    assert counts(folder / DATABASE) == {"contacts": 4}
    assert traces(folder, ["T16", "third"]) == set()


@pytest.mark.long
def test_a_wrong_brand_is_put_right(folder: Path) -> None:
    ingest(folder, "a.csv", "--brand", "Wrong")
    ended = invoke(folder, "ingest", str(folder / "a.csv"), "--tz", "Europe/Paris", "--brand", "Right")
    assert "remove the file first with `kpibar remove`" in ended.stderr
    removed(folder, str(folder / "a.csv"))
    assert traces(folder, ["Wrong"]) == set()
    ingest(folder, "a.csv", "--brand", "Right")
    with open_store(folder / DATABASE, write=False) as store:
        assert store.engine.rows("SELECT DISTINCT brand, source FROM contacts") == [("Right", "kpibar-contacts/Right")]
        assert store.engine.rows("FROM brands") == [("right", "Right")]


@pytest.mark.long
def test_a_file_is_named_by_number_name_or_itself(folder: Path) -> None:
    ingest(folder, "a.csv b.csv")
    with open_store(folder / DATABASE, write=False) as store:
        assert [find_file(store, name).name for name in ("1", "2", "b.csv", str(folder / "a.csv"), "x/b.csv")] == [
            "a.csv", "b.csv", "b.csv", "a.csv", "b.csv"
        ]  # fmt: skip
        (folder / "changed.csv").write_text("other bytes", encoding="utf-8")
        for name in ("3", "none.csv", str(folder / "changed.csv")):
            with pytest.raises(FileUnclear, match=r"1 = a\.csv"):
                find_file(store, name)


@pytest.mark.long
def test_removal_after_forgetting_counts_what_is_left(folder: Path) -> None:
    ingest(folder, "o.csv a.csv")
    assert invoke(folder, "forget", "--email", "a@example.org", "--yes").exit_code == 0
    assert counts(folder / DATABASE) == {"contacts": 3}
    removed(folder, "o.csv")
    removed(folder, "a.csv")
    assert counts(folder / DATABASE) == {}
