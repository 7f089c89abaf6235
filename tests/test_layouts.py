"""Which layout a header gets, what user layouts and overrides change, what a layout may not say."""

from pathlib import Path

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.layouts.errors import LayoutInvalid, LayoutMissesColumns, LayoutTied, LayoutUnknown
from kpibar.layouts.layout import identify, parse, shelf
from kpibar.load.errors import LayoutContradicted, LayoutUnmatched
from kpibar.read.columns import column, normal
from kpibar.read.errors import HeaderNotFound
from kpibar.render.summary import outcome_lines
from tests.intake import config, held, take, take_text, write

DAY = "2025-03-01 10:00:00"
CONTACTS = f"contact_id,created_at,channel\n1,{DAY},email\n"
OWN_LAYOUT = """
name = "{name}"
fills = "contacts"
grain = "case"
detect = [{detect}]
[select]
contact_id = 'text("contact_id")'
created_at = 'instant("created_at")'
channel = "'post'"
"""


def own_layout(folder: Path, name: str, *detect: str, more: str = "") -> Path:
    text = OWN_LAYOUT.format(name=name, detect=", ".join(f'"{one}"' for one in detect))
    return write(folder, f"layouts/{name}.toml", text + more)


# --- names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("\ufeffTicket  ID ", "ticket id"),
        ("Référence Commande", "reference commande"),
        ("N’est", "n'est"),
        ("Created at (Europe/Paris)", "created at"),
        ("Date (UTC)", "date"),
        ("Note\u00a0client", "note client"),
        ("Amount (EUR)", "amount (eur)"),
    ],
)
def test_names_are_compared_without_case_accents_marks_and_zone(written: str, compared: str) -> None:
    assert normal(written) == compared


def test_the_zone_of_a_name_is_kept_beside_it() -> None:
    assert column("Created at (America/Argentina/Ushuaia)").zone == "America/Argentina/Ushuaia"
    assert column("Amount (EUR)").zone is None


# --- recognising ---------------------------------------------------------------------------------------


def test_a_layout_is_recognised_by_the_header_and_never_by_the_name(folder: Path) -> None:
    assert take_text(folder, CONTACTS, name="zendesk-tickets_sendcloud.csv").layout == "kpibar-contacts"


def test_the_order_of_the_columns_does_not_matter(folder: Path) -> None:
    cells = {"contact_id": "1", "created_at": DAY, "channel": "email"}
    expected = None
    for number, order in enumerate((("channel", "created_at", "contact_id"), ("created_at", "contact_id", "channel"))):
        place = folder / str(number)
        place.mkdir()
        take_text(place, f"{','.join(order)}\n{','.join(cells[name] for name in order)}\n")
        found = held(place, "SELECT contact_id, created_at, channel FROM contacts")
        expected = expected or found
        assert found == expected


def test_every_built_in_layout_recognises_its_own_names() -> None:
    known = shelf(None)
    for layout in known.layouts.values():
        assert identify(Path("x.csv"), layout.vocabulary(), known) == layout, layout.name


def test_a_miss_names_the_closest_layout_and_what_it_lacks(folder: Path) -> None:
    path = write(folder, "x.csv", f"contact_id,created_at,medium\n1,{DAY},email\n")
    error = take(folder, path)[0].error
    assert isinstance(error, LayoutUnmatched)
    assert str(error).startswith(
        f'{path}: no layout matches its header; the closest is "kpibar-contacts", which also needs "channel" '
        "to be recognised; try --layout kpibar-contacts"
    )


def test_the_layout_asked_for_reads_what_the_header_alone_would_not(folder: Path) -> None:
    outcome = take_text(folder, f"contact_id,created_at,medium\n1,{DAY},email\n", layout="kpibar-contacts")
    assert outcome.counts.added == 1
    assert held(folder, "SELECT channel FROM contacts") == [(None,)]


def test_a_layout_asked_for_in_vain(folder: Path) -> None:
    path = write(folder, "x.csv", f"contact_id,channel,created on\n1,email,{DAY}\n")
    error = take(folder, path, layout="kpibar-contacts")[0].error
    assert isinstance(error, LayoutMissesColumns)
    assert 'needs the column "created_at"' in str(error)
    with pytest.raises(LayoutUnknown, match="kpibar-contacts"):
        take(folder, path, layout="nope")


def test_a_tie_names_both_and_layout_settles_it(folder: Path) -> None:
    own_layout(folder, "first", "contact_id", "created_at", "x")
    own_layout(folder, "second", "contact_id", "created_at", "y")
    path = write(folder, "x.csv", f"contact_id,created_at,x,y\n1,{DAY},,\n")
    error = take(folder, path)[0].error
    assert isinstance(error, LayoutTied)
    assert str(error) == f"{path}: first and second match equally well; settle it with --layout first"
    assert take(folder, path, layout="second")[0].layout == "second"


def test_the_most_specific_layout_wins(folder: Path) -> None:
    own_layout(folder, "vague", "contact_id")
    own_layout(folder, "precise", "contact_id", "created_at")
    assert take_text(folder, CONTACTS).layout == "precise"


# --- the user's own ------------------------------------------------------------------------------------


def test_a_layout_beside_kpibar_toml_wins_over_a_built_in_one(folder: Path) -> None:
    own_layout(folder, "mine", "contact_id", "created_at")
    assert take_text(folder, CONTACTS).layout == "mine"
    assert held(folder, "SELECT channel, source FROM contacts") == [("post", "mine")]


def test_a_layout_of_a_built_in_name_replaces_it(folder: Path) -> None:
    own_layout(folder, "kpibar-contacts", "contact_id", "created_at", "channel")
    take_text(folder, CONTACTS)
    assert held(folder, "SELECT channel FROM contacts") == [("post",)]


def test_one_column_of_a_layout_can_be_overridden_in_kpibar_toml(folder: Path) -> None:
    settings = config(
        folder, 'timezone = "UTC"\n[layouts.kpibar-contacts]\norder_ref = \'upper(text("shop order"))\'\n'
    )
    path = write(folder, "x.csv", f"contact_id,created_at,channel,Shop Order\n1,{DAY},email,a1\n")
    assert take(folder, path, settings=settings)[0].error is None
    assert held(folder, "SELECT order_ref, channel FROM contacts") == [("A1", "email")]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("colour = 'text(\"x\")'", '"colour" is not a column of contacts'),
        ("order_ref = 'num(x)'", "takes a column name in double quotes"),
        ('channel = \'enum("x", "nowhere")\'', "there is no [enum.nowhere]"),
    ],
)
def test_an_override_is_checked_like_a_layout(folder: Path, override: str, said: str) -> None:
    settings = config(folder, f'timezone = "UTC"\n[layouts.kpibar-contacts]\n{override}\n')
    with pytest.raises(LayoutInvalid) as caught:
        take(folder, write(folder, "x.csv", CONTACTS), settings=settings)
    assert said in str(caught.value)


def test_sql_that_does_not_run_is_the_layouts_fault_and_stops_only_its_file(folder: Path) -> None:
    own_layout(
        folder, "broken", "contact_id", "created_at", "odd", more="order_ref = 'CAST(year(\"odd\") AS VARCHAR)'\n"
    )
    bad = write(folder, "bad.csv", f"contact_id,created_at,odd\n1,{DAY},x\n")
    good = write(folder, "good.csv", CONTACTS)
    outcomes = take(folder, bad, good)
    assert isinstance(outcomes[0].error, LayoutInvalid)
    assert "broken.toml: not a valid layout: its SQL does not run on" in str(outcomes[0].error)
    assert outcomes[1].counts.added == 1


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"contacts"', '"tickets"', '"fills"'),
        ("contact_id = ", "reason = ", '"reason" is not a column'),
        ("created_at = 'instant(\"created_at\")'", "", 'needs "created_at"'),
        ('"case"', '"case"\nzone = "Mars/Base"', "Mars/Base"),
        ('"case"', '"case"\ncolour = 1', '"colour" is not a setting'),
        ('name = "x"', 'name = "x', "is not valid TOML"),
        ('name = "x"', 'name = "X Y"', '"name"'),
        ("instant(", "moment(", '"moment" is not a function that an expression may use'),
    ],
)
def test_a_layout_says_what_is_wrong_with_it(folder: Path, before: str, after: str, said: str) -> None:
    text = OWN_LAYOUT.format(name="x", detect='"contact_id"')
    assert before in text
    write(folder, "layouts/x.toml", text.replace(before, after))
    path = write(folder, "x.csv", CONTACTS)
    with pytest.raises(LayoutInvalid) as caught:
        take(folder, path)
    assert said in str(caught.value) and "x.toml" in str(caught.value)


# --- what a layout asserts, keeps and folds ------------------------------------------------------------


def durations(factor: float, count: int = 30, wrong: int = 0) -> str:
    """Contacts solved after two hours whose stated duration is `factor` seconds; `wrong` of them say 1."""
    rows = (f"{n},{DAY},email,2025-03-01 12:00:00,{1 if n < wrong else factor}\n" for n in range(count))
    return "contact_id,created_at,channel,resolved_at,resolution_s\n" + "".join(rows)


@pytest.mark.long
def test_an_assertion_catches_hours_given_for_seconds(folder: Path) -> None:
    path = write(folder, "hours.csv", durations(2.0))
    error = take(folder, path)[0].error
    assert isinstance(error, LayoutContradicted)
    assert "resolution_s is in seconds, but only 0 of 30 records agree" in str(error)
    assert held(folder, "SELECT count(*) FROM contacts") == [(0,)]
    assert held(folder, "SELECT count(*) FROM files") == [(0,)]


@pytest.mark.long
def test_an_assertion_allows_one_record_in_twenty_and_needs_twenty(folder: Path) -> None:
    assert take_text(folder, durations(7200.0, 40, wrong=2)).counts.added == 40
    assert take(folder, write(folder, "b.csv", durations(7200.0, 40, wrong=3)))[0].error is not None
    assert take(folder, write(folder, "c.csv", durations(1.0, 19)))[0].error is None


def test_zendesk_hours_for_minutes_are_caught(folder: Path) -> None:
    rows = "".join(f"{n},2025-03-01 10:00:00,2025-03-01 16:00:00,Mail,1,6\n" for n in range(20))
    path = write(folder, "z.csv", "Id,Created at,Solved at,Via,Group stations,Full resolution time in minutes\n" + rows)
    error = take(folder, path)[0].error
    assert isinstance(error, LayoutContradicted) and "minutes" in str(error)


def test_rows_that_keep_leaves_out_are_dropped_not_rejected(folder: Path) -> None:
    path = own_layout(folder, "kept", "contact_id", "created_at", "kind")
    path.write_text("keep = '''\"kind\" = 'in' '''\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    text = f"contact_id,created_at,kind\n1,{DAY},in\n2,{DAY},out\n3,{DAY},\n,not a date,out\n"
    counts = take_text(folder, text).counts
    assert (counts.added, counts.dropped, counts.rejected) == (1, 3, 0)


@pytest.mark.long
def test_folding_takes_the_first_value_of_each_column_in_file_order(folder: Path) -> None:
    path = own_layout(folder, "events", "contact_id", "created_at", "step", more="transfers = 'lines() - 1'\n")
    path.write_text('group = "contact_id"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    text = f"contact_id,created_at,step\na,,in\nb,{DAY},in\na,2025-03-02,x\na,2025-03-03,y\n,{DAY},z\n"
    counts = take_text(folder, text).counts
    assert (counts.records, counts.added, counts.folded, counts.rejected) == (5, 2, 2, 1)
    assert held(folder, "SELECT contact_id, created_on::VARCHAR, transfers FROM contacts ORDER BY 1") == [
        ("a", "2025-03-02", 2),
        ("b", "2025-03-01", 0),
    ]


def test_a_file_that_is_no_export_at_all(folder: Path) -> None:
    error = take(folder, write(folder, "notes.txt", "Dear all,\nhere are the notes.\n"))[0].error
    assert isinstance(error, HeaderNotFound)


def test_a_layout_file_is_text(folder: Path) -> None:
    with pytest.raises(LayoutInvalid, match="is not valid TOML"):
        parse(Path("x.toml"), b"\xff\xfe")


# --- kpibar's own layouts ------------------------------------------------------------------------------

OWN = {
    "kpibar-contacts": "contact_id,created_at,channel,wait_s,answered\n1,2025-01-10,phone,12.5,oui\n",
    "kpibar-orders": "order_ref,ordered_at,value\nA1,2025-01-10T10:00:00Z,12.50\n",
    "kpibar-parcels": "parcel_id,promised_to,delivered_at\nP1,2025-01-10,2025-01-10 18:00\n",
    "kpibar-surveys": "survey_id,kind,score\nS1,nps,10\n",
    "kpibar-notices": "notice_id,order_ref,kind,sent_at\nN1,A1,delay,2025-01-10 10:00\n",
    "kpibar-gestures": "gesture_id,amount,given_at\nG1,5.00,2025-01-10\n",
    "kpibar-costs": "month,channel,amount,currency\n2025-01,Téléphone,5.00,€\n",
}
OWN_ROWS = {
    "kpibar-contacts": ("channel, wait_s, answered, created_on::VARCHAR", ("phone", 12.5, True, "2025-01-10")),
    "kpibar-orders": ("order_ref, value::VARCHAR, ordered_on::VARCHAR", ("A1", "12.50", "2025-01-10")),
    "kpibar-parcels": ("promise_kind, promised_to >= delivered_at, promised_on::VARCHAR", ("day", True, "2025-01-10")),
    "kpibar-surveys": ("kind, score, scale_min, scale_max", ("nps", 10.0, 0.0, 10.0)),
    "kpibar-notices": ("kind, order_ref, sent_at::VARCHAR", ("delay", "A1", "2025-01-10 09:00:00")),
    "kpibar-gestures": ("amount::VARCHAR, given_on::VARCHAR", ("5.00", "2025-01-10")),
    "kpibar-costs": ("month, channel, currency, begins_on::VARCHAR", ("2025-01", "phone", "EUR", "2025-01-01")),
}


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", OWN)
def test_kpibars_own_layouts(folder: Path, name: str) -> None:
    assert take_text(folder, OWN[name]).layout == name
    columns, expected = OWN_ROWS[name]
    assert held(folder, f"SELECT {columns} FROM {name.removeprefix('kpibar-')}") == [expected]


def test_every_built_in_layout_is_read_here_or_with_the_vendors() -> None:
    vendors = Path(__file__).with_name("test_vendors.py").read_text(encoding="utf-8")
    assert [name for name in shelf(None).layouts if name not in OWN and f'"{name}"' not in vendors] == []


@pytest.mark.long
def test_a_column_of_the_users_own_that_the_file_lacks_is_told(folder: Path) -> None:
    """What is built in reads this or that of an export; what is written for one's own export should be there."""
    text = "contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n"
    assert take_text(folder, text).absent == ()
    settings = config(
        folder, 'timezone = "Europe/Paris"\n[layouts.kpibar-contacts]\norder_ref = \'text("shop ordre")\'\n'
    )
    (outcome,) = take(folder, write(folder, "more.csv", text + "2,2025-03-01 10:00:00,email\n"), settings=settings)
    assert outcome.absent == (("order_ref", "shop ordre"),)
    assert (
        '  order_ref stays empty: the file has no column "shop ordre", from which your layout reads it'
        in outcome_lines(outcome, catalogue(Settings()), dry_run=False)
    )
