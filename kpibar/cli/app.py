"""The command line: parse, one library call, print (through `kpibar.cli.console`).

Data goes to stdout, words to stderr. Nothing heavy is imported before a command needs it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from kpibar import DEFAULT_DATABASE, __version__
from kpibar.cli import audit, console, explain, order, sql, wismo, withdrawals
from kpibar.cli.completion import (
    complete_brand,
    complete_family,
    complete_kpi,
    complete_layout,
)
from kpibar.cli.console import announce, emit, failure, say
from kpibar.cli.errors import FolderGone, WideWithoutMonths
from kpibar.cli.help import Commands
from kpibar.cli.options import (
    READING_WAIT,
    BrandOption,
    ByOption,
    CarrierOption,
    ChannelOption,
    Color,
    ColorOption,
    ConfigOption,
    CsvDialectOption,
    DatabaseOption,
    DateOrderOption,
    EncodingOption,
    Format,
    FormatOption,
    JsonOption,
    KeepTextOption,
    LangOption,
    MaxRejectsOption,
    OutputsOption,
    Palette,
    PaletteOption,
    RepairOption,
    ShareOption,
    TeamOption,
    WaitOption,
    YearOption,
    ZoneOption,
    choose_language,
)
from kpibar.database import signals
from kpibar.database.errors import MemoryShort
from kpibar.errors import KpibarError, OutputUnwritable
from kpibar.render.clean import clean

if TYPE_CHECKING:
    from kpibar.config import Config
    from kpibar.database.store import Store
    from kpibar.load.outcome import Options, Outcome, Watch

app = Commands(
    name="kpibar",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


_CHECK_FAILED = 3  # a check failed


def main() -> NoReturn:
    """Run the command line and exit with its code.

    0 done, 1 failed, 2 usage, 3 a check failed, 128 and the number of the signal that ended it.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else NumPy's BLAS, not used here, has a thread per core
    console.guard()
    signals.install()
    try:
        code = _run()
        signals.finish()
    except signals.StopSignal as stop:
        say("kpibar: interrupted; what was not finished was rolled back")
        console.leave(stop.exit_code)
    sys.exit(code)


def _run() -> int:
    """Run the command; an error ends in one line of words."""
    error: KpibarError
    try:
        code = app(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.TyperException as usage:
        return console.refuse_usage(usage)
    except KpibarError as cause:
        error = cause
    except (MemoryError, ImportError) as short:
        if isinstance(short, ImportError) and "failed to map" not in str(short):
            raise
        error = MemoryShort()
    except OSError as fault:
        error = OutputUnwritable(Path(fault.filename or "standard output"), fault.strerror or str(fault))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    say(failure(error))
    return error.exit_code


def _version(is_asked: bool) -> None:
    if is_asked:
        print(f"kpibar {__version__}")
        raise typer.Exit


@app.callback()
def _kpibar(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    lang: LangOption = None,
) -> None:
    """An auditable yearly barometer of customer-relationship KPIs from the exports you already have.

    Start with `kpibar demo`, or with your own exports: `kpibar ingest *.csv --tz Europe/Paris`, then `kpibar report`.
    """
    if lang is not None:
        os.environ["KPIBAR_LANG"] = lang.value  # as if it were there: the option of a command wins over it
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise FolderGone from error


@app.command()
def ingest(
    files: Annotated[
        list[Path], typer.Argument(help="Exports, as the tools wrote them.", show_default=False, readable=False)
    ],
    db: DatabaseOption = None,
    layout: Annotated[
        str | None, typer.Option(help="Read all files by this layout.", autocompletion=complete_layout)
    ] = None,
    tz: ZoneOption = None,
    date_order: DateOrderOption = None,
    brand: Annotated[
        str | None,
        typer.Option(envvar="KPIBAR_BRAND", help="Brand of the records that name none.", autocompletion=complete_brand),
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="Until when the exports are complete, such as 2026-01-15.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would happen, and store nothing.")] = False,
    keep_text: KeepTextOption = False,
    encoding: EncodingOption = None,
    max_rejects: MaxRejectsOption = "1%",
    repair: RepairOption = True,
    lang: LangOption = None,
    wait: WaitOption = 0.0,
    config: ConfigOption = None,
) -> None:
    """Read exports into the database; each file is recognised by its header, whatever it is packed in.

    Example: kpibar ingest tickets.csv calls.xlsx export.zip:orders.csv --tz Europe/Paris
    """
    from kpibar.config import load, valid_zone
    from kpibar.load.outcome import Options, limit

    settings = load(config)
    options = Options(
        layout=layout, timezone=valid_zone(tz) if tz else None, brand=brand, as_of=as_of, dry_run=dry_run,
        keep_text=keep_text, date_order=date_order, encoding=encoding, repair=repair, max_rejects=limit(max_rejects),
    )  # fmt: skip
    path, language = settings.database_path(db), choose_language(lang, settings)
    if dry_run and not path.exists():
        exit_code = _try_out(files, settings, options, language)
    else:
        exit_code = _ingest(files, path, settings, options, language, wait=wait)
    if exit_code:
        raise typer.Exit(exit_code)


def _try_out(files: list[Path], config: "Config", options: "Options", language: str) -> int:
    """Ingest into a database that is thrown away: a dry run leaves neither database nor key."""
    from kpibar.cli.demo import own_key
    from kpibar.database.scratch import scratch

    with scratch() as folder:
        path = folder / DEFAULT_DATABASE
        with own_key(path):
            return _ingest(files, path, config, options, language, trial=True)


def _ingest(
    paths: list[Path],
    path: Path,
    config: "Config",
    options: "Options",
    language: str,
    *,
    trial: bool = False,
    wait: float = 0.0,
) -> int:
    """Ingest, say what happened and last what failed, rebuild the model; return the exit code."""
    from kpibar.api import load_files
    from kpibar.cli.progress import watch_files
    from kpibar.database.key import key_path
    from kpibar.database.seal import lost_entries
    from kpibar.database.store import shortage
    from kpibar.kpis.catalogue import catalogue
    from kpibar.render import messages, summary

    definitions, key = catalogue(config.settings), key_path(config.settings.project)
    if (short := shortage(path, paths)) is not None:
        say(summary.space_warning(path, *short, language))

    def print_outcome(outcome: "Outcome") -> None:
        brief = trial and not options.dry_run
        for line in summary.outcome_lines(outcome, definitions, options.dry_run, brief, language):
            say(line)

    @contextmanager
    def session(store: "Store") -> "Iterator[Watch | None]":
        """Say what concerns the database as a whole, then show how far each file is read."""
        if not trial and not key.exists() and store.meta("key_id") is None:
            say(messages.say("ingest_new_key", language, key=clean(str(key))))
        if loss := lost_entries(store):
            say(summary.loss_warning(path, loss, language))
        with watch_files(language) as watch:
            yield watch

    outcomes = load_files(
        paths, path, config, options, wait=wait, on_outcome=print_outcome, notify=announce, session=session
    )
    say(summary.totals(outcomes, language))
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    for error in errors:
        say(failure(error))
    return max((error.exit_code for error in errors), default=0)


@app.command()
def report(
    year: YearOption = None,
    by: ByOption = None,
    wide: Annotated[bool, typer.Option("--wide", help="With --by month: months as columns, one row a KPI.")] = False,
    brand: BrandOption = None,
    carrier: CarrierOption = None,
    channel: ChannelOption = None,
    team: TeamOption = None,
    kpi: Annotated[
        list[str] | None, typer.Option(help="Only this KPI; may be repeated.", autocompletion=complete_kpi)
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="Only this family of KPIs.", autocompletion=complete_family)
    ] = None,
    format: FormatOption = None,
    json: JsonOption = False,
    output: OutputsOption = None,
    csv_dialect: CsvDialectOption = None,
    share: ShareOption = False,
    lang: LangOption = None,
    color: ColorOption = Color.auto,
    palette: PaletteOption = Palette.default,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Print the barometer of a year beside the year before.

    Example: kpibar report --year 2025 --by carrier -o barometer.json -o barometer.xlsx
    """
    from kpibar.cli.outputs import destinations, render_all
    from kpibar.cli.targets import refuse_overwriting
    from kpibar.config import load
    from kpibar.measure.circulation import compute_report
    from kpibar.measure.report import Request

    if wide and "month" not in (by or ()):
        raise WideWithoutMonths
    places = destinations(output or (), format, json, csv_dialect)
    settings = load(config)
    for place in places:
        refuse_overwriting(place.output, settings.database_path(db), settings, wait=wait)
    request = Request(year, tuple(kpi or ()), family, brand, tuple(by or ()), share, carrier, channel, team)
    barometer = compute_report(settings.database_path(db), settings, request, wait, announce)
    language = choose_language(lang, settings)
    for content, path in render_all(barometer, places, language, (color, palette), csv_dialect, wide=wide):
        emit(content, path)


@app.command()
def kpis(
    id: Annotated[
        str | None,
        typer.Argument(
            help="A KPI, by id or title, for its passport.", show_default=False, autocompletion=complete_kpi
        ),
    ] = None,
    lang: LangOption = None,
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the KPIs, or explain one: definition, formula, parameters, source and the SQL that runs.

    Example: kpibar kpis late_share
    """
    from kpibar.config import load
    from kpibar.kpis.catalogue import catalogue
    from kpibar.render import listings

    configuration = load(config)
    settings, language = configuration.settings, choose_language(lang, configuration)
    definitions = catalogue(settings)
    if json:
        emit(listings.kpis_json(definitions, id), None)
    elif id is None:
        emit(listings.kpis_text(definitions, language), None)
    else:
        emit(listings.kpi_text(definitions, id, language, settings.targets.get(id)), None)


@app.command()
def layouts(
    name: Annotated[
        str | None,
        typer.Argument(help="A layout, for its columns.", show_default=False, autocompletion=complete_layout),
    ] = None,
    lang: LangOption = None,
    config: ConfigOption = None,
) -> None:
    """List the export layouts kpibar reads, or show one.

    Example: kpibar layouts zendesk-tickets
    """
    from kpibar.config import load
    from kpibar.layouts.layout import shelf
    from kpibar.render import listings

    settings = load(config)
    layout_shelf = shelf(settings.folder or Path.cwd(), settings.settings.layouts)
    language = choose_language(lang, settings)
    if name is None:
        emit(listings.layouts_text(layout_shelf, language), None)
    else:
        emit(listings.layout_text(layout_shelf, name, language), None)


@app.command()
def status(
    db: DatabaseOption = None,
    json: JsonOption = False,
    lang: LangOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Show what the database holds, which settings apply, and what is missing for which KPI.

    Example: kpibar status
    """
    from kpibar.config import load
    from kpibar.measure.barometer import open_current
    from kpibar.render import listings
    from kpibar.status import database_status

    settings = load(config)
    with open_current(settings.database_path(db), settings, wait, announce) as store:
        contents = database_status(store, settings)
    emit(
        listings.status_json(contents) if json else listings.status_text(contents, choose_language(lang, settings)),
        None,
    )


@app.command()
def rejects(
    original: Annotated[
        Path | None, typer.Argument(help="With -o: the export, to take its rejected records from.", show_default=False)
    ] = None,
    file: Annotated[str | None, typer.Option("--file", help="Only this file's.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write here.")] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """List every record or line that was not loaded, with its line and reason.

    Given the export, write its rejected records as they are in it, to be corrected and ingested again.

    Example: kpibar rejects tickets.csv -o to_correct.csv
    """
    from kpibar.cli.outputs import write_corrections
    from kpibar.cli.targets import refuse_overwriting
    from kpibar.config import load
    from kpibar.database.store import open_store
    from kpibar.load.corrections import corrections
    from kpibar.read.export import ledger_name
    from kpibar.render import listings
    from kpibar.status import list_rejects

    settings = load(config)
    exports = (original, Path(file) if file else None)
    refuse_overwriting(output, settings.database_path(db), settings, *exports, wait=wait, whole=original is None)
    with open_store(settings.database_path(db), write=False, wait=wait, notify=announce) as store:
        name = Path(file) if file else None if output else original
        reject_list = list_rejects(store, ledger_name(name) if name else None)
        records = corrections(store, original, settings) if original and output else None
    language = choose_language(lang, settings)
    if records and output:
        for line in write_corrections(records, output, language):
            say(line)
    else:
        emit(listings.rejects_json(reject_list) if json else listings.rejects_text(reject_list, language), output)


@app.command()
def check(
    json: JsonOption = False,
    db: DatabaseOption = None,
    lang: LangOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Compare the database with its ledger again; exit with 3 if anything differs.

    Example: kpibar check
    """
    from kpibar import checks
    from kpibar.config import load
    from kpibar.database.key import key_path
    from kpibar.database.store import open_store
    from kpibar.render import listings

    settings = load(config)
    key = key_path(settings.settings.project)
    with open_store(settings.database_path(db), write=False, wait=wait, notify=announce) as store:
        findings = checks.check(store, settings.settings.thresholds, settings.settings.files, key)
    language = choose_language(lang, settings)
    emit(listings.check_json(findings) if json else listings.check_text(findings, language), None)
    if any(not finding.note for finding in findings):
        raise typer.Exit(_CHECK_FAILED)


@app.command()
def demo(
    db: Annotated[Path | None, typer.Option("--db", help="Keep the demo's database here.")] = None,
    lang: LangOption = None,
    color: ColorOption = Color.auto,
    palette: PaletteOption = Palette.default,
) -> None:
    """Ingest the shipped sample exports of two invented brands and print their barometer.

    Example: kpibar demo --db demo.duckdb
    """
    from kpibar.cli.demo import EXPORTED_ON, own_key, sample_files, sample_folder, try_next
    from kpibar.cli.outputs import render_report, screen_of
    from kpibar.config import load
    from kpibar.database.scratch import scratch
    from kpibar.load.outcome import Options
    from kpibar.measure.barometer import compute
    from kpibar.measure.report import Request

    settings = load(sample_folder() / "kpibar.toml")
    language = choose_language(lang, settings)
    with scratch() as folder:
        path = db or folder / "demo.duckdb"
        with own_key(path):
            _ingest(sample_files(), path, settings, Options(as_of=EXPORTED_ON), language, trial=True)
            barometer = compute(path, settings, Request())
    say("")
    emit(render_report(barometer, Format.table, language, screen_of(color, palette)), None)
    for line in try_next(db, language).splitlines():
        say(clean(line))


app.command()(order.order)
app.command()(explain.explain)
app.command()(wismo.wismo)
app.command()(sql.sql)
app.command()(withdrawals.forget)
app.command()(withdrawals.purge)
app.command()(withdrawals.remove)
app.command("rotate-key")(withdrawals.rotate_key)
app.add_typer(audit.app, name="audit")


def command() -> Callable[[], object]:
    """The whole command tree, for the generated reference."""
    return typer.main.get_command(app)
