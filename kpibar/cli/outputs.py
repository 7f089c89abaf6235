"""What a report is written as, and what the place it goes to can show."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kpibar.cli.errors import CorrectionsKept, FormatUnknown
from kpibar.cli.options import Color, Format, Palette
from kpibar.measure.report import Barometer
from kpibar.render.clean import clean
from kpibar.render.formats import FORMATS
from kpibar.render.output import write_whole
from kpibar.render.terminal import Screen

if TYPE_CHECKING:
    from kpibar.load.corrections import Corrections


def format_of(output: Path | None) -> Format:
    """The format a file's extension names; a table for a device or a pipe of no extension. Raises FormatUnknown."""
    if output is None:
        return Format.table
    endings = {format.ending: name for name, format in FORMATS.items()}
    if output.suffix.lower() in endings:
        return Format(endings[output.suffix.lower()])
    if (output.exists() and not output.is_file()) or _is_open_file(output):
        return Format.table
    raise FormatUnknown(output, endings)


def _is_open_file(path: Path) -> bool:
    """Whether a path names an open file of this program by its number, such as /dev/stdout."""
    return str(path.absolute()).startswith(("/dev/fd/", "/dev/std", "/proc/"))


def render_report(barometer: Barometer, output_format: Format, lang: str, screen: Screen) -> str:
    """The report as text."""
    return FORMATS[output_format.value].write(barometer, lang, screen)


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


def write_corrections(corrections: "Corrections", output: Path) -> tuple[str, ...]:
    """Write the rejected records of an export, if there are any; return what to say.

    Raises OutputUnwritable, CorrectionsKept.
    """
    from kpibar.render import summary  # words for files, which take long to import, and no report needs

    if not corrections.content:
        return ("nothing was rejected, nothing is written",)
    if output.is_file() and output.stat().st_size and output.read_bytes() != corrections.content:
        raise CorrectionsKept(output)
    return clean(write_whole(output, corrections.content)), summary.to_correct(corrections, output)
