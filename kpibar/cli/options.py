"""The options several commands share, and the values they take."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpibar import DEFAULT_DATABASE
from kpibar.cli.completion import complete_brand, complete_carrier, complete_channel, complete_team, complete_zone

if TYPE_CHECKING:
    from kpibar.config import Config

# Seconds a command that only reads waits for one that writes.
READING_WAIT = 5.0


class Format(StrEnum):
    """What a report can be written as: the entries of render/formats.py, which takes longer to import."""

    table = "table"
    json = "json"
    csv = "csv"
    html = "html"
    md = "md"
    xlsx = "xlsx"
    pdf = "pdf"
    svg = "svg"
    png = "png"


class CsvDialect(StrEnum):
    """How a CSV is written: for machines, or so that a spreadsheet of that language opens it by double click."""

    default = "default"
    excel_fr = "excel-fr"


class Lang(StrEnum):
    """Languages of what is printed."""

    en = "en"
    fr = "fr"


def choose_language(lang: Lang | None, config: "Config") -> str:
    """The language to speak: that of the option or of KPIBAR_LANG, else that of the settings, else English."""
    return lang.value if lang else config.settings.lang or Lang.en.value


class DateOrder(StrEnum):
    """Orders of day, month and year in numeric dates."""

    dmy = "dmy"
    mdy = "mdy"


class Color(StrEnum):
    """When to colour the terminal."""

    auto = "auto"
    always = "always"
    never = "never"


class Palette(StrEnum):
    """Colours of better and worse."""

    default = "default"
    cvd = "cvd"


DatabaseOption = Annotated[
    Path | None,
    typer.Option("--db", envvar="KPIBAR_DB", help="Database file.", show_default=DEFAULT_DATABASE),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="KPIBAR_CONFIG", help="Settings file.", show_default="nearest kpibar.toml upward"),
]
LangOption = Annotated[Lang | None, typer.Option("--lang", envvar="KPIBAR_LANG", help="Language.", show_default="en")]
ColorOption = Annotated[Color, typer.Option("--color", help="Colour the output.")]
PaletteOption = Annotated[Palette, typer.Option("--palette", help="Colours; cvd = blue and yellow.")]
WaitOption = Annotated[
    float,
    typer.Option("--wait", envvar="KPIBAR_WAIT", min=0, help="Seconds to wait while the database is in use."),
]
MaxRejectsOption = Annotated[
    str,
    typer.Option(
        "--max-rejects",
        help="Refuse a file with more rejected records: 0, 25, 2.5% (a percentage lets ten pass).",
    ),
]
RepairOption = Annotated[
    bool, typer.Option("--repair/--no-repair", help="Read damaged records where only one reading fits.")
]
EncodingOption = Annotated[str | None, typer.Option("--encoding", help="Encoding of all files, such as cp1252.")]
ShareOption = Annotated[
    bool, typer.Option("--share", help="For others to read: no group of fewer than 10, no names of files.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]
FormatOption = Annotated[
    Format | None, typer.Option("--format", help="Output format.", show_default="that of the file, else table")
]
OutputsOption = Annotated[
    list[Path] | None,
    typer.Option("-o", "--output", help="Write here, in the format of the extension; may be repeated."),
]
CsvDialectOption = Annotated[
    CsvDialect | None,
    typer.Option(
        "--csv-dialect",
        help="How a CSV is written; excel-fr opens in a French Excel.",
        show_default="excel-fr in French",
    ),
]
YearOption = Annotated[int | None, typer.Option("--year", help="Year to report.", show_default="the last with data")]
BrandOption = Annotated[str | None, typer.Option("--brand", help="Only this brand.", autocompletion=complete_brand)]
CarrierOption = Annotated[
    str | None, typer.Option("--carrier", help="Only this carrier.", autocompletion=complete_carrier)
]
ChannelOption = Annotated[
    str | None, typer.Option("--channel", help="Only this channel, such as email.", autocompletion=complete_channel)
]
TeamOption = Annotated[str | None, typer.Option("--team", help="Only this team.", autocompletion=complete_team)]
ZoneOption = Annotated[
    str | None,
    typer.Option(
        "--tz",
        envvar="KPIBAR_TZ",
        help="Zone of times without offset, such as Europe/Paris.",
        autocompletion=complete_zone,
    ),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIMENSION",
        help="Break each KPI down by channel, brand, carrier, country, reason, team, queue, lang, agent or month; "
        "may be repeated.",
    ),
]
DateOrderOption = Annotated[
    DateOrder | None, typer.Option("--date-order", help="Whether 03/04/2025 is 3 April (dmy) or March 4 (mdy).")
]
KeepTextOption = Annotated[bool, typer.Option("--keep-text", help="Keep subjects, tags and bodies (personal data!).")]
