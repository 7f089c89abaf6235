"""UTF-8 encoded twice is put right and counted, wherever it stands; what only looks like it stays as it is."""

import json
from pathlib import Path

import pytest

from kpibar.load.outcome import Outcome
from kpibar.read.mojibake import may_hold_mojibake, restore
from tests.intake import held, take_text
from tests.support import kpibar
from tests.texts import SUBJECTS, WESTERN
from tests.workbooks import xlsx

DAY = "2025-03-01 10:00:00"
HEADER = "contact_id,created_at,channel,reason_raw\n"
REASONS = ("Colis déjà réclamé", "Où est ma commande ?", "L’étiquette est illisible", "12 € à rembourser", "cœur")


def mojibake(text: str, page: str = "cp1252") -> str:
    """A text whose UTF-8 was taken for a code page; what that page does not define stays a control character."""
    return "".join(bytes([byte]).decode(page, "ignore") or chr(byte) for byte in text.encode("utf-8"))


def rows(reasons: tuple[str, ...]) -> str:
    return "".join(f"{n},{DAY},email,{reason}\n" for n, reason in enumerate(reasons))


def reasons(folder: Path) -> list[str]:
    return [reason for (reason,) in held(folder, "SELECT reason_raw FROM contacts ORDER BY contact_id")]


def restored_records(outcome: Outcome) -> int:
    """How many records the ingest says it restored."""
    return sum(remark.records for remark in outcome.remarks if remark.code == "double_encoding")


@pytest.mark.sample(2)
@pytest.mark.parametrize("page", ["cp1252", "latin-1", "mac-roman", "cp850", "cp437"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", "\ufeff".encode("utf-8").decode("cp1252").encode("utf-8")])
def test_a_file_encoded_twice_is_read_as_it_was_meant_and_told(folder: Path, page: str, mark: bytes) -> None:
    outcome = take_text(folder, mark + mojibake(HEADER + rows(REASONS), page).encode("utf-8"))
    assert reasons(folder) == list(REASONS)
    assert restored_records(outcome) == 5 + (len(mark) > 3)


@pytest.mark.parametrize("times", [2, 3])
def test_what_was_encoded_more_often_is_put_back_as_often(folder: Path, times: int) -> None:
    content = rows(REASONS)
    for _ in range(times):
        content = mojibake(content)
    take_text(folder, HEADER + content)
    assert reasons(folder) == list(REASONS)


@pytest.mark.long
@pytest.mark.parametrize("place", [0, 2, 4])
def test_some_records_encoded_twice_among_sound_ones(folder: Path, place: int) -> None:
    mixed = tuple(mojibake(one) if n == place else one for n, one in enumerate(REASONS))
    outcome = take_text(folder, HEADER + rows(mixed))
    assert reasons(folder) == list(REASONS)
    assert restored_records(outcome) == 1


@pytest.mark.long
def test_one_cell_of_a_record_encoded_twice(folder: Path) -> None:
    content = f"contact_id,created_at,channel,reason_raw,queue\n1,{DAY},email,{mojibake('déjà')},Élysée\n"
    take_text(folder, content)
    assert held(folder, "SELECT reason_raw, queue FROM contacts") == [("déjà", "Élysée")]


def test_the_names_of_columns_encoded_twice(folder: Path) -> None:
    head = "Ticket;Date de création;Objet"
    assert restore(mojibake(head)) == head
    content = f"{mojibake('Numéro')},contact_id,created_at,channel,reason_raw\n5,1,{DAY},email,{mojibake('déjà')}\n"
    take_text(folder, content)
    assert reasons(folder) == ["déjà"]


def test_a_hard_blank_that_became_a_blank(folder: Path) -> None:
    """The second half of à is a hard blank, which spreadsheets replace and cells lose at their end."""
    for written in ("dÃ©jÃ\u00a0 livrÃ©", "dÃ©jÃ  livrÃ©", "dÃ©jÃ livrÃ©"):
        assert restore(written) == "déjà livré"
    assert restore("livrÃ©, dÃ©jÃ") == "livré, déjà"
    assert restore("livrÃ© Ã  domicile") == "livré à domicile"


@pytest.mark.long
@pytest.mark.parametrize("wide", ["utf-16", "utf-8-sig"])
def test_other_wrappings_of_a_text_encoded_twice(folder: Path, wide: str) -> None:
    outcome = take_text(folder, (HEADER + mojibake(rows(REASONS))).encode(wide))
    assert reasons(folder) == list(REASONS)
    assert restored_records(outcome) == 5


@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_encoded_twice_also_in_escapes(folder: Path, ascii_only: bool) -> None:
    objects = [
        {"contact_id": str(n), "created_at": DAY, "channel": "email", "reason_raw": mojibake(reason)}
        for n, reason in enumerate(REASONS)
    ]
    outcome = take_text(folder, json.dumps(objects, ensure_ascii=ascii_only, indent=0), name="export.json")
    assert reasons(folder) == list(REASONS)
    assert restored_records(outcome) == 5


@pytest.mark.long
def test_a_workbook_made_of_a_csv_opened_in_the_wrong_encoding(folder: Path) -> None:
    table = [["contact_id", "created_at", "channel", "reason_raw"]]
    table += [[str(n), DAY, "email", mojibake(reason)] for n, reason in enumerate(REASONS)]
    outcome = take_text(folder, xlsx(table), name="export.xlsx")
    assert reasons(folder) == list(REASONS)
    assert restored_records(outcome) == 5


@pytest.mark.long
def test_it_is_printed_by_ingest_and_listed_by_status(folder: Path) -> None:
    (folder / "twice.csv").write_text(HEADER + mojibake(rows(REASONS)), encoding="utf-8")
    done = kpibar("ingest", "twice.csv", "--db", "x.duckdb", "--tz", "UTC", folder=folder)
    assert "5 lines hold UTF-8 that was encoded twice" in done.stderr
    assert "encoded twice" in kpibar("status", "--db", "x.duckdb", folder=folder).stdout


# --- what only looks like it ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", SUBJECTS)
def test_sound_text_of_any_language_stays_as_it_is(language: str) -> None:
    for subject in SUBJECTS[language]:
        for text in (subject, subject.upper(), f"«\u00a0{subject}\u00a0»", f"“{subject.upper()}”", f"{subject}…"):
            assert restore(text) == text


@pytest.mark.parametrize(
    "text",
    ["INFORMAÇÃO", "AMANHÃ…", "MANHÃ»", "«\u00a0É\u00a0»", "PÅ ”x”", "NESCAFÉ®", "à « déjà »", "├── arbre", "√2 + π",
     "¬ non", "Ăştia", "MAÇÃ–VERDE", "SÃO PAULO – AMANHÃ", "12 € – 5 £", "‚Ärger‘", "ROMÂNĂ”", "N.º 2", "IRMÃ’S",
     "Ã", "Â", "ÎLE D’OLÉRON", "ÄRENDE: “Å”", "QUALITÉ\u00a0: 5\u00a0%"],
)  # fmt: skip
def test_signs_that_a_text_may_mean_stay(text: str) -> None:
    assert restore(text) == text


@pytest.mark.parametrize("language", WESTERN)
@pytest.mark.parametrize("page", ["cp1252", "latin-1", "mac-roman", "cp850"])
def test_every_language_is_put_right_and_looked_for(language: str, page: str) -> None:
    """In small letters; a file in which nothing beyond ASCII is sound is also put right in capitals."""
    for subject in SUBJECTS[language]:
        if "\ufffd" in subject.encode("utf-8").decode(page, "replace") and page != "cp1252":
            continue
        for text in (subject, subject.upper()):
            assert restore(mojibake(text, page), wholly=True) == text
            assert text.isascii() or may_hold_mojibake(mojibake(text, page).encode("utf-8"))
        assert restore(mojibake(subject, page)) == subject


@pytest.mark.long
def test_signs_cut_between_pieces_are_seen(folder: Path) -> None:
    """One record of a large file is encoded twice, and its signs stand where the file is read in pieces."""
    filling, start = f"2,{DAY},email,{'x' * 30}\n", f"1,{DAY},email,"
    for shift in range(3):
        lines, rest = divmod((1 << 20) - 1 - shift - len(HEADER + start), len(filling))
        content = f"{HEADER}{filling * lines}{start}{'x' * rest}dÃ©jÃ\n{filling * 500}"
        assert content.index("dÃ©") == (1 << 20) - 1 - shift
        outcome = take_text(folder, content, name=f"export{shift}.csv")
        assert restored_records(outcome) == 1
