"""What the command line prints through: streams may be closed, full, or read by nobody any more.

Data goes to stdout, words to stderr.
"""

import codecs
import errno
import io
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

import typer

from kpibar.cli.help import frame_usage
from kpibar.errors import OutputUnwritable
from kpibar.render.clean import bare, clean

# Signs of a word typed on the command line that are shown again.
_LONG_NAME = re.compile(r'"([^"]{200})[^"]{100,}"')
_LONGEST = 500


class _ClosedStream(io.TextIOBase):
    """Stands in for a standard stream that was closed before the start."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        raise OSError(errno.EBADF, "it is closed")

    def isatty(self) -> bool:
        return False


def guard() -> None:
    """Make the standard streams usable.

    A closed one would lend its number to the next file that is opened, the database perhaps, and words would be
    written into it: its number is given to the null device, and writing to it is refused.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error("bare", bare)
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)


def _usable(stream: TextIO | None) -> TextIO:
    if stream is None:
        return _ClosedStream()  # type: ignore[return-value]
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="bare")
    return stream


def _drop(stream: TextIO, number: int) -> None:
    """Send what a stream that failed still holds to nowhere, so that the end of the process does not fail again."""
    if isinstance(stream, _ClosedStream):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def say(text: str) -> None:
    """Words for the person, on stderr. A run does not fail because nobody can read them."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _drop(sys.stderr, 2)


def leave(code: int) -> NoReturn:
    """End the process at once, with what was written; everything that must be closed has been.

    An interpreter that is taken down while the engine was stopped in mid-work complains on stderr.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def announce(text: str) -> None:
    """One line of words for the person, of which parts may come from file names."""
    say(clean(text))


def refuse_usage(error: typer.TyperException) -> int:
    """Say what is wrong with the command line as it was typed; return the exit code.

    What was typed is shown without what could move the cursor, turn the direction of writing or add lines, and cut.
    """
    if sys.argv[1:]:
        for name, value in list(vars(error).items()):
            if isinstance(value, str):
                setattr(error, name, _short(clean(value)))
    words = io.StringIO()
    error.show(file=words)  # type: ignore[attr-defined]
    for line in frame_usage(words.getvalue().rstrip("\n").split("\n"), getattr(error, "ctx", None)):
        say(clean(line))
    return int(getattr(error, "exit_code", 2))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def emit(content: str | bytes, output: Path | None) -> None:
    """Print, or write to a file (see write_whole). A text ends in a line feed."""
    if isinstance(content, bytes):
        _emit_bytes(content, output)
    else:
        emit_pieces([content if content.endswith("\n") else content + "\n"], output)


def _emit_bytes(content: bytes, output: Path | None) -> None:
    """Print bytes as they are, or write them to a file."""
    from kpibar.render.output import write_whole

    if output is not None:
        say(clean(write_whole(output, content)))
        return
    sys.stdout.flush()
    stream: Any = getattr(sys.stdout, "buffer", sys.stdout)
    try:
        stream.write(content)
        stream.flush()
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        _drop(sys.stdout, 1)
    except OSError as error:
        _drop(sys.stdout, 1)
        raise OutputUnwritable(Path("standard output"), error.strerror or str(error)) from error


def emit_pieces(pieces: Iterable[str], output: Path | None) -> None:
    """Print, or write to a file, piece by piece as they come."""
    if output is None:
        try:
            for piece in pieces:
                sys.stdout.write(piece)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
            _drop(sys.stdout, 1)
        except OSError as error:
            _drop(sys.stdout, 1)
            raise OutputUnwritable(Path("standard output"), error.strerror or str(error)) from error
        return
    from kpibar.render.output import write_whole

    say(clean(write_whole(output, pieces)))


def failure(error: Exception) -> str:
    """The line that an error ends in; of a person's identifier, in the name of a file or a column, the shape."""
    from kpibar.privacy.personal import message_shape
    from kpibar.render.clean import clean

    # A name in somebody's settings may be as long as the file.
    text = _LONG_NAME.sub(lambda name: f'"{name[1]} ..."', str(error))
    return f"kpibar: {clean(message_shape(text))}"
