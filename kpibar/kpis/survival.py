"""Times of which some have not ended yet: the curve of those still running, and the quantiles read off it.

A ticket that is open after ten days has a time, of which only the beginning is known: at least ten days. To leave it
out makes the others look faster, and to count it as ten days too. The estimate of Kaplan and Meier counts it among
those still running for ten days, and not at all from there on.

Everything is made of cells (a time, how many have it, how many of these ended then), which add up: months make a
year, brands a panel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

# A share that is a half but for rounding is one: no step of a curve of less than a thousand million records is smaller.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Curve:
    """The share still running after each time at which some ended.

    `times` ascend; `survival` is the share still running after each, `greenwood` the sum of d / (n (n - d)) up to it
    (infinite from where the last one ends), the variance of the logarithm of that share. `longest` is the longest time
    seen, ended or not, None where there is none; `ended` counts those that ended, `base` all.
    """

    times: NDArray[float64]
    survival: NDArray[float64]
    greenwood: NDArray[float64]
    longest: float | None
    ended: int
    base: int


@dataclass(frozen=True)
class Quantile:
    """A quantile of a curve and its confidence interval; None where the curve does not fall so far."""

    value: float | None
    low: float | None
    high: float | None


def survival_curve(times: NDArray[float64], records: NDArray[int64], ended: NDArray[int64]) -> Curve:
    """The curve of cells: `records` have each of `times` (in any order, repeated or not), of which `ended` ended then.

    S(t) = product over times up to t of (1 - d / n), d of the n still running at a time ended then; source: Kaplan and
    Meier (1958), JASA 53. Variance of ln S: sum of d / (n (n - d)); source: Greenwood (1926). One that ended and one
    that did not at the same time: the second is counted as running when the first ended.

    Example: times 2, 3, 3, 5 of which the second 3 is not over: S falls to 3/4, 1/2, 0.
    """
    import numpy

    if not len(times):
        empty = numpy.zeros(0)
        return Curve(empty, empty, empty, None, 0, 0)
    order = numpy.argsort(times, kind="stable")
    starts = numpy.flatnonzero(numpy.diff(times[order], prepend=numpy.nan) != 0)
    numbers = times[order][starts]
    leaving, events = (numpy.add.reduceat(counts[order], starts) for counts in (records, ended))
    at_risk = leaving[::-1].cumsum()[::-1]
    steps = events > 0
    ends, left = events[steps].astype(float), at_risk[steps].astype(float)
    with numpy.errstate(divide="ignore"):
        variance = ends / (left * (left - ends))
    return Curve(
        times=numbers[steps],
        survival=numpy.cumprod(1 - ends / left),
        greenwood=variance.cumsum(),
        longest=float(numbers[-1]),
        ended=int(events.sum()),
        base=int(leaving.sum()),
    )


def curve_quantile(curve: Curve, fraction: float, level: float, effect: float = 1.0) -> Quantile:
    """The first time after which at most 1 - `fraction` are still running, with its interval at a confidence level.

    The interval holds the times t with |g(S(t)) - g(1 - fraction)| <= z |g'(S(t))| se(S(t)), g(S) = ln(-ln S), and
    ends with the time after the last of them; source: Brookmeyer and Crowley (1982), Biometrics 38, on the scale of
    Klein and Moeschberger (2003), section 4.5. The variance is that of Greenwood times the design effect of the
    records; with one, only the run of times about the quantile counts. An end is None where the curve stops before it.
    """
    import numpy

    if not 0 < fraction < 1:
        raise ValueError(f"a quantile lies strictly between 0 and 1, not {fraction}")
    left = 1 - fraction
    below = curve.survival <= left + _ROUNDING
    near = _near(curve, left, level, effect)
    if effect > 1:
        near &= _beside(near, int(below.argmax()) if below.any() else len(near))
    inside = numpy.flatnonzero(near)
    low = float(curve.times[inside[0]]) if len(inside) else None
    after = int(inside[-1]) + 1 if len(inside) else len(curve.times)
    high = float(curve.times[after]) if after < len(curve.times) else None
    value = float(curve.times[below.argmax()]) if below.any() else None
    return Quantile(value, low, high)


def _beside(near: NDArray[bool_], place: int) -> NDArray[bool_]:
    """Of each time, whether it is in the run of near ones about a place.

    Where nearly all still run, the double logarithm is so steep that a large design effect makes the first times near
    as well, and far ones between them not.
    """
    import numpy

    run = numpy.zeros_like(near)
    for steps in (range(place - 1, -1, -1), range(place, len(near))):
        for step in steps:
            if not near[step]:
                break
            run[step] = True
    return run


def _near(curve: Curve, left: float, level: float, effect: float) -> NDArray[bool_]:
    """Of each time of a curve, whether its share may be `left`; a share of 0 has no logarithm."""
    import numpy

    z = NormalDist().inv_cdf((1 + level) / 2)
    double_log: Callable[[NDArray[float64]], NDArray[float64]] = lambda share: numpy.log(-numpy.log(share))  # noqa: E731
    with numpy.errstate(divide="ignore", invalid="ignore"):
        distance = double_log(curve.survival) - double_log(numpy.array(left))
        error = numpy.sqrt(effect * curve.greenwood) / -numpy.log(curve.survival)
        near: NDArray[bool_] = numpy.abs(distance) <= z * error
    near[~(curve.survival > 0)] = False
    return near
