"""Key material: which files hold a key, by their name, their place and their first bytes.

Nothing of such a file is read as an export, shown, or replaced.
"""

import re
from itertools import pairwise
from pathlib import Path

from kpibar.database.key import KEY_BYTES, LONGEST_KEY, keys_folder, named_key

_NAMES = (".key", ".pem", ".ppk", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".keytab", ".gpg", ".pgp")
_SECURE_SHELL = re.compile(r"id_(rsa|dsa|ecdsa|ed25519)(_sk)?(\.pub)?(\.bak|\.old)?$")
_BLOCK = re.compile(rb"-----BEGIN [A-Z0-9 ]*(KEY|PGP|CERTIFICATE|PARAMETERS|MESSAGE|SIGNATURE|REQUEST)")
_MARKS = (
    (b"---- BEGIN SSH2", "an SSH key"),
    (b"PuTTY-User-Key-File", "a PuTTY key"),
    (b"openssh-key-v1", "an SSH key"),
    (b"ssh-rsa ", "an SSH key"),
    (b"ssh-dss ", "an SSH key"),
    (b"ssh-ed25519 ", "an SSH key"),
    (b"ecdsa-sha2-", "an SSH key"),
    (b"AGE-SECRET-KEY-", "an age key"),
    (b"\x03\xd9\xa2\x9a", "a KeePass database"),
    (b"\xfe\xed\xfe\xed", "a Java key store"),
)
# Archives and workbooks: what they hold is looked at by itself.
_ARCHIVE_MARKS = (b"\x1f\x8b\x08", b"PK\x03\x04", b"PK\x05\x06", b"PAR1", b"\xd0\xcf\x11\xe0")
# A text of one long word whose letters and digits change as in random ones, or of hexadecimal pairs, is a key; one name
# of a column is a word too, and a list of numbers has lines.
_WORD = re.compile(rb"[A-Za-z0-9+/=_-]{22,}")
_HEX = re.compile(rb"(?:0x)?(?:[0-9A-Fa-f]{2}){16,}")
_PAIRS = re.compile(rb"(?:0x)?[0-9A-Fa-f]{2}(?:(?:[:, -]|, |[:,]\s+)(?:0x)?[0-9A-Fa-f]{2}){15,}")
_GROUPS = re.compile(rb"[0-9A-Fa-f]{4}(?: [0-9A-Fa-f]{4}){7,}|[0-9A-Fa-f]{8}(?: [0-9A-Fa-f]{8}){3,}")
_CLASSES = (re.compile(rb"[A-Z]"), re.compile(rb"[a-z]"), re.compile(rb"[0-9]"))
# Programs that write keys break their lines after 60 and more signs.
_SHORTEST_LINE = 48
# A key in one of these forms takes no more bytes.
_LONGEST_FORM = 1024


def is_key_name(path: Path) -> bool:
    """Whether a file is a key by its name, packed or not."""
    name = path.name.lower()
    for ending in (".gz", ".zip"):
        name = name.removesuffix(ending)
    return name.endswith(_NAMES) or _SECURE_SHELL.match(name) is not None


def is_key_place(path: Path) -> bool:
    """Whether a file is where keys of projects are, or is the one that KPIBAR_KEY_FILE names, whatever its name."""
    key_path = named_key()
    if key_path is not None and key_path.exists() and path.exists() and path.samefile(key_path):
        return True
    return path.resolve().parent == keys_folder().resolve()


def key_form(head: bytes, size: int) -> str | None:
    """What kind of key begins with these bytes; None for what is none. `size` is that of the whole, in bytes."""
    begins = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    text = begins.replace(b"\0", b"") if b"\0" in begins[:8] and begins[:1].isascii() else begins
    if _BLOCK.match(text.lstrip()):
        return "a PEM or PGP block"
    for mark, form in _MARKS:
        if text.lstrip().startswith(mark):
            return form
    if size == KEY_BYTES and not head.startswith(_ARCHIVE_MARKS) and not _is_text(head):
        return f"{KEY_BYTES} random bytes"
    if size <= _LONGEST_FORM and _is_written_key(text.strip()):
        return "a key written as text"
    return None


def is_copy_of_key(path: Path, size: int) -> bool:
    """Whether a file has the content of a key of this user. Raises OSError."""
    if not KEY_BYTES <= size <= LONGEST_KEY:
        return False
    folder, key_path = keys_folder(), named_key()
    keys = [*(folder.glob("*.key") if folder.is_dir() else ()), *([key_path] if key_path else ())]
    return any(key.is_file() and key.stat().st_size == size and key.read_bytes() == path.read_bytes() for key in keys)


def _is_written_key(text: bytes) -> bool:
    """Whether a text is a key in hexadecimal digits, in pairs of them, or in one of the codes of 64 or 32 signs."""
    lines = text.split()
    has_even_lines = all(len(line) == len(lines[0]) >= _SHORTEST_LINE for line in lines[:-1])
    content = b"".join(lines) if has_even_lines else text
    if _HEX.fullmatch(content) or _PAIRS.fullmatch(text) or _GROUPS.fullmatch(text):
        # Digits alone are numbers: in a key one of 16 digits is a letter too often.
        return bool(re.search(rb"[A-Fa-f]", content.replace(b"0x", b"")) and re.search(rb"[0-9]", content))
    return _WORD.fullmatch(content) is not None and _is_random(content)


def _is_random(word: bytes) -> bool:
    """Whether small letters, capitals and digits change in a word as often as they do in a random one."""
    if word.endswith(b"="):
        return len(word) % 4 == 0
    present = [place for place, signs in enumerate(_CLASSES) if signs.search(word)]
    if 2 not in present or len(present) == 1:
        return False
    classes = [next((place for place in present if _CLASSES[place].match(bytes([sign]))), None) for sign in word]
    changes = sum(left_class != right_class for left_class, right_class in pairwise(classes))
    # Of 64 signs two neighbours are of two classes in 65 % of cases, of 32 in 30 %, in names of columns in 20 to 40.
    # In a name of words with capitals no capital follows another or a digit.
    if len(present) == 3:
        return changes >= 0.42 * len(word) and re.search(rb"[A-Z0-9][A-Z]", word) is not None
    return None not in classes and changes >= 0.2 * len(word)


def _is_text(content: bytes) -> bool:
    """Whether bytes are a text: in UTF-8, in UTF-16, or most of them in ASCII; without control characters."""
    for encoding in ("utf-8", _wide(content)):
        try:
            text = content.decode(encoding) if encoding else ""
        except UnicodeDecodeError:
            continue
        if text and all(sign.isprintable() or sign in "\t\r\n\ufeff" for sign in text):
            return True
    plain = sum(32 <= sign < 127 or sign in b"\t\r\n" for sign in content)
    # Of random bytes 12 of 32 are, and four are control characters.
    return 4 * plain >= 3 * len(content) and not any(sign < 32 and sign not in b"\t\r\n" for sign in content)


def _wide(content: bytes) -> str | None:
    """The encoding of two bytes a sign that a text may have: it begins with its mark, or half of it is zero."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = content[1::2].count(0), content[::2].count(0)
    return None if max(zeros) < len(content) // 3 else "utf-16-le" if zeros[0] > zeros[1] else "utf-16-be"
