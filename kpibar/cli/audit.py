"""The commands `audit draw` and `audit apply`: a sample of contacts to label by hand, and figures corrected by it."""

from pathlib import Path
from typing import Annotated

import typer

from kpibar.cli.console import announce, emit, say
from kpibar.cli.help import Commands
from kpibar.cli.options import (
    READING_WAIT,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    LangOption,
    WaitOption,
    choose_language,
)

_HELP = """Check recorded reasons: draw a sample of contacts, label them by hand, and correct the WISMO figures by it.

Example: kpibar audit draw -o audit-2025.csv, then kpibar audit apply audit-2025.csv
"""
app = Commands(help=_HELP)


@app.command()
def draw(
    output: Annotated[Path, typer.Option("-o", "--output", help="Write the sample here, as CSV.")],
    year: Annotated[int | None, typer.Option(help="Year to draw from.", show_default="the last with data")] = None,
    size: Annotated[
        int,
        typer.Option(
            min=20,
            max=5000,
            help="Contacts a language with the reason WISMO, and as many others. Of each channel and kind of reason "
            "(WISMO, another, none) 20 at least.",
        ),
    ] = 200,
    lang: LangOption = None,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Draw a sample of contacts by language, channel and reason, for people to read who do not see the reason.

    Write yes or no into its column wismo, whether the customer asks where an order is, and nothing where nobody can
    tell; then `kpibar audit apply`. Contacts are named by their id; subjects and messages are in the file where the
    exports were read with --keep-text. Keep it where such data may be: `kpibar forget` does not reach it.

    Example: kpibar audit draw --year 2025 -o audit-2025.csv
    """
    from kpibar.audit import sample as samples
    from kpibar.audit.errors import SampleExists, SampleNotCsv
    from kpibar.cli.targets import refuse_overwriting
    from kpibar.config import load
    from kpibar.measure.barometer import open_current
    from kpibar.render import messages
    from kpibar.render.audit import sample_csv

    settings = load(config)
    path = settings.database_path(db)
    refuse_overwriting(output, path, settings, wait=wait, whole=False)
    if output.is_file() and output.stat().st_size:
        raise SampleExists(output)
    if output.suffix.lower() not in ("", ".csv"):
        raise SampleNotCsv(output)
    with open_current(path, settings, wait, announce) as store:
        sample = samples.draw(store, year, size)
    language = choose_language(lang, settings)
    emit(sample_csv(sample, language), output)
    drawn, total = (messages.number(n, language) for n in (len(sample.contacts), sample.frame.total))
    say(messages.say("audit_drawn", language, drawn=drawn, total=total, year=sample.frame.year))


@app.command()
def apply(
    labels: Annotated[Path, typer.Argument(help="The sample with its labels, CSV or Excel.", show_default=False)],
    lang: LangOption = None,
    json: JsonOption = False,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Print the WISMO figures of the year as the labels of a sample correct them, by language and channel.

    Example: kpibar audit apply audit-2025.csv
    """
    from kpibar.audit.correction import correct
    from kpibar.audit.labels import read_labels
    from kpibar.config import load
    from kpibar.measure.barometer import open_current
    from kpibar.render.audit import correction_json, correction_text

    settings = load(config)
    file = read_labels(labels)
    with open_current(settings.database_path(db), settings, wait, announce) as store:
        correction = correct(store, settings, file)
    language = choose_language(lang, settings)
    emit(correction_json(correction) if json else correction_text(correction, language), None)
