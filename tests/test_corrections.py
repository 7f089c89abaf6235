"""Rejected records are written as they were, corrected, and ingested into the source they belong to."""

from pathlib import Path

import pytest

from kpibar.ingest.corrections import corrections
from kpibar.store import open_store
from tests.intake import DATABASE, column, config, held, take, take_text, write
from tests.support import kpibar

HEADER = "contact_id,created_at,channel,queue\n"
DAY = "2025-03-01 10:00:00"


def taken(folder: Path, original: Path) -> bytes:
    with open_store(folder / DATABASE, write=False) as store:
        return corrections(store, original, config(folder)).content


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rejected_lines_are_written_as_they_were(folder: Path, encoding: str, end: str) -> None:
    good = f"{HEADER}1,{DAY},email,été\n"
    bad = f'2,{DAY},email\n3,never,email,"soirée\nà deux"\n'
    path = write(folder, "a.csv", ("title\n" + good + bad + HEADER).replace("\n", end).encode(encoding))
    take(folder, path)
    assert taken(folder, path) == (HEADER + bad).replace("\n", end).encode(encoding)


def test_a_folded_record_comes_with_all_its_lines(folder: Path) -> None:
    day = "2025-03-01 10:00:00 +0100"
    text = "Name,Created at,Lineitem quantity,Lineitem name,Total\n"
    text += f"#1,{day},1,a,5\n#2,{day},1,a,five\n#3,{day},1,a,5\n#2,,1,b,\n"
    path = write(folder, "orders.csv", text)
    outcome = take(folder, path, layout="shopify-orders")[0]
    assert outcome.error is None, outcome.error
    lines = text.splitlines(keepends=True)
    assert taken(folder, path).decode() == "".join((lines[0], lines[2], lines[4]))


def test_corrected_records_join_their_source(folder: Path) -> None:
    write(folder, "kpibar.toml", 'timezone = "Europe/Paris"\n')
    write(folder, "a.csv", f"{HEADER}1,{DAY},email,a\n2,never,email,b\n3,{DAY},email")
    database = ("--db", DATABASE)
    assert kpibar("ingest", "a.csv", *database, "--brand", "Maison", folder=folder).returncode == 0
    done = kpibar("rejects", "a.csv", "-o", "fix.csv", *database, folder=folder)
    assert done.returncode == 0 and '--layout kpibar-contacts --brand "Maison"' in done.stderr
    fix = folder / "fix.csv"
    assert fix.stat().st_mode & 0o777 == 0o600
    assert fix.read_text() == f"{HEADER}2,never,email,b\n3,{DAY},email\n"
    fix.write_text(fix.read_text().replace("never", DAY).replace("3,2025-03-01 10:00:00,email", f"3,{DAY},email,c"))
    again = kpibar("ingest", "fix.csv", *database, "--layout", "kpibar-contacts", "--brand", "Maison", folder=folder)
    assert "2 read = 2 added" in again.stderr
    assert held(folder, "SELECT contact_id, source FROM contacts ORDER BY 1") == [
        (name, "kpibar-contacts/Maison") for name in "123"
    ]
    assert kpibar("check", *database, folder=folder).returncode == 0


def test_nothing_rejected_writes_nothing(folder: Path) -> None:
    take_text(folder, f"{HEADER}1,{DAY},email,a\n", name="a.csv")
    done = kpibar("rejects", "a.csv", "-o", "fix.csv", "--db", DATABASE, folder=folder)
    assert (done.returncode, done.stderr) == (0, "nothing was rejected, nothing is written\n")
    assert not (folder / "fix.csv").exists()
    assert column(folder, "SELECT count(*) FROM rejects") == [0]


def test_what_is_corrected_is_as_new_as_the_export_it_is_from(folder: Path) -> None:
    head = "contact_id,created_at,channel,reply_s,queue\n".replace("reply_s", "wait_s")
    first = f"{head}T1,{DAY},email,,red\nT9,2025-03-31 10:00:00,email,,red\n"
    second = f"{head}T1,{DAY},email,soon,blue\nT9,2025-03-31 10:00:00,email,,red\nT10,2025-04-02 10:00:00,email,,red\n"
    take(folder, write(folder, "e1.csv", first), write(folder, "e2.csv", second))
    done = kpibar("rejects", "e2.csv", "-o", "fix.csv", "--db", DATABASE, folder=folder)
    command = done.stderr.partition("`kpibar ")[2].partition("`")[0].split()
    fix = folder / "fix.csv"
    fix.write_text(fix.read_text().replace("soon", "5"))
    again = kpibar(*command, "--db", DATABASE, folder=folder)
    assert "1 updated" in again.stderr, (command, again.stderr)
    assert held(folder, "SELECT queue FROM contacts WHERE contact_id = 'T1'") == [("blue",)]
