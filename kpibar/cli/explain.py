"""The command `explain`: how the records read became a figure, why it moved, and which records are behind it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kpibar.cli.completion import complete_kpi
from kpibar.cli.console import announce, emit
from kpibar.cli.options import (
    READING_WAIT,
    BrandOption,
    CarrierOption,
    ChannelOption,
    Color,
    ColorOption,
    ConfigOption,
    CsvDialect,
    CsvDialectOption,
    DatabaseOption,
    JsonOption,
    LangOption,
    Palette,
    TeamOption,
    WaitOption,
    YearOption,
    choose_language,
)


class Dimension(StrEnum):
    """What the change of a figure can be told by."""

    channel = "channel"
    carrier = "carrier"
    reason = "reason"
    brand = "brand"
    country = "country"
    team = "team"
    queue = "queue"
    lang = "lang"
    agent = "agent"


def explain(
    kpi: Annotated[
        str, typer.Argument(help="The KPI, such as late_share.", show_default=False, autocompletion=complete_kpi)
    ],
    by: Annotated[
        list[Dimension] | None,
        typer.Option(
            help="Tell the change by this dimension; may be repeated.",
            show_default="channel, carrier and reason, where there are such",
        ),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="List the records behind the figure, as CSV.")] = False,
    year: YearOption = None,
    brand: BrandOption = None,
    carrier: CarrierOption = None,
    channel: ChannelOption = None,
    team: TeamOption = None,
    json: JsonOption = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write here; .txt, .json, .csv for rows.")
    ] = None,
    csv_dialect: CsvDialectOption = None,
    lang: LangOption = None,
    color: ColorOption = Color.auto,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Explain a figure: from the records read to it, what was left out and why, and why it moved.

    Its change is split into what changed within channels, carriers and reasons, and what their mix did.

    Example: kpibar explain late_share --by carrier
    """
    from kpibar.answers.explain import explain as explanation_of
    from kpibar.answers.explain import records_of
    from kpibar.cli.outputs import screen_of
    from kpibar.cli.targets import refuse_overwriting
    from kpibar.config import load
    from kpibar.measure.barometer import open_current
    from kpibar.measure.report import Request
    from kpibar.render.answers.explain import explanation_text, records_csv
    from kpibar.render.answers.explanation import explanation_json
    from kpibar.render.tidy import DIALECTS, default_dialect

    settings = load(config)
    path = settings.database_path(db)
    refuse_overwriting(output, path, settings, wait=wait)
    _refuse_conflicts(output, csv_dialect, rows=rows, json=json)
    language = choose_language(lang, settings)
    request = Request(year, (kpi,), None, brand, carrier=carrier, channel=channel, team=team)
    with open_current(path, settings, wait, announce) as store:
        if rows:
            dialect = DIALECTS[csv_dialect.value if csv_dialect else default_dialect(language)]
            emit(records_csv(records_of(store, settings, request), dialect), output)
            return
        explanation = explanation_of(store, settings, request, [name.value for name in by or ()])
    screen = screen_of(color, Palette.default, to_file=output is not None)
    is_json = json or (output is not None and output.suffix.lower() == ".json")
    emit(explanation_json(explanation) if is_json else explanation_text(explanation, language, screen), output)


def _refuse_conflicts(output: Path | None, csv_dialect: CsvDialect | None, *, rows: bool, json: bool) -> None:
    """Raise what tells of options that cannot be had together: records are CSV, an explanation is text or JSON."""
    from kpibar.answers.errors import ExplanationForm, RecordsNotCsv
    from kpibar.cli.errors import DialectUnused

    ending = output.suffix.lower() if output else ""
    if rows and (json or ending not in ("", ".csv")):
        raise RecordsNotCsv(None if json else output)
    if not rows and output is not None and ending not in ("", ".txt", ".json"):
        raise ExplanationForm(output)
    if csv_dialect is not None and not rows:
        raise DialectUnused(csv_dialect.value)
