"""What messages show of the content of files: shapes, and words that some layout lists; of a key, nothing."""

import base64
import gzip
import io
import json
import os
import random
import re
import zipfile
from pathlib import Path

import pytest

from kpibar.checks import check
from kpibar.config import load
from kpibar.database.engine import EngineError
from kpibar.database.errors import KeyUnsafe
from kpibar.database.key import load_key
from kpibar.database.key_files import key_form
from kpibar.database.store import open_store
from kpibar.errors import KpibarError, UsageError
from kpibar.layouts.layout import shelf
from kpibar.load.ingest import _without_values as without_values
from kpibar.privacy import disclosure
from kpibar.read.errors import KeyMaterial
from kpibar.read.export import open_export
from tests.intake import write
from tests.reproducers import DATABASE, GOOD, run

NAMES = shelf(None).vocabulary()
MAIL, PHONE, NAME = "marie.dupont@example.org", "06 12 34 56 78", "Zoé Quimper"
SECRETS = ("marie", "dupont", "12 34", "Quimper", "Zo")


def refused(path: Path) -> str:
    """What is said of a file that cannot be read as an export."""
    with pytest.raises((KpibarError, UsageError)) as error:
        open_export(path, NAMES)
    return str(error.value).replace(str(path), "")


def zipped(*names: str, content: str = "a,b\n1,2\n") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return made.getvalue()


UNKNOWN = {
    "no header": f"{MAIL},{PHONE},{NAME}\n{MAIL},{PHONE},{NAME}\n",
    "an unknown header": f"Foo;{MAIL};Bar\n1;2;3\n",
    "an unknown word beside one": f"Email,{NAME}\n{MAIL},x\n",
    "a tab": f"{MAIL}\t{PHONE}\n",
    "a line without end": f"{MAIL} " * 500,
    "a torn name": f'contact_id,created_at,"{MAIL}\n1,2025-01-01,a\n',
    "two names of a torn header": f"contact_id,created_at,channel,{MAIL}\"\n1,2025-01-01,a,b\n",
    "an object that says a name twice": json.dumps([{"id": 1}])[:-2] + f', "{MAIL}": 1, "{MAIL}": 2}}]',
    "an object of an object": f'[{{"a": {{"{NAME}": 1, "{NAME}": 2}}}}]',
    "lists under addresses": json.dumps({key: [{"contact_id": 1, "created_at": 2}] for key in (MAIL, PHONE)}),
    "no JSON": f'[{{"a": 1}} "{MAIL}"]',
    "members under addresses": zipped(f"{MAIL}.csv", "b.csv"),
    "a member outside": zipped(f"../{MAIL}.csv"),
    "a code page and UTF-8": b"contact_id,created_at\n\xc3\xa9,1\n" * 9 + "Zoé Quimper,1\n".encode("cp1252"),
    "a sign between cells": f"sep=Q\n{NAME}Q{MAIL}\n",
}  # fmt: skip


@pytest.mark.parametrize("content", UNKNOWN.values(), ids=UNKNOWN)
def test_content_is_not_shown(folder: Path, content: str | bytes) -> None:
    path = write(folder, "unknown.dat", content)
    words = refused(path)
    assert not any(secret in words for secret in SECRETS), words


def test_a_part_whose_name_is_blanked_can_be_chosen_by_its_shape(folder: Path) -> None:
    path = write(folder, "a.zip", zipped(f"{MAIL}.csv", "b.csv", content="contact_id,created_at\n1,2025-01-01\n"))
    shape = disclosure.show_name(f"{MAIL}.csv")
    assert shape in refused(path)
    assert len(open_export(Path(f"{path}:{shape}"), NAMES).columns) == 2


def test_known_names_and_ordinary_names_are_shown() -> None:
    known = {"email", "status"}.__contains__
    assert disclosure.show_line('email;"status";marie;06 12', known) == 'email;"status";aaaaa;99 99'
    for name in ("Tickets 2025", "calls_2025-03-01.csv", "export/20250301103000.csv", "Réclamations", "FY25TICKETS"):
        assert disclosure.show_name(name) == name
    assert disclosure.show_words('column "status" is missing', known) == 'column "status" is missing'
    assert "rien" not in disclosure.show_words("string 'O'Brien' and \"x\"", known)


def test_of_what_an_engine_quotes_only_what_the_layout_states_is_shown() -> None:
    """A cell that is a part of some word of the layout is a cell."""
    layout = shelf(None).get("kpibar-contacts")
    for cell in ("a", "re", "contact", "text(", "2025-03-01 9h"):
        words = without_values(EngineError(f"Conversion Error: '{cell}' is no number"), layout)
        assert f"'{cell}'" not in words or cell == disclosure.blank(cell), words
    assert '"channel"' in without_values(EngineError('Binder Error: column "channel" is a text'), layout)


# --- keys ----------------------------------------------------------------------------------------------


def keys() -> dict[str, bytes]:
    """Keys in the forms in which people keep them."""
    secret = random.Random(7).randbytes(32)
    armour = base64.encodebytes(secret)
    return {
        "default.key": secret,
        "copy.csv": secret,
        "hex.txt": secret.hex().encode(),
        "pairs.csv": secret.hex(":").encode() + b"\n",
        "base64.csv": armour,
        "url.txt": base64.urlsafe_b64encode(secret),
        "marked.csv": b"\xef\xbb\xbf" + armour,
        "server.pem": b"anything",
        "id_ed25519": b"anything",
        "private.csv": b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + armour,
        "public.csv": b"ssh-ed25519 AAAA" + armour,
        "age.txt": b"AGE-SECRET-KEY-1QQQQ\n",
        "packed.csv.gz": gzip.compress(secret),
        "default.key.gz": gzip.compress(b"a,b\n"),
        "packed.zip": zipped("default.key"),
    }


NO_KEYS = {
    "an empty member": gzip.compress(b"", mtime=0)[:10] + b"contact.csv\0" + b"\3\0" + bytes(9),
    "a code page": "id;état\r\n1;résolu\r\n2;fermé à l\r\n".encode("cp1252")[:32],
    "UTF-16": "\ufeffid,a\r\n1,2\r\n3,\r\n".encode("utf-16-le"),
    "UTF-16 without mark": "id,a\r\n1,2\r\n3,4\r".encode("utf-16-be"),
    "one long name": b"first_reply_time_in_minutes\n",
    "a name in capitals": b"FirstReplyTimeInMinutes_v2\n",
    "numbers in hexadecimal": b"3fa9c1d2\n4be8a0f1\n5cc7b2e3\n6dd6c3f4\n",
    "numbers": b"20250301000012345678901234567890\n",
    "a list of numbers": b"12345678\n23456789\n34567890\n45678901\n",
    "one number of many signs": b"550e8400-e29b-41d4-a716-446655440000\n",
}


@pytest.mark.parametrize("content", NO_KEYS.values(), ids=NO_KEYS)
def test_what_only_resembles_a_key_is_none(content: bytes) -> None:
    assert key_form(content, len(content)) is None


def test_random_words_are_keys() -> None:
    """Of 200 keys of 16 to 64 bytes, in base 64 without its end, in base 32, in digits of 16, in lines and in pairs."""
    rng = random.Random(5)
    forms = (
        lambda key: base64.b64encode(key).rstrip(b"="), base64.encodebytes, base64.b32encode,
        lambda key: key.hex().encode(), lambda key: key.hex(":").encode(), lambda key: key.hex(" ", 2).encode(),
        lambda key: b"\n".join(key.hex().encode()[place : place + 60] for place in range(0, 2 * len(key), 60)),
    )  # fmt: skip
    for form in forms:
        written = [form(rng.randbytes(rng.choice((24, 32, 48, 64)))) for _ in range(200)]
        found = sum(key_form(text, len(text)) == "a key written as text" for text in written)
        assert found >= 190, (found, written[0])
    raw = [rng.randbytes(32) for _ in range(200)]
    assert all(key_form(secret, 32) == "32 random bytes" for secret in raw)


@pytest.mark.parametrize("name", keys())
def test_a_key_is_refused_by_name_or_form(folder: Path, name: str) -> None:
    content = keys()[name]
    path = write(folder, name, content)
    with pytest.raises(KeyMaterial, match="is key material"):
        open_export(path, NAMES)
    assert content.decode("latin-1")[:12] not in refused(path)


@pytest.mark.long
def test_no_byte_of_any_key_is_printed(folder: Path) -> None:
    """Whatever its name, length and form: the words are the same for all, save numbers of lines and bytes."""
    rng = random.Random(11)
    forms = set()
    for _ in range(200):
        secret = rng.randbytes(rng.choice((16, 31, 32, 33, 48, 64, 100)))
        words = refused(write(folder, "export.csv", secret))
        forms.add(re.sub("[0-9,]+", "9", words))
    shapes = "".join(form.partition("blanked: ")[2].partition("; see")[0] for form in forms)
    assert set(shapes) <= set("a9? ,;|\\t@._-/:'\"()") | set("signs, hardly a text"), forms


def test_a_copy_of_a_key_of_any_form_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phrase = b"correct horse, battery staple; and some more of it\n"
    monkeypatch.setenv("KPIBAR_KEY_FILE", str(write(folder, "mine", phrase)))
    for name in ("mine", "copy.csv"):
        write(folder, name, phrase)
        with pytest.raises(KeyMaterial):
            open_export(folder / name, NAMES)


WEAK = {"zeros": bytes(32), "one byte": b"a" * 40, "two bytes": b"ab" * 20, "a word": b"secret" * 6}


@pytest.mark.parametrize("secret", WEAK.values(), ids=WEAK)
def test_a_key_that_can_be_guessed_is_refused(folder: Path, secret: bytes) -> None:
    path = write(folder, "weak", secret)
    path.chmod(0o600)
    with pytest.raises(KeyUnsafe, match="can be guessed"):
        load_key(path)


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_key_that_others_may_read_is_refused_and_check_says_so(folder: Path) -> None:
    write(folder, "good.csv", GOOD)
    write(folder, "kpibar.toml", 'timezone = "UTC"\n')
    assert run(folder, "ingest", "good.csv").returncode == 0
    key = folder / "key"
    settings = load(folder / "kpibar.toml").settings
    for mode, fine in ((0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o660, False)):
        key.chmod(mode)
        with open_store(folder / DATABASE, write=False) as store:
            found = [one for one in check(store, settings.thresholds, settings.files, key) if one.code == "key"]
        assert (found == []) == fine, mode
        if fine:
            load_key(key)
        else:
            assert "chmod 600" in found[0].text
            with pytest.raises(KeyUnsafe, match="others may read or change it"):
                load_key(key)
    done = run(folder, "check")
    assert done.returncode == 3 and "others may read" in done.stdout + done.stderr
