"""kpibar as a library: exports in, the barometer out, without a terminal.

    import kpibar

    outcomes = kpibar.ingest("tickets.csv", "calls.csv", database="kpibar.duckdb", timezone="Europe/Paris")
    report = kpibar.open("kpibar.duckdb").barometer(2025, by="carrier")
    report.to_frame()
    report.to_html("barometer.html")

Nothing is printed; what goes wrong is a `kpibar.errors.KpibarError`. Other modules are imported when a function is
called: `import kpibar` alone costs next to nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

    from kpibar.config import Config
    from kpibar.database.store import Store
    from kpibar.load.outcome import Options, Outcome, Watch
    from kpibar.measure.report import Barometer

# How an instant stands in a report.
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, repr=False)
class Report:
    """A barometer, and what can be made of it. `generated_at` is the instant (UTC) at which it was computed.

    `lang`, where a method has it, is "en" or "fr". A notebook shows the report as its page.

    >>> import kpibar
    >>> report = kpibar.read_report("barometer.json")
    >>> report
    <kpibar report 2025: 40 KPIs, computed 2026-01-01T00:00:00Z>
    """

    barometer: "Barometer"
    generated_at: datetime
    # The document it was read from, where it was written in another version: a barometer lacks what is unknown there.
    original: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        barometer = self.barometer
        by = f" by {', '.join(barometer.request.by)}" if barometer.request.by else ""
        many = f"{len(barometer.rows)} KPI{'s' if len(barometer.rows) != 1 else ''}"
        return f"<kpibar report {barometer.edition.year}{by}: {many}, computed {self._generated_at}>"

    def _repr_html_(self) -> str:
        """The page for a notebook: in a frame, so that neither changes how the other looks, and nothing in it runs.

        >>> import kpibar
        >>> kpibar.read_report("barometer.json")._repr_html_()[:25]
        '<iframe sandbox="" title='
        """
        from kpibar.render.html.writer import to_frame

        return to_frame(self.barometer, "en", self._generated_at)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain lists, dictionaries, texts and numbers: what `kpibar report --json` writes."""
        from copy import deepcopy

        from kpibar.render.document import document

        return document(self.barometer, self._generated_at) if self.original is None else deepcopy(dict(self.original))

    def to_json(self) -> str:
        """The report as JSON text."""
        from kpibar.render.clean import json_text

        return json_text(self.to_dict())

    def to_csv(self, lang: str = "en") -> str:
        """The tidy long table as CSV: one line per KPI, segment and period. `lang`, "en" or "fr", is that of titles."""
        from kpibar.render.tidy import to_csv

        return to_csv(self.barometer, lang)

    def to_markdown(self, lang: str = "en") -> str:
        """The report as Markdown, for a wiki."""
        from kpibar.render.markdown import to_markdown

        return to_markdown(self.barometer, lang)

    def to_html(self, path: str | Path | None = None, lang: str = "en") -> str:
        """The report as an HTML page that needs nothing else: what `kpibar report -o barometer.html` writes.

        With a path the page is written there too, over a file that there is, readable by its owner alone. Raises
        OutputUnwritable, and KeyError of another language.

        >>> import kpibar
        >>> report = kpibar.read_report("barometer.json")
        >>> page = report.to_html("barometer.html", lang="fr")
        >>> page == Path("barometer.html").read_text(encoding="utf-8")
        True
        """
        from kpibar.render.html.writer import to_html

        page = to_html(self.barometer, lang, self._generated_at)
        if path is not None:
            _write(path, page)
        return page

    def to_xlsx(self, lang: str = "en") -> bytes:
        """The report as an Excel workbook, its bytes."""
        from kpibar.render.workbook.spreadsheet import to_workbook

        return to_workbook(self.barometer, lang, self.generated_at)

    def to_excel(self, path: str | Path, lang: str = "en") -> None:
        """Write the report as an Excel workbook, over a file that there is, readable by its owner alone.

        Raises OutputUnwritable.

        >>> import kpibar, pandas
        >>> kpibar.read_report("barometer.json").to_excel("barometer.xlsx")
        >>> sheet = pandas.read_excel("barometer.xlsx", sheet_name="Data", engine="calamine")
        >>> sheet.loc[(sheet.kpi == "late_share") & (sheet.period == "2025"), "value"].round(3).tolist()
        [0.088]
        """
        _write(path, self.to_xlsx(lang))

    def to_frame(self) -> "pandas.DataFrame":
        """The tidy long table as a data frame: one row per KPI, segment and period.

        Columns: edition, kpi, family, unit, dimension, segment, period (text); value, numerator, denominator, ci_low,
        ci_high (numbers, NaN where a figure is masked or not available); status and status_reason (text); title and
        segment_title (text, in English); change, change_low, change_high (numbers, on the lines of the year), verdict
        (text); target (number) and target_status (text).
        """
        from io import StringIO

        import pandas

        from kpibar.render.tidy import COLUMNS, NUMBERS

        texts = dict.fromkeys((name for name in COLUMNS if name not in NUMBERS), "str")
        gaps = {name: [""] for name in NUMBERS}
        return pandas.read_csv(StringIO(self.to_csv()), dtype=texts, keep_default_na=False, na_values=gaps)

    @property
    def _generated_at(self) -> str:
        return self.generated_at.strftime(_INSTANT)


@dataclass(frozen=True)
class Database:
    """A database of kpibar and the settings it is read with. It is opened for each call, and closed again."""

    path: Path
    config: "Config"

    def barometer(
        self,
        year: int | None = None,
        *,
        by: str | list[str] | tuple[str, ...] | None = None,
        brand: str | None = None,
        carrier: str | None = None,
        channel: str | None = None,
        team: str | None = None,
        kpis: tuple[str, ...] | list[str] = (),
        family: str | None = None,
        share: bool = False,
        wait: float = 5.0,
    ) -> Report:
        """The barometer of a year (None: the last one with data) beside the year before.

        `by` is one or several of channel, brand, carrier, country, reason, team, queue, lang, agent, month; `share`
        masks groups of fewer than ten. `wait` are the seconds to wait while another process writes the database.
        Raises KpibarError.
        """
        from kpibar.measure.circulation import compute_report
        from kpibar.measure.report import Request

        by = (by,) if isinstance(by, str) else tuple(by or ())
        request = Request(year, tuple(kpis), family, brand, by, share, carrier, channel, team)
        return Report(compute_report(self.path, self.config, request, wait), datetime.now(UTC))


def read_report(path: str | Path) -> Report:
    """The report of a JSON file that `kpibar report -o` or `Report.to_json` wrote; it writes the same JSON and CSV.

    A document of an older version is read as `upgrade` brings it to the present one. Raises FileMissing,
    ReportUnreadable.

    >>> import kpibar
    >>> kpibar.read_report("barometer-2024.json").to_dict()["schema_version"]
    '1.3'
    """
    import json

    from kpibar.measure.errors import ReportUnreadable
    from kpibar.read.errors import FileMissing
    from kpibar.render.document import from_document
    from kpibar.render.versions import SCHEMA_VERSION

    if not Path(path).is_file():
        raise FileMissing(Path(path))
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        generated_at = datetime.strptime(document["generated_at"], _INSTANT).replace(tzinfo=UTC)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReportUnreadable("no JSON object with an instant generated_at") from error
    complete = upgrade(document)
    is_present = complete["schema_version"] == SCHEMA_VERSION and complete["original_version"] is None
    return Report(from_document(complete), generated_at, None if is_present else complete)


def upgrade(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document of an older version of `kpibar.report` as one of the present version.

    No figure is another, and what the older version did not tell is null. The document itself is not changed. Raises
    ReportUnreadable for one of a later major version, and for what is no report.

    >>> import json, kpibar
    >>> old = json.loads(Path("barometer-2024.json").read_text(encoding="utf-8"))
    >>> new = kpibar.upgrade(old)
    >>> old["schema_version"], new["schema_version"], new["opening"]
    ('1.1', '1.3', None)
    """
    from kpibar.render import versions

    return versions.upgrade(document)


def _write(path: str | Path, content: str | bytes) -> None:
    """Write a file that appears whole or not at all. Raises OutputUnwritable."""
    from kpibar.render.output import write_whole

    write_whole(Path(path), content)


def open(path: str | Path | None = None, *, config: str | Path | None = None) -> Database:
    """A database that exports were ingested into; `config` is a kpibar.toml (None: the nearest one upward).

    Without a path it is the database of these settings, else kpibar.duckdb here.

    Raises DatabaseMissing, ConfigMissing, ConfigInvalid.
    """
    from kpibar.config import load
    from kpibar.database.errors import DatabaseMissing

    settings = load(Path(config) if config is not None else None)
    database = settings.database_path(Path(path) if path is not None else None)
    if not database.exists():
        raise DatabaseMissing(database)
    return Database(database, settings)


def ingest(
    *exports: "str | Path | pandas.DataFrame",
    database: str | Path | None = None,
    config: str | Path | None = None,
    layout: str | None = None,
    timezone: str | None = None,
    brand: str | None = None,
    as_of: str | None = None,
    date_order: str | None = None,
    encoding: str | None = None,
    keep_text: bool = False,
    repair: bool = True,
    max_rejects: str = "1%",
    dry_run: bool = False,
    wait: float = 0.0,
    name: str = "frame",
) -> "list[Outcome]":
    """Load exports into a database, which is made where there is none; what became of each.

    Without `database` it is that of the settings, else kpibar.duckdb here.
    An export is a path, as on the command line, or a data frame whose columns are called as those of the export; the
    ledger calls a frame `name`.csv. A file that cannot be loaded does not stop the others: its outcome has an `error`.

    Raises KpibarError for what concerns no single file, such as unusable settings.
    """
    from kpibar.config import load, valid_zone
    from kpibar.load.outcome import Options, limit

    settings = load(Path(config) if config is not None else None)
    options = Options(
        layout=layout, timezone=valid_zone(timezone) if timezone else None, brand=brand, as_of=as_of, dry_run=dry_run,
        keep_text=keep_text, date_order=date_order, encoding=encoding, repair=repair, max_rejects=limit(max_rejects),
    )  # fmt: skip
    with _files(exports, name) as paths:
        path = settings.database_path(Path(database) if database is not None else None)
        return load_files(paths, path, settings, options, wait=wait)


@contextmanager
def _files(exports: "tuple[str | Path | pandas.DataFrame, ...]", name: str) -> Iterator[list[Path]]:
    """The exports as files; those of data frames are readable by their owner alone, and removed."""
    from kpibar.database.scratch import scratch
    from kpibar.read.frame import write_frame

    paths: list[Path] = []
    with scratch() as folder:
        for number, export in enumerate(exports):
            if isinstance(export, (str, Path)):
                paths.append(Path(export))
            else:
                place = folder / str(number)
                place.mkdir(mode=0o700)
                paths.append(write_frame(export, place, name))
        yield paths


def load_files(
    paths: list[Path],
    database: Path,
    config: "Config",
    options: "Options",
    *,
    wait: float = 0.0,
    on_outcome: "Callable[[Outcome], None]" = lambda outcome: None,
    notify: Callable[[str], None] = lambda words: None,
    session: "Callable[[Store], AbstractContextManager[Watch | None]]" = lambda store: nullcontext(),
) -> "list[Outcome]":
    """Load files, then bring the fact tables up to date; `on_outcome` is called after each file.

    Texts that an earlier file kept and a later one gave up leave the database's file too. `notify` gets what a user
    should know meanwhile; `session` is entered with the open database, and gives what watches a file being read.
    Raises KpibarError.
    """
    from kpibar.database.store import open_store
    from kpibar.load.forgotten import EMPTIED_TEXTS
    from kpibar.load.ingest import ingest
    from kpibar.model.build import build, is_current
    from kpibar.removal.rewrite import rewrite

    thresholds, rules = config.settings.thresholds, config.settings.files
    with open_store(database, write=True, wait=wait, migrate=not options.dry_run, notify=notify) as store:
        with session(store) as watch:
            outcomes = ingest(store, paths, config, options, on_outcome, watch)
        if not options.dry_run and not is_current(store, thresholds, rules):
            build(store, thresholds, rules)
        texts_emptied = store.meta(EMPTIED_TEXTS) is not None and not options.dry_run
    if texts_emptied:
        with open_store(database, write=True, wait=wait, rewritten=True) as store:
            rewrite(store, {}, config, lambda new: None)
        notify("texts of earlier exports are no longer kept: the database is rewritten without them")
    return outcomes
