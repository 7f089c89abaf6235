"""What a report is written as, and what the place it goes to can show."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kpibar.cli.errors import (
    CorrectionsKept,
    DialectUnused,
    FormatsConflict,
    FormatUnknown,
    OutputTwice,
    TerminalUnfit,
)
from kpibar.cli.options import Color, CsvDialect, Format, Palette
from kpibar.measure.report import Barometer
from kpibar.render.clean import clean
from kpibar.render.formats import FORMATS, Medium
from kpibar.render.output import write_whole
from kpibar.render.terminal import Screen

if TYPE_CHECKING:
    from kpibar.load.corrections import Corrections


@dataclass(frozen=True)
class Destination:
    """A place a report goes to, None: standard output, and the format it is written in there."""

    output: Path | None
    format: Format


def destinations(
    outputs: Sequence[Path], format: Format | None, json: bool, dialect: CsvDialect | None
) -> tuple[Destination, ...]:
    """Where a report goes and in which formats, settled before anything is computed.

    Raises FormatsConflict, FormatUnknown, OutputTwice, TerminalUnfit, DialectUnused, BrowserMissing.
    """
    if json and format not in (None, Format.json):
        raise FormatsConflict("--json", f"--format {format}")
    option = ("--json", Format.json) if json else (f"--format {format}", format) if format else None
    everywhere: tuple[Path | None, ...] = tuple(outputs) or (None,)
    places = [Destination(output, _format(output, option)) for output in everywhere]
    _refuse_repetition(outputs)
    for place in places:
        spec = FORMATS[place.format.value]
        if not spec.is_text and _is_terminal(place.output):
            raise TerminalUnfit(place.format.value, spec.ending)
        spec.prepare()
    if dialect is not None and not any(place.format is Format.csv for place in places):
        raise DialectUnused(dialect.value)
    return tuple(places)


def _refuse_repetition(outputs: Sequence[Path]) -> None:
    """Refuse to write one file twice. Raises OutputTwice."""
    names = [os.path.realpath(output) for output in outputs]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise OutputTwice(outputs[place])


def _format(output: Path | None, option: tuple[str, Format] | None) -> Format:
    """The format of an output: that of the option, which the extension must not contradict, else its extension's."""
    if option is None:
        return format_of(output)
    words, format = option
    extension = _extension_format(output) if output else None
    if extension not in (None, format):
        raise FormatsConflict(words, f"-o {output}")
    return format


def format_of(output: Path | None) -> Format:
    """The format a file's extension names; a table for a device or a pipe of no extension. Raises FormatUnknown."""
    if output is None:
        return Format.table
    if (format := _extension_format(output)) is not None:
        return format
    if (output.exists() and not output.is_file()) or _is_open_file(output):
        return Format.table
    raise FormatUnknown(output, [format.ending for format in FORMATS.values()])


def _extension_format(output: Path) -> Format | None:
    names = (name for name, format in FORMATS.items() if format.ending == output.suffix.lower())
    return next(map(Format, names), None)


def _is_open_file(path: Path) -> bool:
    """Whether a path names an open file of this program by its number, such as /dev/stdout."""
    return str(path.absolute()).startswith(("/dev/fd/", "/dev/std", "/proc/"))


def _is_terminal(output: Path | None) -> bool:
    return (output is None or _is_open_file(output)) and sys.stdout.isatty()


def render_report(
    barometer: Barometer,
    output_format: Format,
    lang: str,
    screen: Screen,
    dialect: CsvDialect | None = None,
    generated_at: datetime | None = None,
) -> str | bytes:
    """The report in a format; bytes where it is no text, or one in an encoding of its own."""
    medium = Medium(screen, dialect.value if dialect else None, generated_at or datetime.now(UTC))
    return FORMATS[output_format.value].write(barometer, lang, medium)


def render_all(
    barometer: Barometer,
    places: Sequence[Destination],
    lang: str,
    look: tuple[Color, Palette],
    dialect: CsvDialect | None,
    *,
    wide: bool = False,
) -> Iterator[tuple[str | bytes, Path | None]]:
    """The report in the format of each place, all of one instant."""
    now = datetime.now(UTC)
    for place in places:
        screen = screen_of(*look, to_file=place.output is not None, wide=wide)
        yield render_report(barometer, place.format, lang, screen, dialect, now), place.output


def screen_of(color: Color, palette: Palette, *, to_file: bool = False, wide: bool = False) -> Screen:
    """What the output can show: a pipe or file gets full width and no colour, NO_COLOR no colour.

    `wide` asks for months as columns.
    """
    terminal = sys.stdout.isatty() and not to_file
    has_colour = color is Color.always or (color is Color.auto and terminal and not os.environ.get("NO_COLOR"))
    width = shutil.get_terminal_size().columns if terminal or os.environ.get("COLUMNS") else None
    return Screen(
        width=None if to_file else width,
        colour=has_colour and not to_file,
        has_styles=(terminal or color is Color.always) and not to_file,
        unicode=to_file or _can_print("▁▲−≤", sys.stdout.encoding),
        palette=palette.value,
        wide=wide,
    )


def _can_print(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write_corrections(corrections: "Corrections", output: Path, lang: str) -> tuple[str, ...]:
    """Write the rejected records of an export, if there are any; return what to say.

    Raises OutputUnwritable, CorrectionsKept.
    """
    from kpibar.render import messages, summary  # words for files, which take long to import, and no report needs

    if not corrections.content:
        return (messages.say("rejects_not_written", lang),)
    if output.is_file() and output.stat().st_size and output.read_bytes() != corrections.content:
        raise CorrectionsKept(output)
    return clean(write_whole(output, corrections.content)), summary.to_correct(corrections, output, lang)
