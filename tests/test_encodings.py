"""The ladder of encodings over whole files, what overrides it, and the blocks an export hands out."""

import codecs
import csv
import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpibar.errors import KpibarError
from kpibar.layouts.layout import shelf
from kpibar.read import encoding as ladder
from kpibar.read.alphabets import code_page, words_beyond_ascii
from kpibar.read.errors import EncodingForeign, EncodingMisfit, EncodingUnknown
from kpibar.read.export import Export, open_export
from kpibar.read.lines import streamed_lines
from kpibar.read.records import Fault, Record
from tests.intake import held, records, take_text, write
from tests.texts import SUBJECTS, WESTERN

VOCABULARY = shelf(None).vocabulary()
HEADER = "contact_id,created_at,channel,subject\n"
DAY = "2025-03-01 10:00:00"
FRENCH = f"1,{DAY},email,Déçue de la forêt à Noël\n"
MEGABYTE = 1 << 20


def opened(folder: Path, content: bytes, encoding: str | None = None, fields: tuple[str, ...] = ()) -> Export:
    return open_export(write(folder, "export.csv", content), VOCABULARY, encoding, fields or None)


def cells(export: Export) -> list[list[str]]:
    return [item.cells for item in records(export) if isinstance(item, Record)]


# --- the whole file counts -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, MEGABYTE, 3 * MEGABYTE])
def test_the_last_byte_counts_as_much_as_the_first(folder: Path, size: int) -> None:
    plain = f"1,{DAY},email,{'x' * 50}\n" * (size // 70)
    assert opened(folder, (HEADER + plain + FRENCH).encode("cp1252")).encoding == "cp1252"
    assert opened(folder, (HEADER + plain + FRENCH).encode("utf-8")).encoding == "utf-8"


@pytest.mark.parametrize("lines", [1, 3, 30])
@pytest.mark.parametrize("start", ["utf-8", "cp1252"])
def test_a_file_of_two_encodings_is_refused_where_they_meet(folder: Path, start: str, lines: int) -> None:
    """Whichever comes first, and even if only one line of sixty is the other's: the first bytes that are not UTF-8."""
    rest = "cp1252" if start == "utf-8" else "utf-8"
    content = HEADER.encode() + (FRENCH * lines).encode(start) + (FRENCH * (60 - lines)).encode(rest)
    with pytest.raises(EncodingMisfit) as refused:
        opened(folder, content)
    line = 2 + lines if start == "utf-8" else 2
    assert str(refused.value).startswith(f"{folder / 'export.csv'}:{line}: what follows byte ")
    assert "--encoding" in str(refused.value)


def test_two_encodings_met_at_the_end_of_a_block_are_seen(folder: Path) -> None:
    before = (HEADER + f"1,{DAY},email,é\n").encode("cp1252")
    filling = b"2," + DAY.encode() + b",email," + b"x" * (MEGABYTE - len(before) - 29)
    content = before + filling + "é\n".encode()
    assert content[MEGABYTE - 1 : MEGABYTE + 1] == "é".encode()
    with pytest.raises(EncodingMisfit):
        opened(folder, content)


def test_damaged_utf8_of_another_script_is_no_western_text(folder: Path) -> None:
    with pytest.raises(EncodingMisfit, match="is not utf-8"):
        opened(folder, (HEADER + f"1,{DAY},email,Где мой заказ\n").encode() + b"2,x,y,\xe9\n")


def test_one_undefined_byte_does_not_turn_cp1252_into_another_code_page(folder: Path) -> None:
    content = (HEADER + FRENCH * 20).encode("cp1252") + b"2," + DAY.encode() + b",email,\x81\n"
    with pytest.raises(EncodingMisfit, match=r":22: what follows byte .* is not cp1252"):
        opened(folder, content)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("mark", [True, False])
def test_wide_encodings_are_told_by_mark_or_by_zero_bytes(folder: Path, encoding: str, mark: bool) -> None:
    content = (HEADER + FRENCH).encode(encoding)
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE, "utf-32": b""}
    if encoding == "utf-32" and not mark:
        content = content[4:]
        with pytest.raises(KpibarError):
            opened(folder, content)
        return
    assert cells(opened(folder, (marks[encoding] if mark else b"") + content)) == [next(csv.reader([FRENCH]))]


# --- code pages, by the letters of the languages written with them ------------------------------------

PAGES = ("cp1252", "iso8859-15", "mac-roman", "cp850")
DOS = ("cp850", "cp437")
FOREIGN = [
    *((language, page) for language in ("pl", "cs", "sk", "hu", "ro", "hr") for page in ("cp1250", "iso8859-2")),
    *((language, page) for language in ("pl", "cs", "hu") for page in ("cp852",)),
    ("sl", "cp1250"), ("tr", "cp1254"), ("tr", "iso8859-9"), ("tr", "cp857"),
    *(("ru", page) for page in ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")),
    ("uk", "cp1251"), ("uk", "koi8-u"), ("bg", "cp1251"),
    ("el", "cp1253"), ("el", "iso8859-7"), ("el", "cp737"), ("lt", "cp1257"), ("lv", "cp1257"),
]  # fmt: skip
PLAINER = str.maketrans({"’": "'", "“": "'", "”": "'", "…": "...", "–": "-", "œ": "oe", "ș": "ş", "ț": "ţ"})


def encoded(subject: str, page: str) -> bytes:
    """A subject as somebody writes it whose code page lacks typographic marks."""
    try:
        return subject.encode(page)
    except UnicodeEncodeError:
        return subject.translate(PLAINER).encode(page, "ignore")


def table(subjects: Sequence[str], page: str, *, header: str = "contact_id\tcreated_at\tchannel\treason_raw") -> bytes:
    rows = (f"{n}\t{DAY}\temail\t".encode() + encoded(subject, page) + b"\r\n" for n, subject in enumerate(subjects))
    return header.encode() + b"\r\n" + b"".join(rows)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", WESTERN)
def test_western_text_is_read_in_its_code_page(folder: Path, language: str, page: str) -> None:
    subjects = SUBJECTS[language]
    read = [row[3] for row in cells(opened(folder, table(subjects, page)))]
    assert read == [encoded(subject, page).decode(page) for subject in subjects]


@pytest.mark.parametrize("shape", [str, str.upper], ids=["as written", "capitals"])
@pytest.mark.parametrize("language", WESTERN)
def test_a_single_western_subject_is_never_refused_or_changed(language: str, shape: Callable[[str], str]) -> None:
    """The usual code page, with nothing but one subject to tell it by."""
    for subject in SUBJECTS[language]:
        content = encoded(shape(subject), "cp1252")
        if not content.isascii():
            page = code_page(words_beyond_ascii([content]))
            assert (page.western, content.decode(page.encoding)) == (True, content.decode("cp1252"))


@pytest.mark.parametrize("page", DOS)
@pytest.mark.parametrize("language", ["fr", "de", "es", "nl", "sv"])
def test_two_subjects_tell_the_code_page_of_dos(language: str, page: str) -> None:
    subjects = SUBJECTS[language]
    for pair in pairwise(subjects):
        content = b"\n".join(encoded(subject, page) for subject in pair)
        if not content.isascii():
            assert content.decode(code_page(words_beyond_ascii([content])).encoding) == content.decode(page)


def test_a_french_export_saved_for_ms_dos_keeps_its_reasons(folder: Path) -> None:
    take_text(folder, table(("Où est mon colis ?", "Remboursement demandé", "Où est mon colis ?"), "cp850"))
    found = held(folder, "SELECT reason_raw, count(*) FROM contacts GROUP BY 1 ORDER BY 2 DESC")
    assert found == [("Où est mon colis ?", 2), ("Remboursement demandé", 1)]
    assert held(folder, "SELECT DISTINCT encoding FROM files") == [("cp850",)]


@pytest.mark.parametrize(
    "subjects",
    [
        ("12 €",), ("l’envoi",), ("“bonjour”",), ("Bonjour\u00a0!",), ("n° 5",), ("12 m³", "5 m²"), ("São Paulo",) * 9,
        ("Nový", "Novotný", "déjà payé"), ("Müller", "Nuñez", "Søren", "Žižek"), ("à",), ("½ journée",),
        ("5 µm ± 1",), ("Citroën", "Škoda"), ("CAFé", "RéCLAMATION"), ("Ærø – 100 £",),
        ("Bonjour…", "• colis", "Nespresso™"),
    ],
    ids=lambda subjects: subjects[0],
)  # fmt: skip
def test_few_or_odd_signs_are_no_reason_to_refuse(folder: Path, subjects: tuple[str, ...]) -> None:
    read = [row[3] for row in cells(opened(folder, table(subjects, "cp1252")))]
    assert read == list(subjects)


def test_a_file_of_many_western_languages_is_read(folder: Path) -> None:
    subjects = [subject for language in WESTERN for subject in SUBJECTS[language]]
    assert [row[3] for row in cells(opened(folder, table(subjects, "cp1252")))] == subjects


@pytest.mark.parametrize(("language", "page"), FOREIGN, ids=lambda value: value)
def test_other_letters_are_never_stored_in_silence(folder: Path, language: str, page: str) -> None:
    """Refused, with an encoding to try; said so, it is read."""
    content = table(SUBJECTS[language], page)
    with pytest.raises(EncodingForeign, match="with --encoding"):
        opened(folder, content)
    assert [row[3] for row in cells(opened(folder, content, page))] == [
        encoded(subject, page).decode(page) for subject in SUBJECTS[language]
    ]


@pytest.mark.parametrize(
    ("language", "page"),
    [("pl", "cp1250"), ("cs", "cp1250"), ("hu", "cp1250"), ("ru", "cp1251"), ("ru", "koi8-r"), ("el", "cp1253"),
     ("tr", "cp1254"), ("lt", "cp1257")],
)  # fmt: skip
def test_the_likeliest_encoding_is_named(folder: Path, language: str, page: str) -> None:
    with pytest.raises(EncodingForeign, match=f"--encoding {page}$"):
        opened(folder, table(SUBJECTS[language], page))


def test_utf_16_of_another_script_is_told_by_its_blanks_and_digits(folder: Path) -> None:
    for wide in ("utf-16-le", "utf-16-be"):
        subjects = SUBJECTS["ru"] * 10
        content = "contact_id,created_at,channel,reason_raw\n" + "".join(
            f"{n},{DAY},,{s}\n" for n, s in enumerate(subjects)
        )
        assert [row[3] for row in cells(opened(folder, content.replace(", ", " ").encode(wide)))][:6] == [
            subject.replace(", ", " ") for subject in SUBJECTS["ru"]
        ]


def test_a_few_names_of_central_europe_name_its_code_page(folder: Path) -> None:
    names = ("Order of Mr Dvořák", "Refund", "Where is my parcel", "Complaint by Novák")
    with pytest.raises(EncodingForeign, match=r"--encoding cp1250$"):
        opened(folder, table(names, "cp1250"))


@pytest.mark.sample(8)
@pytest.mark.parametrize(("language", "page"), FOREIGN, ids=lambda value: value)
def test_few_records_are_enough_to_refuse(language: str, page: str) -> None:
    subjects = SUBJECTS[language]
    for start in range(len(subjects)):
        some = [subjects[(start + n) % len(subjects)] for n in range(4)]
        content = b"\n".join(encoded(subject, page) for subject in some)
        assert not code_page(words_beyond_ascii([content])).western


@pytest.mark.parametrize(
    ("text", "page"),
    [("注文はどこですか 返品したい", "shift_jis"), ("我的订单在哪里 请退款", "gb18030"), ("내 주문은 어디", "euc-kr"),
     ("أين طلبي لم يصل بعد", "cp1256"), ("איפה ההזמנה שלי", "cp1255"), ("สินค้าของฉันอยู่ที่ไหน", "cp874")],
)  # fmt: skip
def test_other_scripts_are_refused(folder: Path, text: str, page: str) -> None:
    with pytest.raises(EncodingForeign, match="--encoding"):
        opened(folder, table([text] * 3, page))


# --- what the user says --------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp1250", "cp850", "shift_jis", "utf-16-be", "koi8-r", "UTF-8", "latin-1"])
def test_a_stated_encoding_is_used(folder: Path, encoding: str) -> None:
    text = "Где" if encoding == "koi8-r" else "注文" if encoding == "shift_jis" else "été"
    export = opened(folder, f"{HEADER}1,{DAY},email,{text}\n".encode(encoding), encoding)
    assert cells(export)[0][3] == text


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-8", "shift_jis"])
def test_bytes_that_do_not_fit_the_stated_encoding_are_refused(folder: Path, encoding: str) -> None:
    content = (HEADER + FRENCH).encode("cp1252")
    with pytest.raises(EncodingMisfit, match=encoding):
        opened(folder, content, encoding)


@pytest.mark.parametrize(
    "name", ["klingon", "rot13", "base64", "idna", "punycode", "undefined", "unicode_escape", "a\0b", ""]
)
def test_what_is_no_encoding_of_files_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(EncodingUnknown):
        ladder.codec_of(name)


@pytest.mark.long
def test_the_same_bytes_in_another_encoding_are_read_again(folder: Path) -> None:
    """A wrong guess can be corrected: the file is not "already ingested"."""
    content = f"{HEADER}1,{DAY},Télé\u0161,x\n".encode("cp1250")
    take_text(folder, content, encoding="cp1252")
    assert take_text(folder, content, encoding="cp1252").same_as_before is not None
    assert take_text(folder, content, encoding="cp1250").same_as_before is None
    assert held(folder, "SELECT encoding FROM files ORDER BY 1") == [("cp1250",), ("cp1252",)]


# --- blocks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_blocks_are_the_rest_of_the_text_as_utf8_each_time(folder: Path, encoding: str) -> None:
    rest = f'{FRENCH}2,{DAY},email,"a\r\nb"\r\n3,{DAY},phone,é\r' * 20_000
    export = opened(folder, f"sep=,\n{HEADER}{rest}".encode(encoding))
    assert (export.preamble, export.header_line, export.header_lines, export.first_line) == (1, 2, 1, 3)
    for _ in range(2):
        blocks = list(export.blocks())
        assert b"".join(blocks) == rest.encode()
        assert len(blocks) > 1
        assert max(map(len, blocks)) <= 4 * MEGABYTE


def test_text_has_no_rows_and_says_so(folder: Path) -> None:
    with pytest.raises(ValueError, match="is text"):
        opened(folder, HEADER.encode()).rows()


@given(st.lists(st.text("a\r\n\u2028\x85", max_size=5), max_size=8))
def test_lines_are_those_of_the_standard_library_wherever_the_text_is_cut(parts: list[str]) -> None:
    assert list(streamed_lines(parts)) == io.StringIO("".join(parts), newline="").readlines()


MEMORY = """
import resource, sys
from pathlib import Path
from kpibar.read.export import open_export
from kpibar.layouts.layout import shelf
known = shelf(None).vocabulary()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
export = open_export(Path(sys.argv[1]), known)
assert sum(map(len, export.blocks())) > 300_000_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_large_file_is_never_held(folder: Path, encoding: str) -> None:
    lines = FRENCH.encode(encoding) * 20_000
    with (folder / "large.csv").open("wb") as file:
        file.write(HEADER.encode())
        for _ in range(310_000_000 // len(lines)):
            file.write(lines)
    command = [sys.executable, "-c", MEMORY, str(folder / "large.csv")]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert grown < 50_000, "kilobytes"


# --- dialects ------------------------------------------------------------------------------------------


def test_a_single_quote_quotes_when_the_names_say_so(folder: Path) -> None:
    content = f"'contact_id','created_at','channel'\n'1','{DAY}','e, \"mail'\n'2','{DAY}','it''s'\n"
    export = opened(folder, content.encode())
    assert (export.quote, cells(export)) == ("'", [["1", DAY, 'e, "mail'], ["2", DAY, "it's"]])


@pytest.mark.parametrize("delimiter", ["^", ":", "~", ";"])
def test_the_sep_line_names_any_delimiter(folder: Path, delimiter: str) -> None:
    rows = [["contact_id", "created_at", "channel"], ["1", "2025-03-01", "email"]]
    content = f"sep={delimiter}\r\n" + "".join(delimiter.join(row) + "\r\n" for row in rows)
    export = opened(folder, content.encode())
    assert (export.delimiter, cells(export)) == (delimiter, rows[1:])


def test_a_sep_line_that_the_header_contradicts_is_not_followed(folder: Path) -> None:
    assert opened(folder, f"sep=;\n{HEADER}".encode()).delimiter == ","


IMPORT = ['{"ImportId":"contact_id"}', '{"ImportId":"createdAt","timeZone":"America/Denver"}', '{"ImportId":"c"}']


@pytest.mark.parametrize("questions", [[["Id", "When\nexactly?", "How, please?"]], []])
def test_the_further_header_rows_of_a_survey_tool_are_header(folder: Path, questions: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    rows = [["contact_id", "created_at", "channel"], *questions, IMPORT, ["1", DAY, "email"]]
    csv.writer(out, lineterminator="\n").writerows(rows)
    export = opened(folder, out.getvalue().encode())
    assert (export.header_line, export.header_lines) == (1, 2 + 2 * len(questions))
    assert [column.zone for column in export.columns] == [None, "America/Denver", None]
    assert [(item.line, item.cells) for item in records(export) if isinstance(item, Record)] == [
        (export.first_line, ["1", DAY, "email"])
    ]


def test_the_first_record_is_not_taken_for_a_question(folder: Path) -> None:
    assert opened(folder, f"{HEADER}{FRENCH}".encode()).header_lines == 1


# --- without header ------------------------------------------------------------------------------------

FIELDS = ("contact_id", "created_at", "channel", "subject")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_file_without_header_gets_the_names_of_its_layout(folder: Path, delimiter: str) -> None:
    rows = [["1", DAY, "email", "phone"], ["2", DAY, "phone", "x"]]
    content = "".join(delimiter.join(row) + "\n" for row in rows)
    export = opened(folder, content.encode(), fields=FIELDS)
    assert (export.header_line, export.first_line, export.header_lines) == (0, 1, 0)
    assert (export.delimiter, cells(export)) == (delimiter, rows)
    with pytest.raises(KpibarError):
        opened(folder, f"1{delimiter}2\n".encode(), fields=FIELDS)


def test_a_header_that_is_there_is_used(folder: Path) -> None:
    export = opened(folder, f"channel,subject,created_at,contact_id\nemail,x,{DAY},1\n".encode(), fields=FIELDS)
    assert (export.header_line, cells(export)) == (1, [["email", "x", DAY, "1"]])


LAYOUT = """
name = "switchboard"
fills = "contacts"
grain = "interaction"
detect = ["time", "callid"]
fields = ["time", "callid", "queue"]
[select]
contact_id = 'text("callid")'
created_at = 'epoch("time")'
queue = 'text("queue")'
channel = "'phone'"
"""


def test_a_layout_states_the_names_of_its_columns(folder: Path) -> None:
    write(folder, "layouts/switchboard.toml", LAYOUT)
    outcome = take_text(folder, "1740820000|a1|sales\n1740820060|a2|sales\n", layout="switchboard")
    assert outcome.counts.added == 2
    assert held(folder, "SELECT contact_id, queue FROM contacts ORDER BY 1") == [("a1", "sales"), ("a2", "sales")]


# --- any table, any dialect ----------------------------------------------------------------------------

LETTERS = st.text(st.sampled_from("abz09 éèçàôœß’“«,;|\t'\"\n€\u2028"), max_size=10)
ROWS = st.lists(st.lists(LETTERS, min_size=3, max_size=3).filter(lambda row: row[0].strip() != ""), max_size=6)


@pytest.mark.long
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    before=st.sampled_from(["", "sep={}", "Export of the support desk"]),
)
def test_a_table_in_any_dialect_and_stated_encoding_loses_nothing(
    tmp_path: Path, rows: list[list[str]], delimiter: str, quote: str, end: str, encoding: str, before: str
) -> None:
    """Each record is read as it was, or its first line is reported: a text may look like records of its own."""
    if encoding == "cp1252":
        rows = [[cell.replace("\u2028", "") or "x" for cell in row] for row in rows]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["contact_id", "created_at", "channel"], *rows])
    preamble = before.format(delimiter) + end if before else ""
    export = opened(tmp_path, (preamble + out.getvalue()).encode(encoding), encoding)
    items = list(records(export))
    read = [item.cells for item in items if isinstance(item, Record)]
    if any(isinstance(item, Fault) for item in items):
        assert all(row in rows for row in read) or len(items) >= len(rows)
    else:
        assert read == rows
    assert (export.delimiter, export.quote) == (delimiter, quote)
