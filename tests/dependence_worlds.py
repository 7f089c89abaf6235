"""Worlds in which two years follow one law and rows depend on each other, and how often intervals and tests err.

    python -m tests.dependence_worlds [--repetitions 500] [WORLD ...]

Each repetition draws the rows of 2024 and 2025, puts them into cells as a barometer has them, and asks the functions
that print. For each world it prints how often the interval of a year holds the truth and how often the change of the
years is called clear: with rows taken as independent ("naive") and as kpibar does, and its mean design effect. Clear
is what verdicts call so: p below .05 and an interval of the change without 0; of times as a whole, p below .05 and a
median that moved the same way.

Limits of kpibar's: coverage .93 to .97, alarms .02 to .07. Where figures jump (30 rows, a handful of hits) coverage may
be up to .985: no interval of counts is exact for every share, and Wilson's, Garwood's and that of order statistics lean
to the safe side. Where fewer than two hits or two misses are expected, coverage of .90 is enough, and alarms may be
fewer than .02. A world outside its limits is drawn again with four times the repetitions before it is said to be: the
binomial noise of 500 is .01. Exit code 1, and a mark, where one still is.
"""

import argparse
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from statistics import NormalDist
from typing import ClassVar, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kpibar.config import Settings
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.compute import Cells, effect_of_year
from kpibar.kpis.estimates import Measure, Parts, Window, difference_by_intervals
from kpibar.kpis.intervals import Difference
from kpibar.kpis.kinds import KINDS, Kind
from kpibar.kpis.time_cells import time_figures, time_shifts
from kpibar.kpis.times import Shift, Times, compare_times

LEVEL = 0.95
# The year and the year before, and how many repetitions are drawn at a time.
YEARS, CHUNK = (2025, 2024), 100
Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
# What an operand of a figure is made of, by the name of the part: repetitions by days.
Sums = Mapping[str, Numbers]


@dataclass(frozen=True)
class Calendar:
    """The days of a year, by their place in it."""

    year: int

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Its days."""
        first = date(self.year, 1, 1)
        return tuple(first + timedelta(days=place) for place in range((date(self.year + 1, 1, 1) - first).days))

    @cached_property
    def weeks(self) -> Integers:
        """The number of the week of each day, from 0 on."""
        return (np.arange(len(self.days)) + self.days[0].weekday()) // 7

    @cached_property
    def starts(self) -> Integers:
        """The places of the first days of its cells: Mondays and first days of months."""
        return np.array([place for place, day in enumerate(self.days) if day.weekday() == 0 or day.day == 1])

    @cached_property
    def window(self) -> Window:
        """All of it."""
        return Window(self.days[0], self.days[-1])


class World(Protocol):
    """A law of the rows of a year."""

    @property
    def kind(self) -> Kind:
        """The kind of KPI that is made of its rows."""
        ...

    @property
    def truth(self) -> float:
        """What the figure of very many rows would be."""
        ...

    @property
    def fewest(self) -> float:
        """The number of hits that a year is expected to have, or of misses if fewer."""
        ...

    @property
    def jumps(self) -> bool:
        """Whether the figure has few values, or rests on few rows."""
        ...


class WorldOfCells(World, Protocol):
    """A law of rows that are summed."""

    def draw(self, generator: Generator, calendar: Calendar, repetitions: int) -> Sequence[Sums]:
        """The sums of each day of a year, of each operand of the figure in order."""
        ...


def draw_days(generator: Generator, rows: int, weights: Numbers, repetitions: int) -> Integers:
    """How many of so many rows fall on each day, of each repetition."""
    return generator.multinomial(rows, weights / weights.sum(), size=repetitions)


def draw_shares(generator: Generator, share: float, correlation: float, size: tuple[int, int]) -> Numbers:
    """Shares about a mean: rows that have one of them in common are correlated by so much."""
    if not correlation:
        return np.full(size, share)
    strength = 1 / correlation - 1
    return generator.beta(share * strength, (1 - share) * strength, size)


def sum_by_day(places: Integers, values: Numbers | None, repetitions: int, days: int) -> Numbers:
    """The sums of values (None: their number) by their place, counted through the days of all repetitions."""
    weights = None if values is None else values.ravel()
    return np.bincount(places.ravel(), weights, repetitions * days).astype(float).reshape(repetitions, days)


@dataclass(frozen=True)
class Shares:
    """Rows of which a share are hits. Those of a week, or of a day, have a share in common where they correlate.

    In both years the share is larger in winter than in the whole year by a part `season` of it, and as much smaller in
    summer.
    """

    rows: int
    share: float
    correlation: float = 0.0
    by_day: bool = False
    is_closed_on_sundays: bool = False
    season: float = 0.0
    jumps: bool = False
    kind: ClassVar[Kind] = "rate"

    @property
    def truth(self) -> float:
        return self.share

    @property
    def fewest(self) -> float:
        return self.rows * min(self.share, 1 - self.share)

    def draw(self, generator: Generator, calendar: Calendar, repetitions: int) -> Sequence[Sums]:
        weights = np.array([float(day.weekday() < 6 or not self.is_closed_on_sundays) for day in calendar.days])
        base = draw_days(generator, self.rows, weights, repetitions)
        groups = np.arange(len(calendar.days)) if self.by_day else calendar.weeks
        shares = draw_shares(generator, self.share, self.correlation, (repetitions, int(groups[-1]) + 1))
        waves = 1 + self.season * np.cos(2 * np.pi * np.arange(len(calendar.days)) / len(calendar.days))
        hits = generator.binomial(base, shares[:, groups] * waves)
        return [{"base": base.astype(float), "hits": hits.astype(float)}]


@dataclass(frozen=True)
class Pairs:
    """Contacts of which each customer makes two, both with one outcome; the second `lag` days later on average.

    `is_even`: any time within twice the lag, else mostly soon (exponential).
    """

    rows: int
    share: float
    lag: float
    is_even: bool = False
    kind: ClassVar[Kind] = "rate"
    jumps: ClassVar[bool] = False

    @property
    def truth(self) -> float:
        return self.share

    @property
    def fewest(self) -> float:
        return self.rows * min(self.share, 1 - self.share)

    def draw(self, generator: Generator, calendar: Calendar, repetitions: int) -> Sequence[Sums]:
        days, before = len(calendar.days), 40
        size = (repetitions, self.rows * (days + before) // (2 * days))
        first = generator.uniform(-before, days, size)
        lag = generator.uniform(0, 2 * self.lag, size) if self.is_even else generator.exponential(self.lag, size)
        hits = (generator.random(size) < self.share).astype(float)
        sums: list[Numbers] = [np.zeros((repetitions, days)), np.zeros((repetitions, days))]
        for instants in (first, first + lag):
            day = np.floor(instants).astype(int)
            inside = (day >= 0) & (day < days)
            places = (np.arange(repetitions)[:, None] * days + day)[inside]
            sums[0] += sum_by_day(places, None, repetitions, days)
            sums[1] += sum_by_day(places, hits[inside], repetitions, days)
        return [{"base": sums[0], "hits": sums[1]}]


@dataclass(frozen=True)
class Contacts:
    """Contacts per order: an order has a Poisson number of them, whose mean varies by order as a gamma of a shape.

    The weekly number of orders varies by `spread`. Contacts follow the order by `lag` days on average. Where `link`
    is not 0, the distribution of contacts over orders is seen in that share of them.
    """

    rows: int
    rate: float
    shape: float
    spread: float = 0.3
    lag: float = 0.0
    link: float = 0.0
    kind: ClassVar[Kind] = "ratio"
    jumps: ClassVar[bool] = False

    @property
    def truth(self) -> float:
        return self.rate

    @property
    def fewest(self) -> float:
        return self.rows * self.rate

    def draw(self, generator: Generator, calendar: Calendar, repetitions: int) -> Sequence[Sums]:
        days, before = len(calendar.days), 42
        total, size = days + before, (repetitions, (days + before) // 7 + 2)
        groups = np.concatenate([np.arange(before) // 7, calendar.weeks + before // 7])
        volumes = generator.gamma(1 / self.spread**2, self.spread**2, size) if self.spread else np.ones(size)
        orders = generator.poisson(self.rows / days * volumes[:, groups])
        places = np.repeat(np.arange(repetitions * total), orders.ravel())
        means = self.rate * generator.gamma(self.shape, 1 / self.shape, len(places))
        contacts = generator.poisson(means)
        of_contacts = np.repeat(places, contacts)
        later = np.floor(generator.random(len(of_contacts)) + generator.exponential(self.lag, len(of_contacts)))
        inside = of_contacts % total + later < total
        events = sum_by_day((of_contacts + later.astype(int))[inside], None, repetitions, total)
        sums: list[Sums] = [{"base": events[:, before:]}, {"base": orders[:, before:].astype(float)}]
        if self.link:
            seen_contacts = generator.binomial(contacts, self.link).astype(float)
            parts = [sum_by_day(places, seen_contacts**power, repetitions, total)[:, before:] for power in (1, 2)]
            sums.append({"base": sums[1]["base"], "total": parts[0], "squares": parts[1]})
        return sums


@dataclass(frozen=True)
class Scores:
    """Answers to a recommendation question. Those of a week may have their shares in common."""

    rows: int
    promoters: float
    detractors: float
    correlation: float = 0.0
    jumps: bool = False
    kind: ClassVar[Kind] = "net"

    @property
    def truth(self) -> float:
        return 100 * (self.promoters - self.detractors)

    @property
    def fewest(self) -> float:
        return self.rows * min(self.promoters, 1 - self.promoters)

    def draw(self, generator: Generator, calendar: Calendar, repetitions: int) -> Sequence[Sums]:
        base = draw_days(generator, self.rows, np.ones(len(calendar.days)), repetitions)
        rest = self.detractors / (1 - self.promoters)
        size = (repetitions, int(calendar.weeks[-1]) + 1)
        hits = generator.binomial(
            base, draw_shares(generator, self.promoters, self.correlation, size)[:, calendar.weeks]
        )
        against = generator.binomial(base - hits, rest)
        return [{"base": base.astype(float), "hits": hits.astype(float), "against": against.astype(float)}]


def draw_exponential(generator: Generator, size: tuple[int, int]) -> Numbers:
    """Values of mean 1 without a memory."""
    return generator.exponential(1, size)


def draw_lognormal(generator: Generator, size: tuple[int, int]) -> Numbers:
    """Values of mean 1 whose logarithm is normal, with a standard deviation of 1."""
    return generator.lognormal(-0.5, 1, size)


def draw_zeros(generator: Generator, size: tuple[int, int]) -> Numbers:
    """Values of mean 1 of which three in five are 0, the others exponential."""
    return generator.exponential(2.5, size) * (generator.random(size) < 0.4)


@dataclass(frozen=True)
class Waits:
    """Waits of a mean of 60 seconds. Those of a week have a factor in common that varies by `spread`."""

    rows: int
    law: Callable[[Generator, tuple[int, int]], Numbers]
    spread: float = 0.0
    kind: ClassVar[Kind] = "mean"
    jumps: ClassVar[bool] = False
    truth: ClassVar[float] = 60.0
    fewest: ClassVar[float] = math.inf

    def draw(self, generator: Generator, calendar: Calendar, repetitions: int) -> Sequence[Sums]:
        days = len(calendar.days)
        size = (repetitions, self.rows)
        day, values = generator.integers(days, size=size), self.truth * self.law(generator, size)
        if self.spread:
            factors = generator.gamma(1 / self.spread**2, self.spread**2, (repetitions, int(calendar.weeks[-1]) + 1))
            values = values * np.take_along_axis(factors, calendar.weeks[day], 1)
        places = np.arange(repetitions)[:, None] * days + day
        powers = {"base": None, "total": values, "squares": values**2, "cubes": values**3}
        return [{name: sum_by_day(places, power, repetitions, days) for name, power in powers.items()}]


@dataclass(frozen=True)
class Replies:
    """Times until a reply: of some contacts the same day, after about 2 hours, of the others the next, after about 20.

    Contacts of a day have the share of the first in common where they correlate. To a part `silence` no reply ever
    comes; those, and the ones of the last days whose reply is to come, still run when the records are read.
    """

    rows: int
    same_day: float
    correlation: float = 0.0
    silence: float = 0.0
    quantile: float = 0.5
    jumps: bool = False
    _MODES: ClassVar[tuple[tuple[float, float], ...]] = ((2.0, 0.5), (20.0, 0.25))

    @property
    def kind(self) -> Kind:
        return "time_to" if self.silence else "median"

    @property
    def fewest(self) -> float:
        return self.rows * (1 - self.quantile)

    @cached_property
    def truth(self) -> float:
        low, high = 0.0, 100.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self._share_at(middle) < self.quantile else (low, middle)
        return math.ceil(high * 60) * 60.0

    def _share_at(self, hours: float) -> float:
        """The share that has a reply by so many hours."""
        normal, parts = NormalDist(), (self.same_day, 1 - self.same_day)
        modes = (normal.cdf(math.log(hours / centre) / width) for centre, width in self._MODES)
        return (1 - self.silence) * sum(part * mode for part, mode in zip(parts, modes, strict=True))

    def draw(self, generator: Generator, calendar: Calendar, repetitions: int) -> Iterator[Times]:
        """The cells of the times of a year, of each repetition: whole minutes, a record each."""
        days, size = len(calendar.days), (repetitions, self.rows)
        day = generator.integers(days, size=size)
        shares = draw_shares(generator, self.same_day, self.correlation, (repetitions, days))
        is_late = generator.random(size) >= np.take_along_axis(shares, day, 1)
        centres, widths = (np.array(values)[is_late.astype(int)] for values in zip(*self._MODES, strict=True))
        hours = centres * np.exp(widths * generator.standard_normal(size))
        seconds = np.where(generator.random(size) < self.silence, np.inf, np.ceil(60 * hours) * 60)
        age = (days - day + 1) * 86_400.0
        is_over = seconds <= age
        seconds = np.minimum(seconds, age)
        for order, number, over, place in zip(np.argsort(seconds, 1), seconds, is_over, day, strict=True):
            weeks = calendar.weeks[place[order]] + calendar.days[0].toordinal() // 7
            yield Times(number[order], np.ones_like(weeks), over[order].astype(int), weeks, np.zeros_like(weeks))


@dataclass(frozen=True)
class Outcome:
    """Of two years, the share of the intervals that hold the truth, and whether their change is called clear."""

    coverage: float
    alarm: bool


@dataclass(frozen=True)
class Trial:
    """The outcome of a repetition with rows taken as independent, and as kpibar takes them."""

    naive: Outcome
    kpibar: Outcome
    effect: float


def covers(measure: Measure, truth: float) -> bool:
    """Whether the interval of a figure holds the truth; an end that is not known is infinitely far."""
    low, high = (math.nan if end is None else end for end in (measure.low, measure.high))
    return not (truth < low or truth > high)


def is_clear(difference: Difference | None) -> bool:
    """Whether a change is called clear, if nothing else is looked at."""
    return difference is not None and difference.p_value < 1 - LEVEL and difference.clear


def outcome(pair: Sequence[Measure], truth: float, alarm: bool) -> Outcome:
    """The outcome of the figures of two years."""
    return Outcome(sum(covers(measure, truth) for measure in pair) / len(pair), alarm)


def trials_of_cells(world: WorldOfCells, generator: Generator, repetitions: int) -> Iterator[tuple[str, Trial]]:
    """The trials of a world of sums, with the name of what is tried."""
    spec = KINDS[world.kind]
    for years in zip(*(cells_of_year(world, generator, Calendar(year), repetitions) for year in YEARS), strict=True):
        pairs = figures_of_cells(world.kind, years)
        naive, kpibar = (
            outcome(pair, world.truth, is_clear(spec.difference(pair[0], pair[1], LEVEL))) for pair in pairs
        )
        yield world.kind, Trial(naive, kpibar, sum(figure.effect for figure in pairs[1]) / 2)


def cells_of_year(world: WorldOfCells, generator: Generator, calendar: Calendar, repetitions: int) -> Iterator[Cells]:
    """The cells of a year of each repetition: a KPI for each operand, by its place."""
    days = [calendar.days[start] for start in calendar.starts]
    sums = [
        {name: np.add.reduceat(values, calendar.starts, axis=1) for name, values in operand.items()}
        for operand in world.draw(generator, calendar, repetitions)
    ]
    for repetition in range(repetitions):
        by_kpi: dict[str, Mapping[str, Mapping[date, Parts]]] = {}
        for place, operand in enumerate(sums):
            columns = zip(*(values[repetition].tolist() for values in operand.values()), strict=True)
            parts = (Parts(**dict(zip(operand, numbers, strict=True))) for numbers in columns)
            by_kpi[str(place)] = {"": dict(zip(days, parts, strict=True))}
        yield Cells(by_kpi)


def figures_of_cells(kind: Kind, years: Sequence[Cells]) -> tuple[list[Measure], list[Measure]]:
    """The figures of both years with their rows taken as independent, and with their design effects."""
    kpi = replace(catalogue(Settings()).get("late_share"), kind=kind)
    spec, names, windows = kpi.spec, list(years[0].by_kpi), [Calendar(year).window for year in YEARS]
    assert spec.quotient is not None, f"a {kind} is no quotient"
    # What stands beside the operands is their distribution, which has no weeks of its own.
    operands = names[: len(spec.operands) or 1]
    weeks = [[cells.weeks(name, window) for name in operands] for cells, window in zip(years, windows, strict=True)]
    naive, kpibar = [], []
    for place, (cells, window) in enumerate(zip(years, windows, strict=True)):
        sums = [cells.sum(name, window) for name in names]
        naive.append(spec.estimate(sums[: len(operands)], LEVEL, None))
        kpibar.append(spec.estimate(sums, LEVEL, effect_of_year(kpi, weeks, place, LEVEL)))
    return naive, kpibar


def trials_of_times(world: Replies, generator: Generator, repetitions: int) -> Iterator[tuple[str, Trial]]:
    """The trials of a world of times: of the test of them as a whole, where there is one, and of their quantiles."""
    kpi = replace(catalogue(Settings()).get("frt_median"), kind=world.kind, quantile=world.quantile)
    for years in zip(*(world.draw(generator, Calendar(year), repetitions) for year in YEARS), strict=True):
        figures = time_figures({(place, None, None): times for place, times in enumerate(years)}, kpi, LEVEL)
        now, before = (figures[place, None, None] for place in (0, 1))
        naive = [naive_figure(times, kpi) for times in years]
        effect = (now.effect + before.effect) / 2
        shift = time_shifts({(place, None, None): times for place, times in enumerate(years)}, kpi, LEVEL, 10).get(None)
        if shift is not None:
            plain = compare_times(without_weeks(years[0]), without_weeks(years[1]), LEVEL)
            yield (
                f"{world.kind}, all times",
                Trial(
                    outcome(naive, world.truth, is_shift(plain, *naive)),
                    outcome((now, before), world.truth, is_shift(shift, now, before)),
                    effect,
                ),
            )
        tests = [difference_by_intervals(pair[0], pair[1], LEVEL) for pair in (naive, (now, before))]
        yield (
            f"{world.kind}, {world.quantile:g} quantile",
            Trial(
                outcome(naive, world.truth, is_clear(tests[0])),
                outcome((now, before), world.truth, is_clear(tests[1])),
                effect,
            ),
        )


def without_weeks(times: Times) -> Times:
    """Times of which no week is known: then they are taken as independent."""
    return replace(times, week=np.zeros_like(times.week))


def naive_figure(times: Times, kpi: Kpi) -> Measure:
    """The quantile of times that are taken as independent."""
    assert kpi.spec.times is not None
    return kpi.spec.times(times, kpi.quantile, LEVEL, None)


def is_shift(shift: Shift | None, now: Measure, before: Measure) -> bool:
    """Whether times have clearly shifted, and their median with them."""
    if shift is None or now.value is None or before.value is None:
        return False
    return shift.p_value < 1 - LEVEL and (shift.longer - 0.5) * (now.value - before.value) > 0


WORLDS: Mapping[str, Shares | Pairs | Contacts | Scores | Waits | Replies] = {
    "independent": Shares(6_240, 0.12),
    "independent, 300 rows": Shares(300, 0.12),
    "two contacts a customer, 2 days apart": Pairs(5_000, 0.12, 2.0),
    "two contacts a customer, within a week": Pairs(5_000, 0.12, 3.5, is_even=True),
    "weeks, 120 rows each": Shares(6_240, 0.12, 0.01),
    "weeks, 2000 rows each": Shares(104_000, 0.12, 0.01),
    "days, 1000 calls each": Shares(313_000, 0.8, 0.08, by_day=True, is_closed_on_sundays=True),
    "season, 120 rows a week": Shares(6_240, 0.12, season=0.3),
    "season, 500 rows a week": Shares(26_000, 0.12, season=0.3),
    "season and weeks": Shares(6_240, 0.12, 0.01, season=0.3),
    "share of 30": Shares(30, 0.8, jumps=True),
    "share of 30, weeks": Shares(30, 0.4, 0.05, jumps=True),
    "0.1 %, 5 hits": Shares(5_000, 0.001, jumps=True),
    "0.1 %, 2 hits": Shares(2_000, 0.001, jumps=True),
    "0.1 %, 1 hit in 2 years": Shares(500, 0.001, jumps=True),
    "99 %, 5 misses": Shares(500, 0.99, jumps=True),
    "99 %, 2 misses": Shares(200, 0.99, jumps=True),
    "99 %, 1 miss in 2 years": Shares(50, 0.99, jumps=True),
    "contacts of the day of the order": Contacts(5_000, 0.35, 0.5),
    "the same, distribution seen": Contacts(5_000, 0.35, 0.5, link=0.6),
    "contacts days after, orders even": Contacts(5_000, 0.35, 0.5, spread=0, lag=4.0),
    "the same, distribution seen of even": Contacts(5_000, 0.35, 0.5, spread=0, lag=4.0, link=0.6),
    "contacts days after, orders vary": Contacts(5_000, 0.35, 0.5, lag=4.0),
    "the same, distribution seen of varied": Contacts(5_000, 0.35, 0.5, lag=4.0, link=0.6),
    "NPS of 30, nearly all promoters": Scores(30, 0.95, 0.02, jumps=True),
    "NPS of 30": Scores(30, 0.5, 0.2, jumps=True),
    "NPS of 300, nearly all promoters": Scores(300, 0.95, 0.02),
    "NPS of 300": Scores(300, 0.5, 0.2),
    "NPS of 3000, weeks": Scores(3_000, 0.5, 0.2, 0.03),
    "waits of 150, exponential": Waits(150, draw_exponential),
    "waits of 150, lognormal": Waits(150, draw_lognormal),
    "waits of 150, zeros": Waits(150, draw_zeros),
    "waits of 700, exponential": Waits(700, draw_exponential),
    "waits of 700, lognormal": Waits(700, draw_lognormal),
    "waits of 700, zeros": Waits(700, draw_zeros),
    "waits of 700, weeks": Waits(700, draw_exponential, 0.4),
    "replies": Replies(2_080, 0.55),
    "replies, 30 rows": Replies(30, 0.55, jumps=True),
    "replies, half the next day": Replies(2_080, 0.5),
    "replies, days": Replies(2_080, 0.55, 0.08),
    "replies, many a day": Replies(10_400, 0.55, 0.08),
    "replies, half the next day, days": Replies(2_080, 0.5, 0.08),
    "replies, running": Replies(2_080, 0.58, 0.0, 0.05),
    "replies, running, days": Replies(2_080, 0.58, 0.08, 0.05),
    "replies, 9 in 10": Replies(2_080, 0.55, 0.08, 0.0, 0.9),
    "replies, 9 in 10, running": Replies(2_080, 0.55, 0.08, 0.05, 0.9),
}


@dataclass(frozen=True)
class Score:
    """How often intervals hold the truth and changes are called clear, over the repetitions of a world."""

    repetitions: int
    naive: tuple[float, float]
    kpibar: tuple[float, float]
    effect: float

    def is_within(self, world: World) -> bool:
        """Whether kpibar's stay within the limits of a world."""
        coverage, alarms = self.kpibar
        if world.fewest < 2:
            return coverage >= 0.90 and alarms <= 0.07
        return 0.93 <= coverage <= (0.985 if world.jumps else 0.97) and 0.02 <= alarms <= 0.07


def score(trials: Sequence[Trial]) -> Score:
    """The means of trials."""
    sides = ([getattr(trial, side) for trial in trials] for side in ("naive", "kpibar"))
    naive, kpibar = (
        (sum(entry.coverage for entry in side) / len(side), sum(entry.alarm for entry in side) / len(side))
        for side in sides
    )
    return Score(len(trials), naive, kpibar, sum(trial.effect for trial in trials) / len(trials))


def try_world(name: str, repetitions: int) -> dict[str, Score]:
    """The scores of a world, by what is tried."""
    world, generator = WORLDS[name], np.random.default_rng([zlib.crc32(name.encode()), repetitions])
    trials: dict[str, list[Trial]] = {}
    for first in range(0, repetitions, CHUNK):
        count = min(CHUNK, repetitions - first)
        if isinstance(world, Replies):
            chunk: Iterable[tuple[str, Trial]] = trials_of_times(world, generator, count)
        else:
            chunk = trials_of_cells(world, generator, count)
        for subject, trial in chunk:
            trials.setdefault(subject, []).append(trial)
    return {subject: score(entries) for subject, entries in trials.items()}


def main() -> int:
    """Print the scores of worlds."""
    parser = argparse.ArgumentParser(description="How often intervals hold the truth, and changes are false alarms.")
    parser.add_argument("--repetitions", type=int, default=500)
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=f"by default all of: {'; '.join(WORLDS)}")
    options = parser.parse_args()
    print(f"{'':39} {'':21} {'':>6}  {'naive':^15}  {'kpibar':^15}")
    columns = f"{'coverage':>8} {'alarms':>6}"
    print(f"{'world':39} {'kind':21} {'drawn':>6}  {columns}  {columns}  {'effect':>6}")
    outside = 0
    for name in options.worlds or WORLDS:
        scores = try_world(name, options.repetitions)
        if not all(entry.is_within(WORLDS[name]) for entry in scores.values()):
            scores = try_world(name, 4 * options.repetitions)
        for subject, entry in scores.items():
            numbers = "  ".join(f"{c:>8.3f} {a:>6.3f}" for c, a in (entry.naive, entry.kpibar))
            mark = "" if entry.is_within(WORLDS[name]) else "  OUTSIDE"
            outside += bool(mark)
            print(f"{name:39} {subject:21} {entry.repetitions:>6}  {numbers}  {entry.effect:>6.2f}{mark}", flush=True)
    print(f"{outside} outside their limits")
    return int(outside > 0)


if __name__ == "__main__":
    raise SystemExit(main())
