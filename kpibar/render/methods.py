"""How the interval, the test and the verdict of a KPI come about, in the words of statisticians."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from kpibar.kpis.catalogue import Kpi
from kpibar.kpis.passport import OWN_FAMILY
from kpibar.render.messages import is_single, say


@lru_cache(maxsize=1)
def methods() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The interval and the test of a change, by estimator and language."""
    text = files("kpibar").joinpath("render", "methods.toml").read_text(encoding="utf-8")
    texts: dict[str, dict[str, dict[str, str]]] = tomllib.loads(text)
    return texts


def method_lines(kpi: Kpi, lang: str) -> Iterator[tuple[str, str]]:
    """The margin of a KPI, whether it is a headline, its interval, its test and its verdict, each by its label."""
    method = methods()[kpi.spec.estimator][lang]
    if not kpi.spec.counts:
        yield "margin", _margin(kpi, lang)
        yield "headline", say("headline_yes" if kpi.headline else "headline_no", lang)
    yield "interval", method["interval"]
    change = method["change"]
    if kpi.spec.times is not None:
        test = say("test_of_times" if kpi.quantile == 0.5 else "test_of_quantile", lang)
        change = say("passport_change", lang, interval=change, test=test)
    yield "change", change
    if not kpi.spec.counts:
        yield "verdict", _verdict(kpi, lang)


def _margin(kpi: Kpi, lang: str) -> str:
    """The smallest change that matters, in words."""
    sizes = []
    if kpi.margin:
        value = kpi.margin * 100 if kpi.unit == "share" else kpi.margin
        key = {"share": "margin_points", "points": "margin_points", "seconds": "margin_seconds"}.get(kpi.unit)
        ending = "_one" if key and is_single(value, lang) else ""
        sizes.append(say((key or "margin_unit") + ending, lang, size=_decimal(value, lang)))
    if kpi.margin_relative:
        sizes.append(say("margin_part", lang, size=_decimal(100 * kpi.margin_relative, lang)))
    if not sizes:
        return say("margin_none", lang)
    if len(sizes) == 2:
        return say("margin_larger", lang, size=sizes[0], part=sizes[1])
    return say("margin_one", lang, size=sizes[0])


def _decimal(value: float, lang: str) -> str:
    """A number with the decimals it has: "0.5", "0,5"."""
    return f"{value:g}".replace(".", ",") if lang == "fr" else f"{value:g}"


def _verdict(kpi: Kpi, lang: str) -> str:
    if kpi.better == "none":
        return say("verdict_of_none", lang)
    if kpi.family == OWN_FAMILY:
        return say("verdict_own", lang)
    return say("verdict_headline" if kpi.headline else "verdict_catalogue", lang)
