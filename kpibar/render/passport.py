"""The passport of a KPI in words: definition, formula, methods, source, and the SQL that runs."""

from collections.abc import Iterator

from kpibar.kpis.catalogue import Catalogue, Kpi
from kpibar.kpis.compute import cells_statement, moments, stock_statement
from kpibar.kpis.estimates import Window
from kpibar.kpis.time_cells import times_statement
from kpibar.render.clean import clean
from kpibar.render.messages import messages, say, title
from kpibar.render.methods import method_lines

_LABEL = "passport_label_"


def kpi_words(kpi: Kpi, definitions: Catalogue, lang: str, window: Window, target: float | None) -> list[str]:
    """The passport of a KPI: definition, formula, parameters, methods, source, hash, and the SQL that runs."""
    kind, unit, better = (
        say(f"passport_{entry}", lang) for entry in (f"kind_{kpi.kind}", f"unit_{kpi.unit}", f"better_{kpi.better}")
    )
    name = title(kpi.title, lang)
    lines = [say("passport_heading", lang, id=kpi.id, title=name, kind=kind, unit=unit, better=better), ""]
    if kpi.definition:
        lines += [kpi.definition.get(lang, kpi.definition.get("en", "")), ""]
    width = 2 + max(len(texts[lang]) for key, texts in messages().items() if key.startswith(_LABEL))
    for label, text in _facts(kpi, lang, target):
        lines.append((say(_LABEL + label, lang) if label else "").ljust(width) + text)
    lines.append("")
    for part in parts(kpi, definitions):
        lines += [*statement(part, window).splitlines(), ""]
    return [clean(line) for line in lines[:-1]]


def _facts(kpi: Kpi, lang: str, target: float | None) -> Iterator[tuple[str, str]]:
    """The lines of a passport by label; what goes on with the line before has none."""
    yield "formula", formula(kpi, lang)
    if kpi.date:
        yield "date", say("passport_date", lang, date=kpi.date, table=f"fact_{kpi.from_table}")
    if kpi.maturity_days:
        yield "maturity", say("passport_maturity", lang, days=kpi.maturity_days)
    if kpi.unknown:
        yield "bounds", say("passport_bounds", lang, kpi=kpi.unknown)
    for side, condition in kpi.doubt.items():
        yield "", say(f"passport_doubt_{side}", lang, condition=condition)
    if kpi.rests_on:
        yield "rests_on", say("passport_rests_on", lang, kpis=", ".join(kpi.rests_on))
    if target is not None:
        yield "target", str(target)
    yield from method_lines(kpi, lang)
    or_word = f" {say('passport_or', lang)} "
    needs = ", ".join(need.replace("|", or_word) for need in kpi.needs)
    yield "needs", needs or say("passport_no_needs", lang)
    source = kpi.sources.get(lang, kpi.source)
    yield "source", source or say("passport_no_source", lang)
    yield "hash", kpi.hash


def formula(kpi: Kpi, lang: str) -> str:
    """The formula of a KPI in one line, over the columns of its fact table."""
    rows = say("passport_rows", lang, table=kpi.from_table, where=kpi.where)
    return say(
        f"passport_formula_{kpi.kind}", lang, rows=rows, hit=kpi.hit, against=kpi.against, value=kpi.value,
        over=kpi.over, quantile=f"{kpi.quantile:g}", numerator=kpi.numerator, denominator=kpi.denominator,
    )  # fmt: skip


def parts(kpi: Kpi, definitions: Catalogue) -> list[Kpi]:
    """The KPIs whose statements make this one: itself, or the two counts of a ratio."""
    return [definitions.get(name) for name in kpi.operands] or [kpi]


def statement(kpi: Kpi, window: Window) -> str:
    """The SQL that computes a KPI alone for a window."""
    if kpi.additive:
        return cells_statement([kpi], [window], kpi.over or None, None)
    if kpi.is_stock:
        # A passport is of no database: the last moment of its days is told in UTC.
        return stock_statement(kpi, [end for end in moments([window], "UTC") if end.closes], None, None)
    return times_statement(kpi, [window], None, None)
