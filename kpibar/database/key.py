"""Keyed pseudonyms: customer identifiers become HMAC-SHA-256 values under a key that never enters the database.

An unkeyed hash of a telephone number can be reversed by trying them all in minutes; a keyed one cannot without
the key file, which lives outside the database with mode 0600.
"""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kpibar.database.errors import KeyMissing, KeyUnsafe, KeyUnusable
from kpibar.database.store import Store

# Under which names statements take the inner and the outer key of pseudonyms.
KEY_NAMES = (f"inner_{secrets.token_hex(16)}", f"outer_{secrets.token_hex(16)}")
KEY_BYTES = 32
_BLOCK = 64
LONGEST_KEY = 65_536
# Of 32 random bytes more than twenty differ, of hexadecimal digits sixteen.
_FEWEST_SIGNS = 8


@dataclass(frozen=True)
class Key:
    """A secret key and the file it came from."""

    path: Path
    secret: bytes

    @property
    def id(self) -> str:
        """What the database remembers of the key: enough to recognise it, not to derive it."""
        return hashlib.sha256(b"kpibar key id:" + self.secret).hexdigest()[:16]


def key_path(project: str) -> Path:
    """Where the key of a project is: $KPIBAR_KEY_FILE, else the user's settings folder."""
    return named_key() or keys_folder() / f"{project}.key"


def named_key() -> Path | None:
    """The key file that KPIBAR_KEY_FILE names, None without one."""
    name = os.environ.get("KPIBAR_KEY_FILE")
    return Path(name) if name else None


def keys_folder() -> Path:
    """The folder of the keys of projects, in the user's settings folder."""
    from platformdirs import user_config_path

    return user_config_path("kpibar") / "keys"


def load_key(path: Path, *, create: bool = True) -> Key:
    """Read the key; when it does not exist create it (mode 0600, folder 0700), if that is wanted.

    Raises KeyUnusable, KeyUnsafe, KeyMissing.
    """
    try:
        if not path.exists():
            if not create:
                raise KeyMissing(path, exists=False)
            _create(path)
        secret = read_key(path)
        fault = key_fault(path, secret)
    except OSError as error:
        raise KeyUnusable(path, error.strerror or str(error)) from error
    if fault is not None:
        raise KeyUnsafe(path, *fault)
    return Key(path, secret)


def read_key(path: Path) -> bytes:
    """The bytes of a key file. Raises KeyUnusable, OSError."""
    if not path.is_file():  # a pipe would be waited for without end
        raise KeyUnusable(path, "it is not a regular file")
    with path.open("rb") as file:
        secret = file.read(LONGEST_KEY)
    if len(secret) < KEY_BYTES:
        raise KeyUnusable(path, f"it holds fewer than {KEY_BYTES} bytes")
    return secret


def key_fault(path: Path, secret: bytes) -> tuple[str, str] | None:
    """Why a key is not secret, and what to do; None for a sound one. Raises OSError.

    Whoever can read the key can find the customer behind every pseudonym by trying; whoever can write it can know it.
    """
    if len(set(secret)) < _FEWEST_SIGNS:
        return "its bytes repeat so often that it can be guessed", "delete it if no database was filled with it"
    if os.name != "posix":
        return None
    status = path.stat()
    if status.st_mode & 0o077:
        words = f"others may read or change it (mode {status.st_mode & 0o777:04o})"
        return words, f"chmod 600 {path}"
    if os.geteuid() not in (0, status.st_uid) and status.st_uid != 0:
        return f"it belongs to another user (number {status.st_uid})", "make a copy of your own of mode 0600"
    return None


def _create(path: Path) -> None:
    """Write a new key whole or not at all; one that another run has just written stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".kpibar-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            Path(name).rename(path)
    finally:
        Path(name).unlink(missing_ok=True)


def bind(store: Store, key: Key) -> None:
    """Give the key to the statements of the session, and tie the database to it. Raises KeyMissing."""
    key_id = store.meta("key_id")
    if key_id is None:
        store.remember("key_id", key.id)
    elif key_id != key.id:
        raise KeyMissing(key.path)
    store.engine.conceal(padded_keys(key.secret))


def padded_keys(secret: bytes) -> dict[str, bytes]:
    """The two padded keys of RFC 2104, from which the engine computes HMAC, under the names statements take them by."""
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    paddings = (bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block))
    return dict(zip(KEY_NAMES, paddings, strict=True))
