"""The change of a quotient between two years, split into what changed within groups and how large groups are.

A figure is R = sum of w r over groups, w the share of a group in the base and r its own figure. Then, with bars for the
mean of both years,

    R2 - R1 = sum of w̄ (r2 - r1) + sum of (r̄ - R̄) (w2 - w1)

exactly: the first sum is the rate within groups, the second the mix; source: Kitagawa (1955), JASA 50. Where groups are
crossed by several dimensions the mix is shared out among these: with the base of a set S of dimensions as it is in the
second year, and the others within it as in the first, w_S, a dimension has the mean over all orders of what it adds;
source: Shapley (1953), Contributions to the Theory of Games II, and Das Gupta (1993), Standardization and
Decomposition of Rates.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

from kpibar.kpis.dependence import FEWEST_WEEKS, student_quantile, variance_of_sum
from kpibar.kpis.intervals import Interval

# The group that small groups are put into, of a name that no value of a column has.
OTHER = "?other"
# A change that is mere rounding.
_ROUNDING = 1e-9
# A group: its value of each dimension.
Group = tuple[str, ...]


@dataclass(frozen=True)
class Sums:
    """A figure as a numerator over a base, both sums over rows."""

    numerator: float = 0.0
    base: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.numerator + other.numerator, self.base + other.base)

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(self.numerator - other.numerator, self.base - other.base)

    @property
    def value(self) -> float:
        """The quotient; 0 of no base."""
        return self.numerator / self.base if self.base else 0.0


# The sums of the groups of a year.
Year = Mapping[Group, Sums]
# The sums of groups in each week of a year, by its number.
Weeks = Mapping[int, Year]


@dataclass(frozen=True)
class Part:
    """A part of a change and its interval, None where too few weeks tell how far it varies."""

    value: float
    interval: Interval | None = None

    @property
    def clear(self) -> bool:
        """Whether its interval leaves 0 out; what is mere rounding is 0."""
        return (
            self.interval is not None
            and not self.interval.low <= 0 <= self.interval.high
            and abs(self.value) > _ROUNDING
        )


@dataclass(frozen=True)
class GroupChange:
    """A group in both years (the first is the year before): its share of the base, its figure, and its parts."""

    name: str
    bases: tuple[float, float]
    shares: tuple[float, float]
    values: tuple[float, float]
    mix: Part
    rate: Part


@dataclass(frozen=True)
class Split:
    """The change of a figure: within groups, by the mix of each dimension, and by what has no base in any year.

    Their sum is the whole change. `groups` are those of the only dimension, the largest first, small ones together
    last; none where there are several. Every figure is multiplied by `scale`.
    """

    before: float
    now: float
    rate: Part
    mix: Mapping[str, Part]
    outside: Part | None
    groups: tuple[GroupChange, ...] = ()
    scale: float = 1.0

    @property
    def change(self) -> float:
        """The whole change."""
        return self.now - self.before


def split_change(
    dimensions: Sequence[str], before: Weeks, now: Weeks, level: float, minimum: float, scale: float = 1.0
) -> Split:
    """The parts of a change by the groups of dimensions, in the weeks of two years; those of now under their own number
    and those before under that of the week of now they stand beside.

    Groups of a base below `minimum` in either year are put together. An interval is of what the parts are without a
    week of both years, for each week in turn (Efron and Stein, 1981, Annals of Statistics 9); neighbours among weeks
    are taken together, as in `dependence.variance_of_sum`. `scale` multiplies every figure.
    """
    years = [_sum_years(before.values()), _sum_years(now.values())]
    names = pool_groups(years[0], years[1], max(minimum, 1))
    weeks = [{week: _pooled(groups, names) for week, groups in year.items()} for year in (before, now)]
    whole = [_pooled(year, names) for year in years]
    parts = _parts(dimensions, whole, whole, scale)
    spreads = _spreads(dimensions, whole, weeks, parts, scale)
    has_few_weeks = min(map(len, weeks)) < FEWEST_WEEKS
    measured = {
        key: Part(value, None if has_few_weeks else _interval(value, spreads[key], level))
        for key, value in parts.items()
    }
    figures = [_whole(year).value * scale for year in whole]
    outside = measured.get(("outside", ""))
    return Split(
        before=figures[0],
        now=figures[1],
        rate=measured["rate", ""],
        mix={name: measured["mix", name] for name in dimensions},
        outside=outside,
        groups=_groups(whole, measured, scale) if len(dimensions) == 1 else (),
        scale=scale,
    )


@dataclass(frozen=True)
class Addition:
    """A group of events over a base that is the same for all groups, in both years (the first is the year before).

    Its figures add up to the whole, and so do its changes.
    """

    name: str
    events: tuple[float, float]
    values: tuple[float, float]
    part: Part


def add_changes(
    events: Sequence[Weeks], bases: Sequence[Mapping[int, float]] | None, level: float, minimum: float
) -> tuple[Addition, ...]:
    """What each group adds to the change of events over a base, of the weeks of the year before and the year.

    The events of a group are its base here, a group of one value. Without bases the events themselves are the figure:
    such a change has no interval, as a count varies by more than chance. Groups of fewer events than `minimum` in
    either year are put together.
    """
    years = [_sum_years(year.values()) for year in events]
    names = pool_groups(years[0], years[1], max(minimum, 1))
    weeks = [{week: _pooled(groups, names) for week, groups in year.items()} for year in events]
    whole = [_pooled(year, names) for year in years]
    units = [sum(base.values()) for base in bases] if bases else [1.0, 1.0]
    additions = []
    for group in sorted(set(names.values())):
        counts = (_base(whole[0], group), _base(whole[1], group))
        values = (counts[0] / units[0], counts[1] / units[1])
        part = Part(values[1] - values[0])
        if bases and min(map(len, weeks)) >= FEWEST_WEEKS:
            of_weeks = [{week: _base(groups, group) for week, groups in year.items()} for year in weeks]
            part = Part(part.value, _interval(part.value, _addition_spread(counts, units, of_weeks, bases), level))
        additions.append(Addition(group[0], counts, values, part))
    return tuple(sorted(additions, key=lambda addition: (addition.name == OTHER, -addition.events[1], addition.name)))


def _addition_spread(
    counts: Sequence[float],
    units: Sequence[float],
    events: Sequence[Mapping[int, float]],
    bases: Sequence[Mapping[int, float]],
) -> dict[int, float]:
    """By how much each week, of both years, moves the change of a group of events over all units."""
    numbers = sorted({*events[0], *events[1], *bases[0], *bases[1]})
    change = counts[1] / units[1] - counts[0] / units[0]
    spread = {}
    for week in numbers:
        rests = [base - of_weeks.get(week, 0.0) for base, of_weeks in zip(units, bases, strict=True)]
        left = [count - of_weeks.get(week, 0.0) for count, of_weeks in zip(counts, events, strict=True)]
        before, now = (count / rest if rest else 0.0 for count, rest in zip(left, rests, strict=True))
        spread[week] = (change - (now - before)) * (len(numbers) - 1) / len(numbers)
    return spread


def pool_groups(before: Year, now: Year, minimum: float) -> Mapping[Group, Group]:
    """The group that each group is put into: its own, or where its base is below `minimum` in either year a wider one.

    Groups that are wider in the last dimension come first, then in the last two, and so on; a group of all others that
    is still too small takes the smallest of the rest. Groups without a base in both years are left as they are.
    """
    based = sorted(group for group in {*before, *now} if _base(before, group) or _base(now, group))
    names = {group: group for group in based}
    if not based:
        return names
    width = len(based[0])

    def bases(group: Group) -> tuple[float, float]:
        members = [member for member, name in names.items() if name == group]
        return sum(_base(before, member) for member in members), sum(_base(now, member) for member in members)

    for depth in range(width - 1, -1, -1):
        small = {group for group in set(names.values()) if min(bases(group)) < minimum}
        names = {
            member: name[:depth] + (OTHER,) * (width - depth) if name in small else name
            for member, name in names.items()
        }
    rest = (OTHER,) * width
    while rest in names.values() and min(bases(rest)) < minimum and len(set(names.values())) > 1:
        smallest = min(set(names.values()) - {rest}, key=lambda group: (min(bases(group)), group))
        names = {member: rest if name == smallest else name for member, name in names.items()}
    return names


def _base(year: Year, group: Group) -> float:
    return year[group].base if group in year else 0.0


def _sum_years(years: Iterable[Year]) -> dict[Group, Sums]:
    total: dict[Group, Sums] = {}
    for groups in years:
        for group, sums in groups.items():
            total[group] = total.get(group, Sums()) + sums
    return total


def _pooled(groups: Year, names: Mapping[Group, Group]) -> dict[Group, Sums]:
    """The groups under the names they have together; those without a base as the group of no name."""
    total: dict[Group, Sums] = {}
    for group, sums in groups.items():
        name = names.get(group, ())
        total[name] = total.get(name, Sums()) + sums
    return total


def _whole(year: Year) -> Sums:
    total = Sums()
    for sums in year.values():
        total += sums
    return total


# A part by its kind and name: ("rate", ""), ("mix", dimension), ("outside", ""), of a group ("rate of", its name) too.
Key = tuple[str, str]


def _parts(dimensions: Sequence[str], whole: Sequence[Year], years: Sequence[Year], scale: float) -> dict[Key, float]:
    """The parts of the change between two years, of which `whole` are all rows: groups are those of them.

    A group that has no base left has the figure that it has as a whole.
    """
    groups = [group for group in whole[0].keys() | whole[1].keys() if group]
    total = [_whole(year) for year in years]
    shares = [{g: _base(year, g) / sums.base if sums.base else 0.0 for g in groups}
              for year, sums in zip(years, total, strict=True)]  # fmt: skip
    values = [
        {g: (year[g] if _base(year, g) else every.get(g, Sums())).value * scale for g in groups}
        for year, every in zip(years, whole, strict=True)
    ]
    figures = [math.fsum(share[g] * value[g] for g in groups) for share, value in zip(shares, values, strict=True)]
    middle = sum(figures) / 2
    rates = {g: (shares[0][g] + shares[1][g]) / 2 * (values[1][g] - values[0][g]) for g in groups}
    means = {g: (values[0][g] + values[1][g]) / 2 - middle for g in groups}
    parts: dict[Key, float] = {("rate", ""): math.fsum(rates.values())}
    if len(dimensions) == 1:
        mixes = {g: means[g] * (shares[1][g] - shares[0][g]) for g in groups}
        parts["mix", dimensions[0]] = math.fsum(mixes.values())
        parts |= {("rate of", g[0]): rate for g, rate in rates.items()}
        parts |= {("mix of", g[0]): mix for g, mix in mixes.items()}
    else:
        parts |= {("mix", name): value for name, value in _shared_mix(dimensions, shares, means).items()}
    if any(() in year for year in whole):
        of_each = [year.get((), Sums()).numerator / sums.base * scale if sums.base else 0.0
                   for year, sums in zip(years, total, strict=True)]  # fmt: skip
        parts["outside", ""] = of_each[1] - of_each[0]
    return parts


def _shared_mix(
    dimensions: Sequence[str], shares: Sequence[Mapping[Group, float]], means: Mapping[Group, float]
) -> dict[str, float]:
    """The mix of each of several dimensions: the mean over their orders of what each adds."""
    count = len(dimensions)
    worth = {
        places: math.fsum(means[group] * share for group, share in _mixture(shares, places).items())
        for size in range(count + 1)
        for places in combinations(range(count), size)
    }
    mix = {}
    for place, name in enumerate(dimensions):
        added = 0.0
        for places, value in worth.items():
            if place not in places:
                weight = math.factorial(len(places)) * math.factorial(count - len(places) - 1) / math.factorial(count)
                added += weight * (worth[tuple(sorted((*places, place)))] - value)
        mix[name] = added
    return mix


def _mixture(shares: Sequence[Mapping[Group, float]], places: Sequence[int]) -> dict[Group, float]:
    """The shares of groups with the dimensions at some places as in the second year, the others within them as before.

    Where nothing was before, the others are as in the second year.
    """
    before, now = shares
    sums: list[dict[Group, float]] = [{}, {}]
    for total, year in zip(sums, shares, strict=True):
        for group, share in year.items():
            key = tuple(group[place] for place in places)
            total[key] = total.get(key, 0.0) + share
    mixture = {}
    for group, share in before.items():
        key = tuple(group[place] for place in places)
        mixture[group] = sums[1][key] * share / sums[0][key] if sums[0][key] else now[group]
    return mixture


def _spreads(
    dimensions: Sequence[str], whole: Sequence[Year], weeks: Sequence[Weeks], parts: Mapping[Key, float], scale: float
) -> dict[Key, dict[int, float]]:
    """By how much each week, of both years, moves each part; times (n - 1) / n, n their number, as in a jackknife."""
    spreads: dict[Key, dict[int, float]] = {key: {} for key in parts}
    numbers = sorted({*weeks[0], *weeks[1]})
    for week in numbers:
        years = [
            {group: sums - of_weeks.get(week, {}).get(group, Sums()) for group, sums in year.items()}
            for year, of_weeks in zip(whole, weeks, strict=True)
        ]
        for key, value in _parts(dimensions, whole, years, scale).items():
            spreads[key][week] = (parts[key] - value) * (len(numbers) - 1) / len(numbers)
    return spreads


def _interval(value: float, spread: Mapping[int, float], level: float) -> Interval:
    middle = math.fsum(spread.values()) / len(spread)
    variance, degrees = variance_of_sum({week: residual - middle for week, residual in spread.items()})
    reach = student_quantile(NormalDist().inv_cdf((1 + level) / 2), max(degrees, 7.0)) * math.sqrt(variance)
    return Interval(value - reach, value + reach)


def _groups(whole: Sequence[Year], parts: Mapping[Key, Part], scale: float) -> tuple[GroupChange, ...]:
    """The groups of the only dimension, the largest first, small ones together last."""
    total = [_whole(year).base for year in whole]
    groups = []
    for group in whole[0].keys() | whole[1].keys():
        if group:
            (name,) = group
            before, now = (year.get(group, Sums()) for year in whole)
            groups.append(
                GroupChange(
                    name=name,
                    bases=(before.base, now.base),
                    shares=(before.base / total[0], now.base / total[1]),
                    values=(before.value * scale, now.value * scale),
                    mix=parts["mix of", name],
                    rate=parts["rate of", name],
                )
            )
    return tuple(sorted(groups, key=lambda group: (group.name == OTHER, -group.bases[1], group.name)))
