"""How the interval, the test and the verdict of a KPI come about, in the words of statisticians."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.passport import OWN_FAMILY

# A median of times is compared by all of them; another quantile by itself, as the whole tells little of the slowest.
_TIMES = (
    "test of all times: scores of Peto and Peto (ranks where nothing runs still), by channel, weighted as by van "
    "Elteren, variance of the weeks"
)
_ARM = "z test with the error that the arm towards 0 implies"


@lru_cache(maxsize=1)
def methods() -> Mapping[str, Mapping[str, str]]:
    """The interval and the test of a change, by estimator."""
    text = files("kpibar").joinpath("render", "methods.toml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, str]] = tomllib.loads(text)
    return texts


def method_lines(kpi: Kpi) -> Iterator[str]:
    """The margin of a KPI, whether it is a headline, its interval, its test and its verdict, one a line."""
    method = methods()[kpi.spec.estimator]
    if not kpi.spec.counts:
        yield f"margin    {_margin(kpi)}"
        yield f"headline  {'yes, named beforehand as one of those looked at first' if kpi.headline else 'no'}"
    yield f"interval  {method['interval']}"
    test = "" if kpi.spec.times is None else f"; {_TIMES if kpi.quantile == 0.5 else _ARM}"
    yield f"change    {method['change']}{test}"
    if not kpi.spec.counts:
        yield f"verdict   {_verdict(kpi)}"


def _margin(kpi: Kpi) -> str:
    """The smallest change that matters, in words."""
    parts = []
    if kpi.margin:
        number = kpi.margin * 100 if kpi.unit == "share" else kpi.margin
        unit = {"share": "point", "points": "point", "seconds": "second"}.get(kpi.unit, "in the unit of the KPI")
        plural = "s" if unit in ("point", "second") and number != 1 else ""
        parts.append(f"{number:g} {unit}{plural}")
    if kpi.margin_relative:
        parts.append(f"{100 * kpi.margin_relative:g} % of last year's figure")
    if not parts:
        return "0: any change matters"
    whichever = ", whichever is larger" if len(parts) == 2 else ""
    return f"{' or '.join(parts)}{whichever}: a smaller change is small"


def _verdict(kpi: Kpi) -> str:
    if kpi.better == "none":
        return "none, as neither direction is better"
    beside = (
        "the other KPIs of the settings"
        if kpi.family == OWN_FAMILY
        else "all KPIs of the catalogue with a good direction"
    )
    weight = ", with weight 4 as a headline" if kpi.headline else ""
    return f"p-values adjusted after Benjamini and Hochberg beside {beside}{weight}; segments apart"
