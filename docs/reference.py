"""Write docs/cli.md: what every command's --help prints, 100 columns wide and without colour.

python docs/reference.py
"""

from pathlib import Path
from typing import Any

from kpibar.cli.app import command

WIDTH = 100
PAGE = Path(__file__).with_name("cli.md")
_HEAD = """\
# Command line

What `kpibar --help` and `kpibar COMMAND --help` print. `docs/reference.py` writes this page; do not edit it by hand.

Figures go to standard output, words to standard error. Exit codes: 0 done, 1 failed, 2 a wrong option or setting,
3 a check found something, 130 interrupted, 143 terminated.
"""


def page() -> str:
    """The whole reference, as Markdown; the width and colours of the terminal it runs on do not matter."""
    tree: Any = command()
    root = tree.make_context("kpibar", [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH)
    return "\n".join([_HEAD, *_sections("kpibar", tree, root)])


def _sections(title: str, shown: Any, context: Any) -> list[str]:
    """A command and, of a group, those below it."""
    sections = [_section(title, shown, context)]
    for name in shown.list_commands(context) if hasattr(shown, "list_commands") else ():
        below = shown.get_command(context, name)
        inner = below.make_context(name, [], parent=context, resilient_parsing=True)
        sections += _sections(f"{title} {name}", below, inner)
    return sections


def _section(title: str, shown: Any, context: Any) -> str:
    lines = (line.rstrip() for line in shown.get_help(context).splitlines())
    return f"## {title}\n\n```text\n" + "\n".join(lines).strip() + "\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
