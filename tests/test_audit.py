"""Audits of recorded reasons: a sample that people label, and the figures corrected by their labels."""

import csv
import io
import json
import stat
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy
import pytest
import xlsxwriter
from statsmodels.stats.proportion import proportion_confint

from kpibar.audit.correction import Correction, correct
from kpibar.audit.labels import read_labels
from kpibar.audit.sample import allocate, draw
from kpibar.cli.demo import sample_folder
from kpibar.config import Config, load
from kpibar.database.store import open_store
from kpibar.kpis.sampling import Tally, stratified_interval, stratified_share
from kpibar.load.outcome import Outcome
from kpibar.render.audit import sample_csv
from tests.support import AS_OF, computed, facts, ingest_tables, kpibar, settings, table
from tests.truth import read_truth

# Three contacts whose reason says WISMO, two of another reason, two of none.
CONTACTS = """
| contact_id | created_at          | channel | lang  | reason_raw         |
| w1         | 2025-03-01 10:00:00 | email   | fr    | Où est ma commande |
| w2         | 2025-03-02 10:00:00 | email   | fr-BE | Où est ma commande |
| w3         | 2025-03-03 10:00:00 | phone   | FR    | Où est ma commande |
| o1         | 2025-03-04 10:00:00 | email   | fr    | Facture            |
| o2         | 2025-03-05 10:00:00 | phone   | fr    | Facture            |
| u1         | 2025-03-06 10:00:00 | email   | fr    |                    |
| u2         | 2025-03-07 10:00:00 | phone   | fr    |                    |
"""
ORDERS = """
| order_ref | ordered_at          |
| 90001     | 2025-03-01 09:00:00 |
| 90002     | 2025-03-01 09:00:00 |
"""
TRUE_WISMO = {"w1", "w2", "o1", "u1"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the contacts; nobody writes to it."""
    folder = tmp_path_factory.mktemp("asked")
    ingest_tables(folder, {"contacts.csv": CONTACTS}, settings(folder), AS_OF)
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of the contacts and orders; nobody writes to it."""
    folder = tmp_path_factory.mktemp("shop")
    ingest_tables(folder, {"contacts.csv": CONTACTS, "orders.csv": ORDERS}, settings(folder), AS_OF)
    return folder


def rogan_gladen(share: float, sensitivity: float, specificity: float) -> float:
    """The formula as Rogan and Gladen (1978) wrote it."""
    return (share + specificity - 1) / (sensitivity + specificity - 1)


def sample_rows(folder: Path, size: int = 200, lang: str = "en") -> list[list[str]]:
    """The lines of a drawn sample, its header first."""
    with open_store(folder / "test.duckdb", write=False) as store:
        text = sample_csv(draw(store, 2025, size), lang)
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";" if lang == "fr" else ","))


def label_rows(rows: list[list[str]], answer: Callable[[list[str]], str]) -> list[list[str]]:
    """The lines of a sample with a label each."""
    return [rows[0], *([row[0], answer(row), *row[2:]] for row in rows[1:])]


def write_rows(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def apply(folder: Path, config: Config, path: Path) -> Correction:
    with open_store(folder / "test.duckdb", write=False) as store:
        return correct(store, config, read_labels(path))


def by_id(row: list[str]) -> str:
    return "yes" if id_of(row) in TRUE_WISMO else "no"


def id_of(row: list[str]) -> str:
    """The id of a contact in its tool."""
    return row[2].rpartition("/")[2]


def test_the_corrected_share_is_that_of_rogan_and_gladen(shop: Path, folder: Path) -> None:
    """All seven are labelled: w1, w2, o1 and u1 ask where an order is, 4 of 7.

    Of these 4 the reason says so of 2: sensitivity 2/4. Of the 3 others it does not of 2 (w3 is wrong): specificity
    2/3. With 3 of 7 by reason: (3/7 + 2/3 - 1) / (2/4 + 2/3 - 1) = (2/21) / (1/6) = 4/7. There are 7 contacts for 2
    orders: 4/7 x 7/2 = 2 an order.
    """
    found = apply(shop, settings(folder), write_rows(folder / "l.csv", label_rows(sample_rows(shop), by_id)))
    assert (found.whole.contacts, found.whole.by_reason, found.whole.labels) == (7, 3, 7)
    assert (found.whole.sensitivity, found.whole.specificity) == pytest.approx((2 / 4, 2 / 3))
    assert found.whole.share is not None
    assert found.whole.share.value == pytest.approx(4 / 7)
    assert found.whole.share.value == pytest.approx(rogan_gladen(3 / 7, 2 / 4, 2 / 3))
    assert found.rate is not None
    assert found.rate.value == pytest.approx(2)
    assert found.share_recorded.value == 3 / 5, "of the contacts with a known reason"
    email, phone = found.parts
    assert (email.language, email.channel, phone.channel) == ("other", "email", "phone"), "no language has 100 contacts"
    assert email.share is not None
    assert phone.share is not None
    assert (email.contacts, email.share.value) == (4, 1.0)
    assert (phone.contacts, phone.share.value) == (3, 0)
    assert (found.blank, found.missing, found.total, found.total_now) == (0, 0, 7, 7)


def test_strata_count_by_their_contacts_and_not_by_their_labels(asked: Path, folder: Path) -> None:
    """w2 has no label: of e-mails with the reason WISMO 1 of 1 asks, which stands for 2 of the 4 e-mails."""
    rows = label_rows(sample_rows(asked), lambda row: "" if id_of(row) == "w2" else by_id(row))
    found = apply(asked, settings(folder), write_rows(folder / "l.csv", rows))
    assert (found.blank, found.missing) == (1, 0)
    email = found.parts[0].share
    assert email is not None
    assert email.value == pytest.approx((2 * 1 + 1 * 1 + 1 * 1) / 4)
    assert found.rate is None, "no orders"


@pytest.mark.sample(1)
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_stratum_without_a_label_may_be_anything(asked: Path, folder: Path, is_deleted: bool) -> None:
    """The call without a reason has no label, or no line at all: one contact of seven."""
    rows = label_rows(sample_rows(asked), lambda row: "?" if id_of(row) == "u2" else by_id(row))
    rows = [row for row in rows if not is_deleted or id_of(row) != "u2"]
    found = apply(asked, settings(folder), write_rows(folder / "l.csv", rows))
    assert (found.blank, found.missing) == ((0, 0) if is_deleted else (1, 0)), "of a kind without a line nobody knows"
    assert sum(part.contacts for part in found.parts) == 7
    assert found.whole.share is not None
    assert found.whole.share.value == pytest.approx(4 / 6), "as the six others"
    low, high = proportion_confint(4 / 6 * 7, 7, method="wilson")
    assert found.whole.share.low == pytest.approx(4 / 7 - (4 / 6 - low)), "4 or 5 of 7, and how a year varies"
    assert found.whole.share.high == pytest.approx(5 / 7 + (high - 4 / 6))
    assert (found.whole.contacts, found.whole.in_strata_without_label, found.whole.sensitivity) == (7, 1, None)


def test_the_formula_gives_the_published_value() -> None:
    assert rogan_gladen(0.20, 0.85, 0.97) == pytest.approx(0.2073, abs=5e-5)


def test_of_a_census_only_the_variation_of_the_year_is_left() -> None:
    """100 of 400 contacts, all labelled: the Wilson interval of 400 contacts."""
    found = stratified_interval([Tally(400, 400, 100)])
    assert found is not None
    assert (found.low, found.high) == pytest.approx(proportion_confint(100, 400, method="wilson"))


def test_ranges_of_strata_without_a_label_add_up() -> None:
    """Half of the records are in ten such strata: a tenth of the other half are hits, from .05 to .55 of all."""
    tallies = [Tally(1000, 1000, 100), *[Tally(100, 0, 0)] * 10]
    assert stratified_share(tallies) == 0.1
    found = stratified_interval(tallies, variation=False)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.05, 0.55))


@pytest.mark.parametrize(
    ("sizes", "shares"),
    [
        ((300, 1500, 700), (0.9, 0.02, 0.2)),
        ((50, 4000, 100), (1.0, 0.001, 0.05)),
        ((5000, 20_000, 9000), (0.8, 0.05, 0.3)),
        ((40, 60, 30), (0.95, 0.0, 0.5)),
    ],
)
def test_intervals_hold_the_true_share(sizes: tuple[int, ...], shares: tuple[float, ...]) -> None:
    """400 years each, three strata in four channels: the contacts vary, then the sample does."""
    chance, inside = numpy.random.default_rng(5), 0
    for _ in range(400):
        tallies, expected = [], 0.0
        for size, share in zip(sizes * 4, shares * 4, strict=True):
            contacts = size // 4
            hits, read = chance.binomial(contacts, share), min(allocate(100, [size] * 4)[0], contacts)
            tallies.append(Tally(contacts, read, int(chance.hypergeometric(hits, contacts - hits, read))))
            expected += contacts * share
        found = stratified_interval(tallies)
        assert found is not None
        inside += found.low <= expected / sum(tally.records for tally in tallies) <= found.high
    assert inside / 400 >= 0.93


@pytest.mark.long
def test_a_sample_is_blind_always_alike_and_grows(folder: Path) -> None:
    many = "".join(
        f"{number},2025-03-01 10:00:00,{'email' if number % 10 else 'phone'},fr,"
        f"{('Où est ma commande', 'Facture', '')[number % 3]}\n"
        for number in range(900)
    )
    computed(folder, {"contacts.csv": "contact_id,created_at,channel,lang,reason_raw\n" + many})
    small, large = sample_rows(folder, 30), sample_rows(folder, 60)
    assert small == sample_rows(folder, 30)
    assert {id_of(row) for row in small} < {id_of(row) for row in large}
    assert "commande" not in str(small[1:])
    assert "reason" not in " ".join(small[0])
    assert len({row[0][5:11] for row in small[1:]}) > 0.9 * len(small), "keys of one stratum do not look alike"
    keys = [row[0][-15:] for row in small[1:]]
    assert keys == sorted(keys), "reasons are mixed"
    kinds = Counter((int(id_of(row)) % 3, row[4]) for row in small[1:])
    # 300 with the reason, 30 of them calls: 27 and 20 (at least). Others: 270 + 270 e-mails, 30 + 30 calls.
    assert kinds == {
        (0, "email"): 27, (0, "phone"): 20, (1, "email"): 20, (2, "email"): 20, (1, "phone"): 20, (2, "phone"): 20
    }  # fmt: skip
    assert {row[5] for row in small[1:]} == {"fr"}


@pytest.mark.long
def test_languages_stay_apart_from_a_hundred_contacts_on(folder: Path) -> None:
    languages = ["fr"] * 99 + ["en-GB"] * 100 + ["", "de"]
    lines = "".join(f"{place},2025-03-01 10:00:00,email,{name}\n" for place, name in enumerate(languages))
    computed(folder, {"contacts.csv": "contact_id,created_at,channel,lang\n" + lines})
    with open_store(folder / "test.duckdb", write=False) as store:
        found = draw(store, 2025, 20).frame.contacts
    counts = {stratum.language: count for stratum, count in found.items()}
    assert counts == {"other": 100, "en": 100, "unknown": 1}


@pytest.mark.long
def test_texts_that_were_kept_are_in_the_sample_without_names_and_formulas(folder: Path) -> None:
    text = "contact_id,created_at,channel,subject,body\n1,2025-03-01 10:00:00,email,=1+1,Bonjour Jean 0612345678\n"
    (folder / "x.csv").write_text(text, encoding="utf-8")
    arguments = ("--db", "test.duckdb")
    assert kpibar("ingest", "x.csv", "--tz", "UTC", "--keep-text", *arguments, folder=folder).returncode == 0
    done = kpibar("audit", "draw", "-o", "s.csv", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    (row,) = list(csv.reader(io.StringIO((folder / "s.csv").read_text(encoding="utf-8-sig"))))[1:]
    assert row[6:] == ["'=1+1", "Bonjour [name] [number]"]
    assert row[1] == ""
    assert stat.S_IMODE((folder / "s.csv").stat().st_mode) == 0o600


@pytest.mark.sample(1)
@pytest.mark.parametrize("form", ["excel", "semicolons", "latin"])
def test_labels_come_back_from_any_spreadsheet(asked: Path, folder: Path, form: str) -> None:
    words = {"yes": "Oui", "no": "NON"}
    rows = label_rows(sample_rows(asked, lang="fr"), lambda row: words[by_id(row)])
    path = folder / ("l.xlsx" if form == "excel" else "l.csv")
    if form == "excel":
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    else:
        text = io.StringIO()
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([*rows, [""] * len(rows[0])])
        path.write_bytes(text.getvalue().encode("utf-8" if form == "semicolons" else "cp1252"))
    share = apply(asked, settings(folder), path).whole.share
    assert share is not None
    assert share.value == pytest.approx(4 / 7)


@pytest.mark.long
def test_the_sample_speaks_of_the_contacts_it_was_drawn_from(folder: Path) -> None:
    """Later exports turn the reasons of w1 and o1 about, mark w2 as spam and add three contacts: the figure stays."""
    computed(folder, {"contacts.csv": CONTACTS})
    path, config = write_rows(folder / "l.csv", label_rows(sample_rows(folder), by_id)), settings(folder)
    before = apply(folder, config, path)
    later = """
    | contact_id | created_at          | channel | lang | reason_raw         | spam | updated_at          |
    | w1         | 2025-03-01 10:00:00 | email   | fr   | Facture            | no   | 2025-12-01 10:00:00 |
    | o1         | 2025-03-04 10:00:00 | email   | fr   | Où est ma commande | no   | 2025-12-01 10:00:00 |
    | w2         | 2025-03-02 10:00:00 | email   | fr   | Où est ma commande | yes  | 2025-12-01 10:00:00 |
    | n1         | 2025-11-01 10:00:00 | chat    | fr   | Où est ma commande | no   | 2025-12-01 10:00:00 |
    | n2         | 2025-11-01 10:00:00 | chat    | fr   | Où est ma commande | no   | 2025-12-01 10:00:00 |
    | n3         | 2025-11-01 10:00:00 | chat    | fr   | Où est ma commande | no   | 2025-12-01 10:00:00 |
    """
    ingest_tables(folder, {"later.csv": table(later)}, config, AS_OF)
    assert facts(folder, "SELECT count(*) FROM fact_contacts WHERE counted") == [(9,)]
    found = apply(folder, config, path)
    assert (found.whole, found.parts) == (before.whole, before.parts)
    assert (found.total, found.total_now) == (7, 9)


@pytest.mark.long
def test_a_spreadsheet_may_leave_out_empty_cells_and_repeat_a_line(asked: Path, folder: Path) -> None:
    rows = label_rows(sample_rows(asked), by_id)
    short = [rows[0], *(row[:3] for row in rows[1:]), rows[1], [""]]
    found = apply(asked, settings(folder), write_rows(folder / "l.csv", short))
    assert found.whole.share is not None
    assert found.whole.share.value == pytest.approx(4 / 7)


def test_right_reasons_that_are_all_read_give_the_rate_of_the_report(folder: Path) -> None:
    """Ten WISMO contacts about each of two orders: they cluster, and the interval is as wide as that of the report."""
    lines = "".join(
        f"{number},2025-03-01 10:{number:02}:00,email,9000{number % 2 + 1},Où est ma commande\n" for number in range(20)
    )
    orders = "order_ref,ordered_at\n" + "".join(f"{90001 + place},2025-03-01 09:00:00\n" for place in range(40))
    contacts = "contact_id,created_at,channel,order_ref,reason_raw\n" + lines
    computed(folder, {"contacts.csv": contacts, "orders.csv": orders})
    rows = label_rows(sample_rows(folder), lambda row: "yes")
    found = apply(folder, settings(folder), write_rows(folder / "l.csv", rows))
    recorded = found.rate_recorded
    assert found.rate is not None
    assert (found.rate.value, found.rate.low, found.rate.high) == pytest.approx(
        (recorded.value, recorded.low, recorded.high)
    )
    assert recorded.effect > 2


@pytest.mark.long
def test_the_audit_counts_the_days_of_the_report(folder: Path) -> None:
    """The exports speak up to 4 March: w1 to o1, four contacts."""
    computed(folder, {"contacts.csv": CONTACTS}, as_of=datetime(2025, 3, 4, 12, 0))
    with open_store(folder / "test.duckdb", write=False) as store:
        assert draw(store, 2025, 20).frame.total == 4


@pytest.mark.long
def test_a_language_is_two_or_three_letters_and_nothing_else(folder: Path) -> None:
    names = ["fil-PH", "\x1b[31mred", "=1+1", "français", "FR_be", "deu"]
    lines = "".join(f"{place},2025-03-01 10:00:00,email,{name}\n" for place, name in enumerate(names * 100))
    computed(folder, {"contacts.csv": "contact_id,created_at,channel,lang\n" + lines})
    with open_store(folder / "test.duckdb", write=False) as store:
        found = draw(store, 2025, 20).frame.contacts
    counts = {stratum.language: count for stratum, count in found.items()}
    assert counts == {"fil": 100, "fr": 100, "deu": 100, "unknown": 300}


@pytest.mark.sample(1)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_command_line_prints_text_and_json(shop: Path, folder: Path, lang: str) -> None:
    settings(folder)
    options = ("--db", str(shop / "test.duckdb"), "--lang", lang)
    done = kpibar("audit", "draw", "--year", "2025", "-o", "s.csv", *options, folder=folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert {"en": "7 of 7 contacts of 2025", "fr": "7 contacts sur 7 de 2025"}[lang] in done.stderr
    again = kpibar("audit", "draw", "--year", "2025", "-o", "s.csv", *options, folder=folder)
    assert again.returncode == 2
    text = (folder / "s.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if lang == "fr" else ","))
    write_rows(folder / "l.csv", label_rows(rows, lambda row: "?" if id_of(row) == "u1" else by_id(row)))
    shown = kpibar("audit", "apply", "l.csv", *options, folder=folder)
    assert shown.returncode == 0, shown.stderr
    words = {"en": ["60.0%", "Total", "without a label: 1;"], "fr": ["60,0\u00a0%", "non annotés\u00a0: 1"]}
    assert all(word in shown.stdout for word in words[lang]), shown.stdout
    found = json.loads(kpibar("audit", "apply", "l.csv", "--json", *options, folder=folder).stdout)
    assert (found["schema"], found["schema_version"], found["year"]) == ("kpibar.audit", "1.0", 2025)
    assert found["wismo_share"]["recorded"]["value"] == 0.6
    assert found["wismo_share"]["corrected"] == found["whole"]["share"]
    assert found["whole"]["channel"] is None
    assert [part["channel"] for part in found["parts"]] == ["email", "phone"]


def true_reasons() -> Mapping[tuple[datetime, str], set[str]]:
    """The reasons the generator of the sample drew, by instant and channel as the exports have them."""
    sys.path.insert(0, str(sample_folder()))
    try:
        from make import SEED, draw_world
        from truth import approaches
    finally:
        sys.path.remove(str(sample_folder()))
    reasons: dict[tuple[datetime, str], set[str]] = defaultdict(set)
    for one in approaches(draw_world(SEED)[1]):
        exact = one.created_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        for at in {exact, exact.replace(second=0)}:
            reasons[at, {"form": "web"}.get(one.contact.channel, one.contact.channel)].add(one.contact.reason)
    return reasons


@pytest.mark.long
def test_labels_of_the_sample_correct_it_to_the_truth(sample: tuple[Path, list[Outcome]], folder: Path) -> None:
    """A fifth of the contacts, read by somebody who knows: the share and the rate of all of them, as they were drawn.

    By recorded reasons the rate is too low and the share too high, as calls seldom have a reason.
    """
    reasons, truth = true_reasons(), read_truth(sample_folder())["2025"]
    at = dict(facts(sample[0], "SELECT contact_uid, {'at': created_at, 'channel': channel} FROM fact_contacts"))

    def answer(row: list[str]) -> str:
        contact = at[row[2]]
        found = reasons[contact["at"], contact["channel"]]
        return "" if len(found) != 1 else "yes" if found == {"wismo"} else "no"

    path = write_rows(folder / "l.csv", label_rows(sample_rows(sample[0]), answer))
    found = apply(sample[0], load(sample_folder() / "kpibar.toml"), path)
    assert found.whole.labels >= 480
    assert found.blank <= 5
    assert found.whole.share is not None
    assert found.whole.share.low <= truth["wismo_share"] <= found.whole.share.high
    assert found.whole.share.value == pytest.approx(truth["wismo_share"], abs=0.005)
    assert found.rate is not None
    assert found.rate.value == pytest.approx(truth["wismo_rate"], abs=0.005)
    assert found.share_recorded.value is not None
    assert found.share_recorded.value > truth["wismo_share"] + 0.01
    calls = next(part for part in found.parts if part.channel == "phone")
    assert calls.sensitivity is not None
    assert calls.sensitivity < 0.8
