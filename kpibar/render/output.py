"""Reports as files. A regular file appears whole or not at all; a device or a pipe is opened and written.

Symbolic links are followed: what they lead to is written, and they stay. What is no regular file is never replaced.
"""

import errno
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from kpibar.database.store import write_private
from kpibar.errors import OutputUnwritable

# So many seconds a pipe may be without a reader.
_PATIENCE = 20
_MOST_LINKS = 40
_DESCRIPTORS = re.compile(r"/proc/(\d+)(?:/task/\d+)?/fd")
_REFUSALS = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISBLK, "it is a disk, whose content would be destroyed"),
)


def write_whole(path: Path, content: str | bytes | Iterable[str]) -> str:
    """Write a file that appears whole or not at all, of mode 0600, or write into what is no regular file.

    Content in pieces is taken piece by piece. Return what to say of where it was written. Raises OutputUnwritable.
    """
    data = _pieces(content)
    try:
        number = descriptor(path)
        if number is not None:
            return _write(os.dup(number), data, path)
        mode = path.stat().st_mode if path.exists() else None
        for kind, why in _REFUSALS:
            if mode is not None and kind(mode):
                raise OutputUnwritable(path, why)
        if mode is not None and not stat.S_ISREG(mode):
            return _write(_open(path), data, path)
        place = _place(path)
        write_private(place, data)
    except (OSError, RuntimeError) as error:  # a link that leads to itself is either, by the step that meets it
        raise OutputUnwritable(path, getattr(error, "strerror", None) or "its symbolic link leads to itself") from error
    return f"written: {path}" + (f", a symbolic link, into {place}" if path.is_symlink() else "")


def _pieces(content: str | bytes | Iterable[str]) -> Iterator[bytes]:
    """The content as bytes, piece by piece."""
    pieces = (content,) if isinstance(content, (str, bytes)) else content
    return (piece.encode("utf-8") if isinstance(piece, str) else piece for piece in pieces)


def _place(path: Path) -> Path:
    """The file that a path leads to, links followed. Raises OutputUnwritable, OSError, RuntimeError."""
    place = path.resolve()
    if path.exists() and not (place.exists() and place.samefile(path)):
        raise OutputUnwritable(path, "the file it leads to has no name any more")
    link = path.absolute()
    if link.is_symlink() and not _is_trusted(link):
        raise OutputUnwritable(path, "it is a symbolic link of another user in a folder that everybody may write")
    return place


def _is_trusted(link: Path) -> bool:
    """Whether a link is one's own or of the folder's owner, or the folder is not everybody's: the rule of the kernel
    for opening files, which replacing them would go around.
    """
    folder, link_state = link.parent.stat(), link.lstat()
    everybody = folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH
    return not everybody or not hasattr(os, "geteuid") or link_state.st_uid in (os.geteuid(), folder.st_uid)


def descriptor(path: Path) -> int | None:
    """The number of the own open file that a path names (/dev/stdout, /dev/fd/3, /proc/self/fd/1); None for any other.

    Opening it anew would begin at its first byte, over what others wrote into it; replacing it would leave them an
    unnamed file. Raises OSError for a link that leads to itself.
    """
    for _ in range(_MOST_LINKS):
        folder = Path(os.path.realpath(path.absolute().parent))
        match = _DESCRIPTORS.fullmatch(str(folder))
        if match and path.name.isdecimal():
            return int(path.name) if int(match[1]) == os.getpid() else None
        if not (folder / path.name).is_symlink():
            return None
        path = folder / (folder / path.name).readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _open(path: Path) -> int:
    """Open a device, or a pipe once somebody reads it. Raises OutputUnwritable, OSError."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            number = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
        except OSError as error:
            if error.errno != errno.ENXIO or not path.is_fifo():
                raise
            if time.monotonic() > until:
                raise OutputUnwritable(path, f"it is a pipe that nobody has read for {_PATIENCE} seconds") from error
            time.sleep(0.05)
        else:
            os.set_blocking(number, True)
            return number


def _write(number: int, data: Iterable[bytes], path: Path) -> str:
    """Write to an open file, as far as its reader reads. Raises OSError."""
    try:
        with os.fdopen(number, "wb", buffering=0) as file:
            for piece in data:
                view = memoryview(piece)
                while view:
                    view = view[file.write(view) or 0 :]
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        return f"written: {path}, but its reader stopped before the end"
    except BlockingIOError as error:
        raise OutputUnwritable(path, "it accepts no more data") from error
    return f"written: {path}"
