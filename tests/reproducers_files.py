"""Reproducers of what can be wrong with the bytes of a file; see `reproducers`."""

import gzip
import io
import zipfile
from pathlib import Path

from kpibar.cli.errors import CorrectionsKept, OutputOverwrites
from kpibar.load.errors import AccountsMixed, BrandsFixed, IdentifiersRounded, TextRefused, TooManyRepairs, TwinsHeld
from kpibar.read import errors as errors
from kpibar.values.errors import DatesSwapped, YearFirst
from tests.intake import write
from tests.reproducers import DAY, GOOD, LAYOUT, Case, reproduces, run, said

CONTENT = GOOD.encode()


def zipped(**members: bytes) -> bytes:
    """A zip archive; `__` in a name stands for its dot."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return held.getvalue()


@reproduces(errors.FileChanged)
def file_that_is_longer_than_the_system_says(folder: Path) -> Case:
    (folder / "live.csv").symlink_to("/proc/version")
    return said("ingest live.csv", "live.csv: changed while it was being read", "try again")


@reproduces(errors.FileDamaged)
def archive_cut_short(folder: Path) -> Case:
    write(folder, "cut.csv.gz", gzip.compress(CONTENT)[:-9])
    return said("ingest cut.csv.gz", "cut.csv.gz: is a damaged gzip archive", "fetch or export it again")


@reproduces(errors.FileEncrypted)
def archive_with_a_password(folder: Path) -> Case:
    locked = bytearray(zipped(a__csv=CONTENT))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    write(folder, "locked.zip", bytes(locked))
    return said("ingest locked.zip", "locked.zip: is protected by a password", "save it without one")


@reproduces(errors.FileTooLarge)
def archive_that_is_a_bomb(folder: Path) -> Case:
    write(folder, "bomb.csv.gz", gzip.compress(CONTENT + bytes(30 << 20)))
    return said("ingest bomb.csv.gz", "bomb.csv.gz: unpacks to more than 100 times its size", "name that file")


@reproduces(errors.ArchiveUnsafe)
def archive_that_reaches_out(folder: Path) -> Case:
    with zipfile.ZipFile(folder / "slip.zip", "w") as archive:
        archive.writestr("../../.profile", CONTENT)
    return said("ingest slip.zip", "slip.zip: holds a member called '../../.aaaaaaa'", "outside the archive")


@reproduces(errors.ArchiveNested)
def archive_in_an_archive(folder: Path) -> Case:
    write(folder, "twice.zip", zipped(a__csv__gz=gzip.compress(CONTENT)))
    return said("ingest twice.zip", "twice.zip: has another archive inside", "take it out")


@reproduces(errors.MemberNeeded)
def archive_of_several_exports(folder: Path) -> Case:
    write(folder, "two.zip", zipped(a__csv=CONTENT, b__csv=CONTENT))
    return said("ingest two.zip", "two.zip: holds 2 files: a.csv, b.csv", '"two.zip:a.csv"')


@reproduces(IdentifiersRounded)
def numbers_that_a_spreadsheet_rounded(folder: Path) -> Case:
    rows = "".join(f"21546901234567{n}000,2025-01-0{n} 10:00:00,email\n" for n in range(1, 7))
    write(folder, "rounded.csv", "contact_id,created_at,channel\n" + rows)
    return said("ingest rounded.csv", "numbers of 6 records", "a spreadsheet rounded them")


@reproduces(errors.MemberUnknown)
def archive_without_that_member(folder: Path) -> Case:
    write(folder, "one.zip", zipped(calls__csv=CONTENT))
    return said("ingest one.zip:call.csv", 'nothing called "call.csv"', "did you mean calls.csv?")


@reproduces(errors.KeyMaterial)
def the_key_of_the_project(folder: Path) -> Case:
    return said("ingest key", "key: is key material", "nothing of it is read or shown")


@reproduces(errors.EncodingMisfit)
def text_of_two_encodings(folder: Path) -> Case:
    rows = "contact_id,created_at,channel\n1,2025-03-01,Téléphone\n".encode()
    write(folder, "glued.csv", rows + "2,2025-03-01,Téléphone\n".encode("cp1252"))
    return said("ingest glued.csv", "glued.csv:3: what follows byte 69 is not utf-8", "--encoding")


@reproduces(errors.EncodingForeign)
def letters_of_central_europe(folder: Path) -> Case:
    rows = "".join(f"{n},2025-03-01,Błędny adres dostawy: ulica Łąkowa, Łódź\n" for n in range(3))
    write(folder, "polish.csv", ("contact_id;created_at;subject\n" + rows.replace(",", ";")).encode("cp1250"))
    return said("ingest polish.csv", "polish.csv: is not UTF-8", "Central European", "with --encoding cp1250")


@reproduces(errors.EncodingUnknown)
def encoding_nobody_knows(folder: Path) -> Case:
    return said("ingest good.csv --encoding klingon", '"klingon" is not a text encoding', "cp1252")


@reproduces(errors.RecordsNotFound)
def json_without_records(folder: Path) -> Case:
    write(folder, "empty.json", "[]")
    return said("ingest empty.json", "empty.json: is JSON without records", "one object a line")


@reproduces(errors.HeaderQuoteUnpaired)
def header_that_lost_a_quote(folder: Path) -> Case:
    write(folder, "torn.csv", 'contact_id,created_at,channel"\n1,2025-03-01 10:00:00,email\n')
    return said(
        "ingest torn.csv --tz UTC", 'torn.csv:1: the column name channel" has a quote without', "remove that quote"
    )


@reproduces(errors.HeaderMoved)
def second_table_with_its_columns_turned(folder: Path) -> Case:
    day = "2025-03-01 10:00:00"
    first = f"contact_id,created_at,channel\n1,{day},email\n"
    write(folder, "turned.csv", f"{first}channel,created_at,contact_id\nchat,{day},2\n")
    return said("ingest turned.csv --tz UTC", "turned.csv:3: a second header", "another order", "a file of its own")


@reproduces(OutputOverwrites)
def corrections_onto_the_original(folder: Path) -> Case:
    return said("rejects good.csv -o ./good.csv", "good.csv: is", "not overwrite it", "choose another file with -o")


@reproduces(CorrectionsKept)
def corrections_that_are_there(folder: Path) -> Case:
    write(folder, "bad.csv", "contact_id,created_at,channel\n8,2025-03-01 10:00:00,email\n9,never,email\n")
    run(folder, "ingest", "bad.csv", "--tz", "UTC")
    write(folder, "fix.csv", "contact_id,created_at,channel\n9,2025-03-02,email\n")
    return said("rejects bad.csv -o fix.csv", "fix.csv: exists already", "perhaps your corrections", "with -o")


@reproduces(errors.EncodingContradicted)
def utf8_said_to_be_a_code_page(folder: Path) -> Case:
    write(folder, "accents.csv", "contact_id,created_at,channel,reason\n1,2025-03-01 10:00:00,email,Réclamation\n")
    return said(
        "ingest accents.csv --tz UTC --encoding cp1252", "accents.csv: its bytes are UTF-8", "without --encoding"
    )


@reproduces(AccountsMixed)
def tickets_of_another_account(folder: Path) -> Case:
    for name, day, domain in (("ours.csv", 1, "com"), ("theirs.csv", 9, "org")):
        rows = "".join(f"{n},2025-03-0{day} 10:00:00,email,c{n}@example.{domain}\n" for n in range(20))
        write(folder, name, "contact_id,created_at,channel,customer\n" + rows)
    return said("ingest ours.csv theirs.csv --tz UTC", "theirs.csv: 20 of 20 records", "another account", "--brand")


@reproduces(TwinsHeld)
def a_history_that_was_imported(folder: Path) -> Case:
    rows = "".join(f"{n},2025-03-{n + 10} 10:0{n % 10}:00,email,c{n}@example.com\n" for n in range(15))
    write(folder, "old.csv", "contact_id,created_at,channel,customer\n" + rows)
    write(folder, "new.csv", "contact_id,created_at,channel,customer\n" + "N" + rows.replace("\n", "\nN")[:-1])
    run(folder, "ingest", "old.csv", "--tz", "UTC", "--brand", "Old")
    return said("ingest new.csv --tz UTC", "new.csv: 15 of 15 contacts", "kpibar-contacts/Old too", "from = 2025-03-25")


@reproduces(BrandsFixed)
def brands_that_share_order_numbers(folder: Path) -> Case:
    write(folder, "orders.csv", "order_ref,ordered_at,brand\n1,2025-03-01,Blue\n1,2025-03-02,Blue Ltd\n")
    run(folder, "ingest", "orders.csv", "--tz", "UTC")
    write(folder, "kpibar.toml", '[brands]\n"Blue Ltd" = "Blue"\n')
    return said("ingest orders.csv --tz UTC", '"Blue Ltd" = "Blue"', "1 order number exists", "start a new database")


@reproduces(TooManyRepairs)
def lines_that_often_lack_a_delimiter(folder: Path) -> Case:
    rows = "".join(f"T{n},2025-03-01 10:00:00,email,Paris{',' * (n % 3 > 0)}{n}\n" for n in range(60))
    write(folder, "glued.csv", "contact_id,created_at,channel,queue,wait_s\n" + rows)
    return said("ingest glued.csv --tz UTC", "glued.csv:2: the first of 20 broken lines", "--no-repair")


@reproduces(YearFirst)
def years_of_two_digits_in_front(folder: Path) -> Case:
    write(folder, "short.csv", "contact_id,created_at,channel\n7,25-03-31 10:00,email\n")
    return said("ingest short.csv --date-order dmy", "the year seems to come first", "%y-%m-%d")


@reproduces(errors.DelimiterUnusable)
def cells_parted_by_a_sign_of_two_bytes(folder: Path) -> Case:
    write(folder, "odd.csv", "sep=§\ncontact_id§created_at§channel\n1§2025-03-01 10:00:00§email\n")
    return said("ingest odd.csv --tz UTC", 'odd.csv: its line sep= states "§"', "expected a sign such as")


@reproduces(DatesSwapped)
def dates_a_spreadsheet_could_read_and_others(folder: Path) -> Case:
    days = [f"2025-{n:02}-04 10:00:00" if n < 13 else f"{n}/04/2025 10:00" for n in range(1, 29)]
    rows = "".join(f"{n},{day},email\n" for n, day in enumerate(days))
    write(folder, "swapped.csv", "contact_id,created_at,channel\n" + rows)
    return said("ingest swapped.csv --tz UTC", "every later one a text (99/99/9999", "--date-order")


@reproduces(TextRefused)
def text_that_the_first_records_do_not_show(folder: Path) -> Case:
    layout = LAYOUT.format(name="mine", more="n", id='"contact_id"') + "wait_s = 'CAST(\"n\" AS DOUBLE)'\n"
    write(folder, "layouts/mine.toml", layout)
    rows = [f"{n},{DAY},{'1' if n < 60_000 else 'Dupont'}\n" for n in range(1, 60_001)]
    write(folder, "late.csv", "contact_id,created_at,n\n" + "".join(rows))
    return said("ingest late.csv --tz UTC", "late.csv: the database engine refuses a text in lines ", "aaaaaa")
