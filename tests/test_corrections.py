"""Rejected records are written as they were, corrected, and ingested into the source they belong to."""

from pathlib import Path

import pytest

from kpibar.database.store import open_store
from kpibar.load.corrections import corrections
from tests.intake import DATABASE, column, config, held, take, take_text, write
from tests.support import kpibar

HEADER = "contact_id,created_at,channel,queue\n"
DAY = "2025-03-01 10:00:00"


def taken(folder: Path, original: Path) -> bytes:
    with open_store(folder / DATABASE, write=False) as store:
        return corrections(store, original, config(folder)).content


@pytest.mark.sample(2)
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


@pytest.mark.long
def test_the_command_says_what_was_said_of_the_original(folder: Path) -> None:
    """Zone, encoding and text as stated; the order of dates as the whole file showed it."""
    write(folder, "kpibar.toml", 'timezone = "Europe/Paris"\n')
    rows = "1,13/04/2025 10:00,email,é\n2,03/04/2025 99:00,email,é\n"
    write(folder, "a.csv", f"{HEADER}{rows}".encode("cp1252"))
    stated = ("--tz", "America/New_York", "--encoding", "cp1252", "--keep-text")
    assert kpibar("ingest", "a.csv", "--db", DATABASE, *stated, folder=folder).returncode == 0
    said = kpibar("rejects", "a.csv", "-o", "fix.csv", "--db", DATABASE, folder=folder).stderr
    command = "--layout kpibar-contacts --tz America/New_York --date-order dmy --encoding cp1252 "
    command += "--as-of 2025-04-13T14:00:00Z --keep-text"
    assert f"`kpibar ingest fix.csv {command}`" in said
    fix = folder / "fix.csv"
    fix.write_bytes(fix.read_bytes().replace(b"99:00", b"10:00"))
    assert kpibar("ingest", "fix.csv", "--db", DATABASE, *command.split(), folder=folder).returncode == 0
    instants = ["2025-04-13 14:00:00", "2025-04-03 14:00:00"]
    assert column(folder, "SELECT created_at::VARCHAR FROM contacts ORDER BY contact_id") == instants


@pytest.mark.long
def test_nothing_rejected_writes_nothing(folder: Path) -> None:
    take_text(folder, f"{HEADER}1,{DAY},email,a\n", name="a.csv")
    done = kpibar("rejects", "a.csv", "-o", "fix.csv", "--db", DATABASE, folder=folder)
    assert (done.returncode, done.stderr) == (0, "nothing was rejected, nothing is written\n")
    assert not (folder / "fix.csv").exists()
    assert column(folder, "SELECT count(*) FROM rejects") == [0]


@pytest.mark.long
@pytest.mark.parametrize(
    "command",
    [
        "rejects a.csv -o a.csv",
        "rejects a.csv -o ./linked.csv",
        "rejects --file a.csv -o a.csv",
        f"rejects -o {DATABASE}",
        f"rejects a.csv -o {DATABASE}.last",
        f"report --format csv -o {DATABASE}",
        "report --format json -o kpibar.toml",
        "report -o a.csv",
        "report --format json -o other.duckdb",
    ],
)
def test_nothing_is_written_over_what_it_is_made_from(folder: Path, command: str) -> None:
    take(folder, write(folder, "a.csv", f"{HEADER}1,{DAY},email,a\n2,never,email,b\n"))
    (folder / "linked.csv").hardlink_to(folder / "a.csv")
    (folder / "other.duckdb").write_bytes((folder / DATABASE).read_bytes())
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = kpibar(*command.split(), "--db", DATABASE, folder=folder)
    assert (done.returncode, "does not overwrite it" in done.stderr) == (2, True), done.stderr
    assert {path: path.read_bytes() for path in before} == before


# --- records of several lines --------------------------------------------------------------------------

DAYS = "2025-03-01 10:00:00 +0100"
ORDERS = "Name,Created at,Lineitem quantity,Lineitem name,Total\n"


@pytest.mark.long
def test_a_record_of_which_a_line_is_broken_is_rejected_and_corrected_whole(folder: Path) -> None:
    lines = [f"#1999,{DAYS},1,a,5\n", f"#2000,{DAYS},1,a,30\n", "#2000,,1,b,,,\n", f"#2001,{DAYS},1,a,5\n"]
    path = write(folder, "orders.csv", ORDERS + "".join(lines))
    outcome = take(folder, path, layout="shopify-orders")[0]
    assert outcome.error is None and (outcome.counts.added, outcome.counts.rejected) == (2, 2), outcome.error
    fix = taken(folder, path).decode()
    assert fix == ORDERS + lines[1] + lines[2]
    take_text(folder, fix.replace("b,,,", "b,"), name="fix.csv", layout="shopify-orders")
    sql = "SELECT value::DOUBLE, n_lines, ordered_at IS NULL FROM orders WHERE order_ref = '#2000'"
    assert held(folder, sql) == [(30.0, 2, False)]


@pytest.mark.long
def test_a_repaired_line_of_a_rejected_record_comes_with_it(folder: Path) -> None:
    lines = [f"#{number},{DAYS},1,a,5\n" for number in range(1900, 1960)]
    order = ["#2001,never,1,a,30\n", f"#2001,{DAYS},1a,5\n", "#2001,,1,a,\n"]
    path = write(folder, "orders.csv", ORDERS + "".join((*lines, *order)))
    outcome = take(folder, path, layout="shopify-orders")[0]
    assert outcome.error is None, outcome.error
    assert outcome.counts.repaired == 1
    assert taken(folder, path).decode().endswith("".join(order))


@pytest.mark.long
def test_the_encoding_is_that_of_the_bytes_not_of_the_name(folder: Path) -> None:
    row = f"1,{DAY},email,été\n2,never,email,été\n"
    old, new = write(folder, "jan/t.csv", (HEADER + row).encode("cp1252")), write(folder, "feb/t.csv", HEADER + row)
    for path in (old, new):
        assert take(folder, path)[0].error is None
    assert taken(folder, old) == (HEADER + row.splitlines()[1] + "\n").encode("cp1252")
    assert taken(folder, new).decode() == HEADER + row.splitlines()[1] + "\n"


@pytest.mark.long
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
