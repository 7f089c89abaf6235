"""Draw docs/report.svg: what `kpibar demo` prints on a terminal of 100 columns.

    python docs/picture.py

Plain SVG text in whatever monospaced font the reader's machine has: no font, style or script is fetched.
"""

import os
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

WIDTH = 100
PICTURE = Path(__file__).with_name("report.svg")

# Ground, ink, then the eight colours of a terminal (the bright ones are the same): each is readable on the ground.
_COLOURS = [
    (0x22, 0x2B, 0x36), (0xFF, 0x7B, 0x72), (0x6C, 0xC6, 0x6C), (0xE3, 0xB3, 0x41),
    (0x79, 0xB8, 0xFF), (0xD2, 0xA8, 0xFF), (0x56, 0xC8, 0xD8), (0xE6, 0xED, 0xF3),
]  # fmt: skip
_THEME = TerminalTheme((0x16, 0x1B, 0x22), (0xE6, 0xED, 0xF3), _COLOURS, _COLOURS)

# rich's own template links a font from the network; this one names none.
_TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="@title">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>
<g transform="translate({terminal_x}, 22)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def demo() -> str:
    """What the demo prints, with its colours."""
    ran = subprocess.run(
        [sys.executable, "-m", "kpibar", "demo", "--color", "always"],
        env={**os.environ, "COLUMNS": str(WIDTH), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        check=True,
    )
    return ran.stdout.rstrip()


def picture(printed: str) -> str:
    """The SVG of text with terminal colours; its first line is the picture's name."""
    title = Text.from_ansi(printed.partition("\n")[0]).plain
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(printed), no_wrap=True, crop=False)
    template = _TEMPLATE.replace("@title", escape(title))
    drawn = console.export_svg(theme=_THEME, code_format=template, unique_id="report")
    return "\n".join(line for line in drawn.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(demo()), encoding="utf-8")
