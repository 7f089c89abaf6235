"""Help in French, where `--lang fr` or KPIBAR_LANG asks for it: the texts of `help.fr.toml` for those in the code.

English stands in the code, as help of options and docstrings of commands. The French file is read when French help is
shown, and not before.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_LANGUAGE = "kpibar.language"
_FRENCH = "fr"
_USAGE = 2
# What stands in brackets behind the help of an option, "[env var: X; default: Y; required]".
_EXTRA = re.compile(r"\[((?:env var: |default: |required)[^]]*)\]$")


@lru_cache(maxsize=1)
def french_help() -> Mapping[str, Mapping[str, str]]:
    """The French texts: of each command, by its path below `kpibar`, and of what several have alike."""
    import tomllib  # as starting without help should not
    from importlib.resources import files

    text = files("kpibar.cli").joinpath("help.fr.toml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, str]] = tomllib.loads(text)
    return texts


def asked_language(arguments: Sequence[str]) -> str | None:
    """The language that arguments ask for with --lang, else that of KPIBAR_LANG.

    ``asked_language(["report", "--lang", "fr", "--help"])`` is "fr".
    """
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for place, word in enumerate(options):
        if word == "--lang" and place + 1 < len(options):
            return options[place + 1]
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return os.environ.get("KPIBAR_LANG")


class HelpCommand(TyperCommand):
    """A command whose help is in the language that is asked for."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        if ctx.meta.get(_LANGUAGE) == _FRENCH:
            _translate(self, _path(ctx), ctx)
            _speak_french(formatter)
        super().format_help(ctx, formatter)


class HelpGroup(TyperGroup):
    """A group of commands whose help is in the language that is asked for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note the language before anything, as help is shown before options are read; without any, show help."""
        ctx.meta.setdefault(_LANGUAGE, asked_language(args))
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), err=True)
            raise typer.Exit(_USAGE)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        if ctx.meta.get(_LANGUAGE) == _FRENCH:
            _translate(self, _path(ctx), ctx)
            for name, below in self.commands.items():
                below.help = french_help()[f"{_path(ctx)} {name}".removeprefix("kpibar ")]["text"]
            _speak_french(formatter)
        super().format_help(ctx, formatter)


class Commands(typer.Typer):
    """Commands whose help is in the language that is asked for."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=HelpGroup, rich_markup_mode=None, **settings)

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **settings: Any
    ) -> Callable[[Any], Any]:
        """Add a command, as `Typer.command` does."""
        return super().command(name, cls=cls or HelpCommand, **settings)


def frame_usage(lines: Iterable[str], ctx: Any) -> list[str]:
    """The lines of a mistake on the command line, the words around its message in the language that is asked for."""
    if ctx is None or ctx.meta.get(_LANGUAGE) != _FRENCH:
        return list(lines)
    words = french_help()["frame"]
    rules = (
        (r"^Usage: ", words["usage"]),
        (r"^Error: ", words["error"]),
        (r"^Try '(.+)' for help\.$", words["try"].replace("{command}", r"\1")),
    )
    return [_replace(line, rules) for line in lines]


def _replace(text: str, rules: Sequence[tuple[str, str]]) -> str:
    for pattern, words in rules:
        text = re.sub(pattern, words, text)
    return text


def _path(ctx: Any) -> str:
    """The name of a command with those of the groups above it, without that of the program."""
    parts = []
    while ctx.parent is not None:
        parts.append(str(ctx.info_name))
        ctx = ctx.parent
    return " ".join(reversed(parts)) or "kpibar"


def _translate(command: Any, path: str, ctx: Any) -> None:
    """Give a command and its arguments and options their French texts."""
    texts = french_help()
    command.help = texts[path]["text"]
    for parameter in command.get_params(ctx):
        parameter.help = texts[path].get(parameter.name) or texts["options"][parameter.name]
        if isinstance(parameter.show_default, str):
            parameter.show_default = texts["defaults"].get(parameter.show_default, parameter.show_default)


def _speak_french(formatter: Any) -> None:
    """Have a formatter of help write its own words in French."""
    words, write_usage, write_dl = french_help()["frame"], formatter.write_usage, formatter.write_dl
    headings = {name.capitalize(): words[name] for name in ("arguments", "options", "commands")}

    def usage(prog: str, args: str = "", prefix: str | None = None) -> None:
        write_usage(prog, args.replace("COMMAND", words["command"]), words["usage"])

    def heading(name: str) -> None:
        formatter.write(f"{'':>{formatter.current_indent}}{headings[name]}\u00a0:\n")

    def rows(pairs: Iterable[tuple[str, str]], *places: int, **widths: int) -> None:
        write_dl([(name, _EXTRA.sub(_french_extra, text)) for name, text in pairs], *places, **widths)

    formatter.write_usage, formatter.write_heading, formatter.write_dl = usage, heading, rows


def _french_extra(extra: re.Match[str]) -> str:
    words = french_help()["frame"]
    rules = (
        (r"env var: ", words["envvar"]),
        (r"default: ", words["default"]),
        (r"\brequired$", words["required"]),
        (r"; ", "\u00a0; "),
    )
    return f"[{_replace(extra[1], rules)}]"
