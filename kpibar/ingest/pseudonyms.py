"""Keyed pseudonyms: customer identifiers become HMAC-SHA-256 values under a key that never enters the database.

An unkeyed hash of a telephone number can be reversed by trying them all in minutes; a keyed one cannot without
the key file, which lives outside the database with mode 0600.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from kpibar.engine import Engine
from kpibar.errors import KeyMissing, KeyUnusable
from kpibar.store import Store

KEY_BYTES = 32
_BLOCK = 64


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
    named = os.environ.get("KPIBAR_KEY_FILE")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("kpibar") / "keys" / f"{project}.key"


def load_key(path: Path) -> Key:
    """Read the key, creating it (mode 0600, folder 0700) when it does not exist. Raises KeyUnusable."""
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes()
    except OSError as error:
        raise KeyUnusable(path, error.strerror or str(error)) from error
    if len(secret) < KEY_BYTES:
        raise KeyUnusable(path, f"it holds fewer than {KEY_BYTES} bytes")
    return Key(path, secret)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))


def bind(store: Store, key: Key) -> None:
    """Give the key to the session as variables, and tie the database to it. Raises KeyMissing."""
    known = store.meta("key_id")
    if known is None:
        store.remember("key_id", key.id)
    elif known != key.id:
        raise KeyMissing(key.path)
    _set_variables(store.engine, key.secret)


def _set_variables(engine: Engine, secret: bytes) -> None:
    """The two padded keys of RFC 2104, from which the engine computes HMAC with its own SHA-256."""
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    engine.run(f"SET VARIABLE key_inner = unhex('{bytes(byte ^ 0x36 for byte in block).hex()}')")
    engine.run(f"SET VARIABLE key_outer = unhex('{bytes(byte ^ 0x5C for byte in block).hex()}')")
