"""Files and settings made to break kpibar: what they try does not happen, and is said."""

import os
from pathlib import Path

import pytest

from kpibar.config import load
from kpibar.database.store import open_store
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.errors import KpiInvalid
from kpibar.read.errors import DelimiterUnusable
from tests.intake import held, take, take_text, write
from tests.support import kpibar

DAY = "2025-03-01 10:00:00"


def test_a_quote_closed_on_the_next_line_swallows_no_record(folder: Path) -> None:
    """The quote opens in the subject of T20 and closes in that of T21: line 21 is no record, T21 is its own."""
    rows = [f"T{n},sujet {n},2025-03-{n % 28 + 1:02d} 10:00:00,email" for n in range(1, 51)]
    rows[19] = rows[19].replace("sujet 20", '"sujet 20')
    rows[20] = rows[20].replace("sujet 21", 'sujet 21"')
    counts = take_text(folder, "contact_id,subject,created_at,channel\n" + "\n".join(rows) + "\n").counts
    assert counts.records == 50
    assert counts.added + counts.rejected == 50


def test_a_quote_around_parcels_without_dates_swallows_none(folder: Path) -> None:
    rows = [f"P{n},O{n},," for n in range(1, 51)]
    rows[19], rows[39] = 'P20,"O20,,', 'P40,O40",,'
    counts = take_text(folder, "parcel_id,order_ref,promised_to,delivered_at\n" + "\n".join(rows) + "\n").counts
    assert counts.added + counts.rejected == 50


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Total,,5", "it is a line of a report"),
        ("1.03E+13,2025-03-01 10:00:00,5", "rounded by a spreadsheet"),
        ("order_ref,ordered_at,value", "it repeats the header"),
    ],
)
def test_a_line_that_is_no_order_is_rejected(folder: Path, line: str, reason: str) -> None:
    outcome = take_text(folder, f"order_ref,ordered_at,value\nA1,{DAY},10\n{line}\nA2,{DAY},10\n")
    assert (outcome.counts.added, outcome.counts.rejected) == (2, 1)
    assert reason in outcome.first_rejects[0]


@pytest.mark.long
def test_a_line_of_a_report_is_a_footer_below_the_records_and_rejected_between_them(folder: Path) -> None:
    head = f"order_ref,ordered_at,value\nA1,{DAY},10\n20 rows,,\n"
    below = take_text(folder, head)
    assert (below.counts.records, below.counts.rejected, below.lines.footer) == (1, 0, 1)
    between = take_text(folder, head + f"A2,{DAY},10\n")
    assert (between.counts.added, between.counts.rejected, between.lines.footer) == (1, 1, 0)
    assert "it is a line of a report" in between.first_rejects[0]


def test_an_absurd_duration_is_rejected_and_reports_go_on(folder: Path) -> None:
    nines = "9" * 300
    outcome = take_text(folder, f"contact_id,created_at,channel,wait_s\n1,{DAY},phone,20\n2,{DAY},phone,{nines}\n")
    assert (outcome.counts.added, outcome.counts.rejected) == (1, 1)
    assert kpibar("report", "--db", "test.duckdb", "--json", folder=folder).returncode == 0


def test_an_own_kpi_has_a_plain_name(folder: Path) -> None:
    own = '[kpis."x; drop"]\ntitle = { en = "x" }\nkind = "count"\nfrom = "contacts"\ndate = "created_on"\nunit = "count"\n'  # noqa: E501
    with pytest.raises(KpiInvalid, match="small letters"):
        catalogue(load(write(folder, "kpibar.toml", own)).settings)


@pytest.mark.long
def test_three_hundred_columns_nobody_reads_cost_nothing(folder: Path) -> None:
    extra = ",".join(f"custom {n}" for n in range(300))
    outcome = take_text(folder, f"contact_id,created_at,channel,{extra}\n1,{DAY},email{',x' * 300}\n")
    assert outcome.counts.added == 1


@pytest.mark.long
def test_status_works_when_a_run_was_cut_before_the_model(folder: Path) -> None:
    take_text(folder, f"contact_id,created_at,channel\n1,{DAY},email\n")
    with open_store(folder / "test.duckdb", write=True) as store:
        for (name,) in store.engine.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'fact_%'"
        ):
            store.engine.run(f"DROP TABLE {name}")
        store.remember("model", "")
    done = kpibar("status", "--db", "test.duckdb", folder=folder)
    assert (done.returncode, "kpibar-contacts" in done.stdout) == (0, True), done.stderr


def test_words_about_a_hostile_file_name_hold_no_control(folder: Path) -> None:
    take_text(folder, f"contact_id,created_at,channel\n1,{DAY},email\n")
    done = kpibar("report", "--db", "test.duckdb", "-o", "o\x1b[31m.json", folder=folder)
    assert done.returncode == 0
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.sample(1)
@pytest.mark.parametrize("cell", ["3.36123E+10", "3,36123e+10", "3E+10"])
@pytest.mark.parametrize("column", ["contact_id", "order_ref", "customer"])
def test_an_identifier_that_lost_its_digits_makes_nobody_one_with_another(folder: Path, column: str, cell: str) -> None:
    given = {"contact_id": "T2", "created_at": DAY, "channel": "email", "order_ref": "7", "customer": "a@b.fr"}
    lines = [",".join(given), "T1," + ",".join([*given.values()][1:])]
    lines += [",".join(f'"{value}"' for value in (given | {column: cell}).values())]
    counts = take_text(folder, "\n".join(lines) + "\n").counts
    assert (counts.added, counts.rejected) == (1, 1)
    assert "rounded by a spreadsheet" in held(folder, "SELECT reason FROM rejects")[0][0]


@pytest.mark.long
def test_a_date_to_come_does_not_make_an_old_export_the_newest(folder: Path) -> None:
    header = "order_ref,ordered_at,value,cancelled_at\n"
    january = write(folder, "jan.csv", f"{header}1,2025-01-01,10,\n2,2025-01-02,10,2052-01-03\n")
    february = write(folder, "feb.csv", f"{header}1,2025-01-01,10,2025-02-02\n3,2025-02-20,10,\n")
    counts = [outcome.counts for outcome in take(folder, january, february)]
    assert (counts[1].updated, counts[1].superseded) == (1, 0)
    assert held(folder, "SELECT count(*) FROM orders WHERE cancelled_at = '2025-02-01 23:00:00'") == [(1,)]


@pytest.mark.long
@pytest.mark.parametrize("more", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
@pytest.mark.parametrize("raw", [b"t\xe9l.csv", "tél.csv".encode()])
def test_a_file_name_in_any_encoding_is_read_and_told(folder: Path, raw: bytes, more: dict[str, str]) -> None:
    name = os.fsdecode(raw)
    write(folder, name, f"contact_id,created_at,channel\n1,{DAY},email\n2,soon,email\n")
    for extra in (["--dry-run"], []):
        done = kpibar("ingest", name, "--db", "x.db", "--tz", "UTC", *extra, folder=folder, **more)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    done = kpibar("rejects", name, "--db", "x.db", folder=folder, **more)
    assert (done.returncode, "aaaa" in done.stdout) == (0, True), done.stderr
    assert kpibar("check", "--db", "x.db", folder=folder, **more).returncode == 0


@pytest.mark.long
@pytest.mark.parametrize("raw", [b"b\xe9.duckdb", "bé.duckdb".encode()])
def test_a_database_is_named_in_utf_8(folder: Path, raw: bytes) -> None:
    write(folder, "t.csv", f"contact_id,created_at,channel\n1,{DAY},email\n")
    done = kpibar("ingest", "t.csv", "--db", os.fsdecode(raw), "--tz", "UTC", folder=folder)
    assert ("not in UTF-8" in done.stderr) is (raw[1] == 0xE9)
    assert (done.returncode, "Traceback" in done.stderr) == (int(raw[1] == 0xE9), False), done.stderr


@pytest.mark.parametrize("sign", ["§", "¤", "\\", "0", "x"])
def test_a_sign_that_cannot_part_cells_is_refused_in_words(folder: Path, sign: str) -> None:
    rows = [sign.join(row) for row in (("contact_id", "created_at", "channel"), *[("T", DAY, "email")] * 9)]
    error = take(folder, write(folder, "odd.csv", f"sep={sign}\n" + "\n".join(rows) + "\n"))[0].error
    assert isinstance(error, DelimiterUnusable)


@pytest.mark.long
@pytest.mark.parametrize("width", [1_000, 2_500])
def test_more_columns_than_an_expression_is_deep(folder: Path, width: int) -> None:
    header = ",".join(("contact_id", "created_at", "channel", *(f"x{n}" for n in range(width - 3))))
    assert (
        take_text(
            folder, f"{header}\nT1,{DAY},email{',' * (width - 3)}\nT2,{DAY},email{',a' * (width - 3)}\n"
        ).counts.added
        == 2
    )


# --- scores --------------------------------------------------------------------------------------------


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "row", ["csat,1,5,99", "csat,1,5,0", "nps,,,11", "nps,,,-5", "csat,5,1,3", "csat,5,1,", "csat,3,3,3"]
)
def test_a_score_beyond_its_scale_rejects_the_answer(folder: Path, row: str) -> None:
    header = "survey_id,answered_at,kind,scale_min,scale_max,score\n"
    good = f"1,{DAY},csat,1,5,5\n2,{DAY},nps,,,0\n3,{DAY},nps,,,10\n4,{DAY},csat,,,7\n"
    counts = take_text(folder, f"{header}{good}9,{DAY},{row}\n").counts
    assert (counts.added, counts.rejected) == (4, 1)


@pytest.mark.sample(2)
@pytest.mark.parametrize("word", ["Bon", "5/5", "4,5", "inf", "1e300", "-3", "10", "0", "Nicht angeboten"])
def test_a_rating_nobody_knows_is_no_answer_and_shown(folder: Path, word: str) -> None:
    header = "id,ticket_id,requester_id,score,created_at\n"
    rows = f'1,1,1,good,2025-03-01T10:00:00Z\n2,2,2,"{word}",2025-03-01T10:00:00Z\n3,3,3,4,2025-03-01T10:00:00Z\n'
    outcome = take_text(folder, header + rows)
    assert outcome.layout == "zendesk-satisfaction"
    assert [n for _, _, n in outcome.unknown] == [1]
    assert held(folder, "SELECT score, answered_at IS NULL FROM surveys ORDER BY survey_id") == [
        (1, False),
        (None, True),
        (4, False),
    ]


@pytest.mark.long
@pytest.mark.parametrize("cell", ["#NAME?", "#REF!"])
@pytest.mark.parametrize("column", ["contact_id", "order_ref"])
def test_the_error_of_a_formula_is_no_identifier(folder: Path, column: str, cell: str) -> None:
    given = {"contact_id": "T2", "created_at": DAY, "channel": "email", "order_ref": "#1001"}
    lines = [",".join(given), "T1," + ",".join([*given.values()][1:]), ",".join((given | {column: cell}).values())]
    counts = take_text(folder, "\n".join(lines) + "\n").counts
    assert (counts.added, counts.rejected) == (1, 1)


@pytest.mark.long
def test_an_identifier_of_json_has_no_point(folder: Path) -> None:
    numbers = ["1001", "1001.0", "1001.5", "12345678901234567.0"]
    rows = (f'{{"contact_id": {number}, "created_at": "{DAY}", "channel": "email"}}' for number in numbers)
    take_text(folder, f"[{', '.join(rows)}]", name="a.json")
    found = held(folder, "SELECT contact_id FROM contacts ORDER BY 1")
    assert found == [("1001",), ("1001.5",), ("12345678901234567.0",)]


@pytest.mark.long
@pytest.mark.parametrize("clock", ["1:30", "26:30"])
def test_two_parts_of_a_clock_in_a_column_of_hours_are_not_taken_for_minutes(folder: Path, clock: str) -> None:
    header = "Ticket ID,Status,Source,Created time,Initial response time,First response time (in hrs)\n"
    rows = f"1,Open,Email,{DAY},,1:30:00\n2,Open,Email,{DAY},,{clock}\n"
    counts = take_text(folder, header + rows, layout="freshdesk-tickets").counts
    assert (counts.added, counts.rejected) == (1, 1)
