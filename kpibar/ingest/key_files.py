"""Key material: which files hold a key, by their name, their place and their first bytes.

Nothing of such a file is read as an export, shown, or replaced.
"""

import re
from pathlib import Path

from kpibar.ingest.pseudonyms import KEY_BYTES, LONGEST_KEY, keys_folder, named_key

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
# A text of one long word, or of hexadecimal pairs, is a key; an export has a header of several names.
_WORD = re.compile(rb"[A-Za-z0-9+/=_-]{22,}")
_PAIRS = re.compile(rb"(?:0x)?(?:[0-9A-Fa-f]{2}[:, \t\r\n-]{0,2}){16,}")
# A key in one of these forms takes no more bytes.
_LONGEST_FORM = 1024


def is_key_name(path: Path) -> bool:
    """Whether a file is a key by its name, packed or not."""
    name = path.name.lower()
    for packed in (".gz", ".zip"):
        name = name.removesuffix(packed)
    return name.endswith(_NAMES) or _SECURE_SHELL.match(name) is not None


def is_key_place(path: Path) -> bool:
    """Whether a file is where keys of projects are, or is the one that KPIBAR_KEY_FILE names, whatever its name."""
    named = named_key()
    if named is not None and named.exists() and path.exists() and path.samefile(named):
        return True
    return path.resolve().parent == keys_folder().resolve()


def key_form(head: bytes, size: int) -> str | None:
    """What kind of key begins with these bytes; None for what is none. `size` is that of the whole, in bytes."""
    begins = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    text = begins.replace(b"\0", b"") if b"\0" in begins[:8] and begins[:1].isascii() else begins
    if _BLOCK.match(text.lstrip()):
        return "a PEM or PGP block"
    for mark, what in _MARKS:
        if text.lstrip().startswith(mark):
            return what
    if size == KEY_BYTES and not _is_text(head):
        return f"{KEY_BYTES} random bytes"
    if size <= _LONGEST_FORM and (_WORD.fullmatch(text.strip()) or _PAIRS.fullmatch(text.strip())):
        return "a key written as text"
    return None


def is_copy_of_key(path: Path, size: int) -> bool:
    """Whether a file has the content of a key of this user. Raises OSError."""
    if not KEY_BYTES <= size <= LONGEST_KEY:
        return False
    folder, named = keys_folder(), named_key()
    keys = [*(folder.glob("*.key") if folder.is_dir() else ()), *([named] if named else ())]
    return any(key.is_file() and key.stat().st_size == size and key.read_bytes() == path.read_bytes() for key in keys)


def _is_text(content: bytes) -> bool:
    """Whether bytes are a text in ASCII or in UTF-8 without control characters."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(sign.isprintable() or sign in "\t\r\n" for sign in text)
