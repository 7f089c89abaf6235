"""Every kind of KPI is one entry: its formula, sums, estimate, test and mask hold together."""

import string
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from kpibar.config import Settings
from kpibar.database.engine import DuckDB
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.compute import cells_statement
from kpibar.kpis.estimates import Measure, Parts, Window
from kpibar.kpis.kinds import KINDS, Kind, KindSpec
from kpibar.kpis.passport import Text
from kpibar.kpis.time_cells import read_times, time_figures, times_statement
from kpibar.kpis.times import Times

KNOWN = catalogue(Settings())
PARTS = Parts(base=400, hits=120, against=80, total=900.0, squares=4100.0, cubes=30000.0)
YEAR = Window(date(2025, 1, 1), date(2025, 12, 31))
BASES = (12, 45, 400)


def example(kind: Kind) -> Kpi:
    """A KPI of the kind: one of the catalogue, else the share of late orders counted in another way."""
    shown = [kpi for kpi in KNOWN.kpis if kpi.kind == kind]
    return shown[0] if shown else replace(KNOWN.get("late_share"), kind=kind, value="lateness_s", against="late")


def figure(kind: Kind, parts: Parts) -> Measure:
    """A figure of a kind from parts; the value of a median or a share of a mix comes from elsewhere."""
    spec = KINDS[kind]
    cells = [Parts(base=parts.hits), parts] if spec.operands else [parts]
    estimate = spec.estimate(cells, 0.95)
    if estimate.value is None:
        middle = parts.hits / parts.base
        estimate = replace(estimate, value=middle, numerator=parts.hits, low=middle - 0.1, high=middle + 0.1)
    return estimate


def test_every_kind_has_its_entry() -> None:
    assert tuple(KINDS) == get_args(Kind)
    assert len({spec.estimator for spec in KINDS.values()}) == len(KINDS), "JSON tells the kinds apart"


@pytest.mark.parametrize("kind", KINDS)
def test_the_entry_of_a_kind_is_whole(kind: Kind) -> None:
    spec, kpi = KINDS[kind], example(kind)
    used = {name for _, name, _, _ in string.Formatter().parse(spec.formula) if name}
    assert used - {"rows", "quantile"} <= set(spec.entries), "the formula names what its author must write"
    assert all(getattr(kpi, name) for name in spec.entries)
    assert "{" not in kpi.formula
    if spec.additive:
        statement = cells_statement([kpi], [YEAR], None, None)
        assert all(f"AS {kpi.id}__{part}" in statement for part in spec.sums)


def test_an_entry_has_one_way_to_its_figures() -> None:
    """Sums, operands, times or a stock: an entry without any, or with two, cannot be written."""
    rate, ratio, median, time = KINDS["rate"], KINDS["ratio"], KINDS["median"], KINDS["time_to"]
    one_of_four = "sums, operands or times, or is a stock"
    with pytest.raises(ValueError, match=one_of_four):
        replace(rate, sums={})
    with pytest.raises(ValueError, match=one_of_four):
        replace(time, times=None)
    for entry, more in ((rate, median), (ratio, rate), (ratio, median)):
        with pytest.raises(ValueError, match=one_of_four):
            replace(entry, sums=more.sums, times=more.times, operands=entry.operands or more.operands or ("x",))
    for entry in (rate, ratio, KINDS["stock"]):
        with pytest.raises(ValueError, match=one_of_four):
            replace(entry, times=time.times)


def test_a_kind_of_times_is_one_entry(tmp_path: Path) -> None:
    """The middle of the lowest and the highest value, bounded by them, without a word outside its entry."""

    def middle(times: Times, fraction: float, level: float, effect: float | None) -> Measure:
        low, high = float(times.number[0]), float(times.number[-1])
        return Measure((low + high) / 2, None, float(times.base), low, high, times.base)

    class Middle(Kpi):
        @property
        def spec(self) -> KindSpec:
            return replace(KINDS["median"], times=middle, estimator="middle")

    engine = DuckDB(tmp_path / "numbers.duckdb", read_only=False)
    engine.run(
        "CREATE TABLE fact_surveys AS SELECT DATE '2025-03-01' AS sent_on, 'email' AS channel, "
        "unnest([1.0, 2.0, 9.0]) AS score"
    )
    text: Text = {"en": "Middle"}
    kpi = Middle(
        "middle", "own", text, "median", "score", "none", text, "",
        from_table="surveys", date="sent_on", value="score",
    )  # fmt: skip
    parts = read_times(engine, kpi, times_statement(kpi, [YEAR], None, None), 1)
    engine.close()
    figures = time_figures(parts, kpi, 0.95)
    for key in ((0, None, None), (0, date(2025, 3, 1), None)):
        assert (figures[key].value, figures[key].low, figures[key].high, figures[key].base) == (5.0, 1.0, 9.0, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_estimate_of_a_kind_has_a_test(kind: Kind) -> None:
    """A larger numerator is a larger figure; its difference has the sign of the change and an interval around it."""
    spec = KINDS[kind]
    lower, higher = (figure(kind, replace(PARTS, hits=hits, total=7.0 * hits)) for hits in (100, 160))
    assert lower.base == PARTS.base
    assert spec.group(lower) > 0
    if spec.counts:
        assert spec.difference(higher, lower, 0.95) is None, "a count has no test"
        return
    assert lower.value is not None and higher.value is not None and lower.value < higher.value
    assert lower.interval and lower.interval.low < lower.value < lower.interval.high
    difference = spec.difference(higher, lower, 0.95)
    assert difference and difference.low < higher.value - lower.value < difference.high and difference.value > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_mask_of_a_kind_leaves_the_base(kind: Kind) -> None:
    spec = KINDS[kind]
    parts = [figure(kind, Parts(base=base, hits=base / 4, total=3.0 * base, squares=10.0 * base)) for base in BASES]
    (small,) = spec.mask(parts[:1], 30)
    shown = spec.mask_parts(parts, 30)
    if spec.counts:
        assert small == parts[0] and shown == parts, "a count is its own base"
        return
    for part in (small, shown[0]):
        assert (part.value, part.numerator, part.low, part.high) == (None,) * 4 and part.base == BASES[0]
    assert shown[2] == parts[2]
    sums = not (spec.has_statements or spec.shares)
    assert (shown[1].value is None) == sums, "of a sum the next smallest goes too: the rest would give the first away"
