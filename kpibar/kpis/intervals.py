"""Confidence intervals, differences and p-values: pure functions over counts and sums.

Every function takes counts or sums, never rows, so that totals, segments and panels go through the same
formulas. "Current" is index 1, "previous" is index 0, and a difference is always current minus previous.
``None`` means that the base is too small for the quantity to exist; a ``ValueError`` means that the arguments
contradict each other (more successes than trials, a negative count, a level outside 0..1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

# Above this shape the Wilson-Hilferty start agrees with the exact gamma quantile to 1e-9 of its value.
_LARGE_SHAPE = 1_000_000.0
# Below so many hits or misses Newcombe's interval of a difference is too wide.
FEW_HITS = 5


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval, in the unit of its estimate."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """Current minus previous, its confidence interval and its two-sided p-value."""

    value: float
    low: float
    high: float
    p_value: float

    @property
    def clear(self) -> bool:
        """True when the interval excludes 0."""
        return self.low > 0 or self.high < 0


def wilson(successes: float, n: float, level: float = 0.95) -> Interval | None:
    """Score interval of a proportion, as shares in 0..1; None when n is 0.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Source: Wilson (1927), JASA 22.
    """
    _require_part(successes, n)
    z = _z(level)
    if n == 0:
        return None
    p = successes / n
    shrink = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / shrink
    half = z * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2) / shrink
    # The share always lies inside: at 0 and 1 floating point would miss it by one unit in the last place.
    return Interval(min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)))


def newcombe(x1: float, n1: float, x0: float, n0: float, level: float = 0.95) -> Difference | None:
    """Difference of two independent proportions p1 - p0, in shares; None when a base is 0.

    Interval: square-and-add of the two Wilson intervals; source: Newcombe (1998), Statistics in Medicine 17,
    873-890, method 10. p-value: two-sided score test, z with the pooled proportion and N / (N - 1) on its
    variance, N = n1 + n0; source: Miettinen and Nurminen (1985), Statistics in Medicine 4; Campbell (2007),
    Statistics in Medicine 26, finds it the best of the simple tests when counts are small.
    """
    current, previous = wilson(x1, n1, level), wilson(x0, n0, level)
    if current is None or previous is None:
        return None
    total = n1 + n0
    share = (x1 + x0) / total
    variance = max(0.0, share * (1 - share)) * (1 / n1 + 1 / n0)
    se = math.sqrt(variance * total / (total - 1)) if total > 1 else math.inf
    return _square_and_add(x1 / n1, current, x0 / n0, previous, se)


def miettinen_nurminen(x1: float, n1: float, x0: float, n0: float, level: float = 0.95) -> Difference | None:
    """Difference of two independent proportions p1 - p0, in shares, few hits or misses; None when a base is 0.

    Interval: all differences that the score test does not reject, each tested with the shares that are likeliest under
    it and N / (N - 1) on their variance, N = n1 + n0; source: Miettinen and Nurminen (1985), Statistics in Medicine 4,
    213-226. p-value: that of the same test of no difference, so that an interval without 0 and p below 1 - level are
    one and the same. 8 of 2000 and 1 of 2000: +0.35 points [+0.07 ; +0.74], p = 0.0195.
    """
    difference = newcombe(x1, n1, x0, n0, level)
    if difference is None or n1 + n0 <= 1:
        return difference
    z, value = _z(level), difference.value

    def limit(end: float) -> float:
        """The difference towards an end at which the test begins to reject."""
        inside, outside = value, end
        # Forty halvings leave a difference of 1e-12.
        for _ in range(40):
            middle = (inside + outside) / 2
            if abs(value - middle) <= z * _error_of_shares(x1, n1, x0, n0, middle):
                inside = middle
            else:
                outside = middle
        return inside

    return Difference(value, limit(-1.0), limit(1.0), difference.p_value)


def _error_of_shares(x1: float, n1: float, x0: float, n0: float, difference: float) -> float:
    """The standard error of p1 - p0, of the shares that are likeliest where that is the true difference.

    The likeliest p0 is a root of a cubic; source: Miettinen and Nurminen (1985), appendix.
    """
    total, hits = n1 + n0, x1 + x0
    square = ((n1 + 2 * n0) * difference - total - hits) / (3 * total)
    line = ((n0 * difference - total - 2 * x0) * difference + hits) / (3 * total)
    constant = x0 * difference * (1 - difference) / total
    half = square**3 - 1.5 * square * line + constant / 2
    radius = math.copysign(math.sqrt(max(0.0, square**2 - line)), half)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, half / radius**3)))) / 3 if radius else 0.0
    p0 = min(1.0, max(0.0, 2 * radius * math.cos(angle) - square))
    p1 = min(1.0, max(0.0, p0 + difference))
    return math.sqrt((p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) * total / (total - 1))


def share_difference(x1: float, n1: float, x0: float, n0: float, level: float = 0.95) -> Difference | None:
    """Difference of two independent proportions p1 - p0, in shares; None when a base is 0.

    Newcombe's interval, and that of Miettinen and Nurminen where one of the proportions has fewer than five hits or
    misses: Newcombe's is too wide there, and holds 0 where the test says that the shares differ.
    """
    is_rare = min(x1, n1 - x1, x0, n0 - x0) < FEW_HITS
    return miettinen_nurminen(x1, n1, x0, n0, level) if is_rare else newcombe(x1, n1, x0, n0, level)


def rate_per_unit(events: float, units: float, dispersion: float = 1.0, level: float = 0.95) -> Interval | None:
    """Interval of events per unit (contacts per order); None when units is 0.

    Exact Poisson limits: gamma quantiles of shape ``events`` (low) and ``events + 1`` (high) over ``units``;
    source: Garwood (1936), Biometrika 28. Events that cluster (several contacts about one order) have a
    variance of ``dispersion`` times the mean: the same limits are then taken at events / dispersion and
    units / dispersion; source: quasi-likelihood of Wedderburn (1974), Biometrika 61. A dispersion below 1
    counts as 1, so that a lucky estimate never narrows an interval.
    """
    _require_count(events, units)
    tail = _tail(level)
    if units == 0:
        return None
    phi = max(1.0, dispersion)
    low = _gamma_quantile(tail, events / phi) if events > 0 else 0.0
    high = _gamma_quantile(1 - tail, events / phi + 1)
    return Interval(low * phi / units, high * phi / units)


def rate_difference(
    e1: float, u1: float, e0: float, u0: float, d1: float = 1.0, d0: float = 1.0, level: float = 0.95
) -> Difference | None:
    """Difference of two rates e1/u1 - e0/u0, in events per unit; None when a number of units is 0.

    Interval: square-and-add of the two ``rate_per_unit`` intervals; source: Zou and Donner (2008), Statistics
    in Medicine 27. p-value: z with the pooled quasi-Poisson standard error √(λ (d1/u1 + d0/u0)), where
    λ = (e1 + e0) / (u1 + u0); source: Ng and Tang (2005), Statistics in Medicine 24, for dispersion 1.
    """
    current, previous = rate_per_unit(e1, u1, d1, level), rate_per_unit(e0, u0, d0, level)
    if current is None or previous is None:
        return None
    rate = (e1 + e0) / (u1 + u0)
    se = math.sqrt(rate * (max(1.0, d1) / u1 + max(1.0, d0) / u0))
    return _square_and_add(e1 / u1, current, e0 / u0, previous, se)


@dataclass(frozen=True)
class Moments:
    """The number of values, and the sums of their first three powers."""

    n: float
    total: float
    squares: float
    cubes: float

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return self.total / self.n

    @property
    def variance(self) -> float:
        """The variance of the values, of two and more. Rounding may leave it a hair below 0, which is 0."""
        return max(0.0, self.squares - self.total * self.mean) / (self.n - 1)

    @property
    def skewness(self) -> float:
        """The third central moment over the cube of the standard deviation; 0 of values that are all alike."""
        mean, spread = self.mean, max(0.0, self.squares / self.n - self.mean**2)
        cube = float(spread**1.5)
        if spread <= 1e-12 * mean * mean or cube == 0:
            return 0.0
        third = self.cubes / self.n - 3 * mean * self.squares / self.n + 2 * mean**3
        # No set of n values is more lopsided than one of which all but one are alike.
        return max(-math.sqrt(self.n), min(math.sqrt(self.n), third / cube))


def mean_interval(values: Moments, level: float = 0.95, effect: float = 1.0) -> Interval | None:
    """Interval of a mean, in the unit of the values; None of fewer than two.

    m - e T(z) to m - e T(-z), e the standard error, T the inverse of g(t) = t + 2at² + 4a²t³/3 + a with
    a = skewness / (6 √n): waits have a long tail, of which m ± z e sees too little. Source: Hall (1992), JRSS B 54, on
    the removal of skewness by transformation. `effect` is the design effect, by which the variance is
    multiplied: it tells nothing of the skewness, which stays that of n values.
    """
    z = _z(level)
    if values.n < 2:
        return None
    error, part = _error_of_mean(values, effect), values.skewness / (6 * math.sqrt(values.n))
    low, high = (values.mean - error * _without_skewness(end, part) for end in (z, -z))
    return Interval(min(low, values.mean), max(high, values.mean))


def _without_skewness(g: float, a: float) -> float:
    """The t of which g = ((1 + 2at)³ - 1) / (6a) + a."""
    if abs(a) < 1e-9:
        return g
    return (math.cbrt(1 + 6 * a * (g - a)) - 1) / (2 * a)


def mean_difference(
    values1: Moments, values0: Moments, level: float = 0.95, effect1: float = 1.0, effect0: float = 1.0
) -> Difference | None:
    """Difference of two means, in the unit of the values; None when a base is below 2.

    Interval: square-and-add of the two ``mean_interval``; source: Zou and Donner (2008), Statistics in Medicine 27.
    p-value: z with the standard error that the arm towards 0 implies, as in ``difference_from_intervals``.
    """
    current, previous = mean_interval(values1, level, effect1), mean_interval(values0, level, effect0)
    if current is None or previous is None:
        return None
    # Two equal constants may differ in the last digit: with a variance of 0 that reads as a clear change.
    if math.isclose(values1.mean, values0.mean, rel_tol=1e-12):
        return replace(difference_from_intervals(values1.mean, current, values1.mean, previous, level), p_value=1.0)
    return difference_from_intervals(values1.mean, current, values0.mean, previous, level)


# Answers added to those of a net score before its error is taken: promoters, detractors, and all.
_ADDED_BOXES, _ADDED_ANSWERS = 0.75, 3.0


@dataclass(frozen=True)
class Boxes:
    """The answers to a recommendation question: promoters, detractors, and all answers."""

    promoters: float
    detractors: float
    n: float

    @property
    def net(self) -> float:
        """The share of promoters less that of detractors, in points."""
        return 100 * (self.promoters - self.detractors) / self.n

    def over(self, effect: float) -> "Boxes":
        """As many answers as these are worth where rows depend on each other, and the added ones."""
        return Boxes(
            self.promoters / effect + _ADDED_BOXES,
            self.detractors / effect + _ADDED_BOXES,
            self.n / effect + _ADDED_ANSWERS,
        )

    @property
    def error(self) -> float:
        """The standard error of the net score, in points."""
        p, d = self.promoters / self.n, self.detractors / self.n
        return 100 * math.sqrt(max(0.0, p + d - (p - d) ** 2) / self.n)


def nps_interval(boxes: Boxes, level: float = 0.95, effect: float = 1.0) -> Interval | None:
    """Interval of a net promoter score, in points (-100..100); None without answers.

    Score 100 (p - d), standard error 100 √((p + d - (p - d)²) / n): a difference of two shares of one sample; source:
    Scott and Seber (1983), The American Statistician 37. Both are taken after 0.75 promoters, 0.75 detractors and 1.5
    others have been added, as of answers that nearly all agree the error is too small, of equal ones 0; source: the
    adjustment of a share by Agresti and Coull (1998), The American Statistician 52, with the counts that keep the
    coverage of scores between .93 and .97 in simulation.
    `effect` is the design effect: n / effect answers stand for n. Cut at -100 and 100; the score is never outside.
    """
    _require_part(boxes.promoters + boxes.detractors, boxes.n)
    _require_count(boxes.promoters, boxes.detractors)
    z = _z(level)
    if boxes.n == 0:
        return None
    adjusted = boxes.over(max(1.0, effect))
    score, half = adjusted.net, z * adjusted.error
    return Interval(min(boxes.net, max(-100.0, score - half)), max(boxes.net, min(100.0, score + half)))


def nps_difference(
    boxes1: Boxes, boxes0: Boxes, level: float = 0.95, effect1: float = 1.0, effect0: float = 1.0
) -> Difference | None:
    """Difference of two net promoter scores of independent samples, in points; None when a base is 0.

    z = Δ / √(SE1² + SE0²) of the adjusted answers of ``nps_interval``, for the interval and the p-value.
    """
    if nps_interval(boxes1, level, effect1) is None or nps_interval(boxes0, level, effect0) is None:
        return None
    value, (now, before) = boxes1.net - boxes0.net, (boxes1.over(max(1.0, effect1)), boxes0.over(max(1.0, effect0)))
    difference = _symmetric(now.net - before.net, math.hypot(now.error, before.error), _z(level))
    return Difference(value, min(value, difference.low), max(value, difference.high), difference.p_value)


def quantile_ranks(n: int, q: float, level: float = 0.95) -> tuple[int, int] | None:
    """Ranks (from 1) of the sorted values that bound the q-quantile with at least the stated coverage.

    The number of values below the quantile is binomial (n, q); each rank leaves out at most (1 - level) / 2
    of it. None when the base is too small: no value lies far enough out. Exact for every n, without a normal
    approximation: the sum starts where the binomial has no mass yet, so 10 million values take milliseconds.
    Source: Thompson (1936), Annals of Mathematical Statistics 7; David and Nagaraja (2003), Order Statistics,
    section 7.1.
    """
    if not 0 < q < 1:
        raise ValueError(f"a quantile lies strictly between 0 and 1, not {q}")
    tail = _tail(level)
    if n < 1:
        return None
    from_bottom, from_top = _binomial_quantile(tail, n, q), _binomial_quantile(tail, n, 1 - q)
    return (from_bottom, n + 1 - from_top) if from_bottom and from_top else None


def difference_from_intervals(v1: float, i1: Interval, v0: float, i0: Interval, level: float = 0.95) -> Difference:
    """Difference v1 - v0 of two estimates known by their intervals at ``level`` (medians, quantiles).

    Interval: square-and-add; source: Zou and Donner (2008), Statistics in Medicine 27. p-value: z with the
    standard error that the arm of this interval towards 0 implies, its length / z: it is below 1 - level exactly
    where the interval excludes 0. Intervals of quantiles are lopsided: half their width says little of either arm.
    """
    value = v1 - v0
    arm = math.hypot(v1 - i1.low, i0.high - v0) if value > 0 else math.hypot(i1.high - v1, v0 - i0.low)
    return _square_and_add(v1, i1, v0, i0, arm / _z(level))


def benjamini_hochberg(p_values: Sequence[float], weights: Sequence[float] | None = None) -> list[float]:
    """Adjusted p-values of one family, in the order given: reject at α to keep the false discovery rate at α.

    min over j >= i of m p(j) / j, at most 1. Source: Benjamini and Hochberg (1995), JRSS B 57. With `weights`, made to
    average 1, p / weight stands for each p: hypotheses declared beforehand may have more than their equal part of α;
    source: Genovese, Roeder and Wasserman (2006), Biometrika 93. None is below what it is adjusted from.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("a p-value lies between 0 and 1")
    m, parts = len(p_values), p_values
    if weights is not None:
        mean = sum(weights) / max(1, len(weights))
        parts = [min(1.0, p / (weight / mean)) for p, weight in zip(p_values, weights, strict=True)]
    results, smallest = [1.0] * m, 1.0
    order = sorted(range(m), key=lambda i: parts[i], reverse=True)
    for rank, i in zip(range(m, 0, -1), order, strict=True):
        smallest = min(smallest, parts[i] * (m / rank))
        results[i] = max(smallest, p_values[i])
    return results


def _require_part(part: float, whole: float) -> None:
    if not 0 <= part <= whole < math.inf:
        raise ValueError(f"{part} of {whole} is not a share: expected 0 <= part <= whole")


def _require_count(*counts: float) -> None:
    if not all(0 <= count < math.inf for count in counts):
        raise ValueError(f"counts are finite and not negative: {counts}")


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies strictly between 0 and 1, not {level}")
    return (1 - level) / 2


@lru_cache(maxsize=16)
def _z(level: float) -> float:
    return -NormalDist().inv_cdf(_tail(level))


def _p_value(value: float, se: float) -> float:
    if se == 0:
        return 1.0 if value == 0 else 0.0
    return math.erfc(abs(value) / se / math.sqrt(2))


def _symmetric(value: float, se: float, z: float) -> Difference:
    return Difference(value, value - z * se, value + z * se, _p_value(value, se))


def _square_and_add(v1: float, i1: Interval, v0: float, i0: Interval, se: float) -> Difference:
    value = v1 - v0
    low = value - math.hypot(v1 - i1.low, i0.high - v0)
    high = value + math.hypot(i1.high - v1, v0 - i0.low)
    return Difference(value, low, high, _p_value(value, se))


def _error_of_mean(values: Moments, effect: float) -> float:
    return math.sqrt(values.variance / values.n * max(1.0, effect))


def _binomial_quantile(tail: float, n: int, q: float) -> int:
    """Smallest k with P(B <= k) >= tail, for a tail below one half."""
    # Nine standard deviations (and 20 for the skewed cases) below the mean there is less mass than 1e-15.
    k = max(0, math.floor(n * q - 9 * math.sqrt(n * q * (1 - q)) - 20))
    odds = q / (1 - q)
    log_ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    mass = math.exp(log_ways + k * math.log(q) + (n - k) * math.log1p(-q))
    cumulative = mass
    while cumulative < tail and k < n:
        mass *= (n - k) / (k + 1) * odds
        k += 1
        cumulative += mass
    return k


def _gamma_quantile(p: float, shape: float) -> float:
    """x with P(shape, x) = p, by Newton steps.

    Start: the cube of Wilson and Hilferty (1931), PNAS 17, or if larger the bound that follows from
    P(a, x) <= x^a / Γ(a + 1).
    """
    z = NormalDist().inv_cdf(p)
    cube_root = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    limit = math.exp(min(700.0, (math.log(p) + math.lgamma(shape + 1)) / shape))
    x = max(shape * cube_root**3, limit)
    # The bound's own relative error is of the order of x; the density of a tiny shape overflows near 0.
    if shape > _LARGE_SHAPE or x < 1e-10:
        return x
    for _ in range(100):
        cumulative, density = _gamma_distribution(shape, x)
        step = (cumulative - p) / density
        x = max(x - step, x / 10)
        if abs(step) <= 1e-10 * x:
            break
    return x


def _gamma_distribution(shape: float, x: float) -> tuple[float, float]:
    """Distribution function and density of the gamma law at x.

    P(a, x) = x^a e^-x Σ x^k / Γ(a + k + 1): all terms positive. Source: DLMF (2010), 8.11.4.
    """
    density = math.exp((shape - 1) * math.log(x) - x - math.lgamma(shape))
    term = total = 1 / shape
    divisor = shape
    while term > 1e-16 * total:
        divisor += 1
        term *= x / divisor
        total += term
    return density * x * total, density
