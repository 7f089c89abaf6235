"""Worlds in which it is known how many contacts lateness has caused, and what the attribution says of them.

    python -m tests.attribution_worlds --worlds 300

Every order draws its contacts twice from the same random numbers: as it came, and as if it had been on time. What it
has beyond the second is the truth. Strata differ in how often they are late and in how much their customers ask anyway,
and in both the same way, so that late and on-time orders do not compare but within a stratum. Customers differ too, and
who waits for a late order may ask several times. The kinds:

- `linked`: the order of every contact is known.
- `thin`: the same of a small shop; some strata have hardly an order on time.
- `unequal`: it is known for 70 % of the contacts about late orders and 40 % of the others; the rest is unlinked.
- `none`: lateness causes nothing.
- `misplaced`: of the contacts that lateness causes one in twenty is linked to another order, of the same stratum, that
  came on time. Nothing shows it: the excess is then too small, and this kind says by how much.

Prints for each kind how many intervals (`unequal`: bounds) hold the true excess; the mean share, estimated and true;
and how many intervals of the share hold the true share of all worlds together. As an interval speaks of orders like
these, of which this year's are a sample, it holds the latter in about 95 % of the worlds, and what happened in its own
world nearly always. Exit code 1 where fewer than 93 % of a kind hold their own truth, `misplaced` left aside.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from kpibar.kpis.attribution import Attribution, Bounds, OrderSums, Stratum, Unlinked, attribute, bounds

Counts = NDArray[np.int64]
KINDS = ("linked", "thin", "unequal", "none", "misplaced")
CARRIERS, MODES = ("Colissimo", "Chronopost", "GLS", "Tournée"), ("home", "relay")
# Of each stratum: its part of the orders, how many come late, and contacts per order that come after any promise.
PARTS = np.array([0.30, 0.20, 0.15, 0.15, 0.10, 0.06, 0.03, 0.01])
LATE = np.array([0.04, 0.06, 0.08, 0.10, 0.15, 0.20, 0.30, 0.50])
ASKED_ANYWAY = np.array([0.02, 0.03, 0.03, 0.04, 0.06, 0.08, 0.10, 0.12])
EARLY = 0.06
# Who waits for a late order: so many ask, and each asks again with this probability.
ASK, ASK_AGAIN = 0.30, 0.30
LINKED_LATE, LINKED_OTHER = 0.7, 0.4
FEWEST = 30


@dataclass(frozen=True)
class World:
    """The orders of a world and their contacts: made early, made anyway after the promise, and caused by lateness."""

    stratum: Counts
    late: NDArray[np.bool_]
    early: Counts
    anyway: Counts
    caused: Counts

    @property
    def truth(self) -> int:
        """The contacts that would not have been without lateness."""
        return int(self.caused.sum())

    @property
    def true_share(self) -> float:
        """Of all contacts."""
        return self.truth / float(self.early.sum() + self.anyway.sum() + self.caused.sum())


def draw(rng: Generator, kind: str) -> World:
    """A world of a kind, all its contacts known."""
    orders = 3_000 if kind == "thin" else 20_000
    stratum = rng.choice(len(PARTS), orders, p=PARTS)
    late = rng.random(orders) < LATE[stratum]
    temper = rng.gamma(2.0, 0.5, orders)
    caused = np.zeros(orders, dtype=np.int64)
    if kind != "none":
        asks = late & (rng.random(orders) < ASK * np.minimum(temper, 2.0))
        caused[asks] = rng.geometric(1 - ASK_AGAIN, int(asks.sum()))
    return World(
        stratum, late, rng.poisson(EARLY * temper), rng.poisson(ASKED_ANYWAY[stratum] * temper), caused
    )  # fmt: skip


def sums(after: Counts, whole: Counts) -> OrderSums:
    """The sums of some orders."""
    return OrderSums(
        len(after), int((after > 0).sum()), int(after.sum()), int((after**2).sum()), int(whole.sum()),
        int((whole**2).sum()), int((after * whole).sum()),
    )  # fmt: skip


def strata_of(world: World) -> list[Stratum]:
    """The sums that the database would give of a world."""
    after, whole = world.anyway + world.caused, world.early + world.anyway + world.caused
    strata = []
    for place in range(len(PARTS)):
        sides = [(world.stratum == place) & (world.late == late) for late in (True, False)]
        late, on_time = (sums(after[side], whole[side]) for side in sides)
        strata.append(Stratum((CARRIERS[place // 2], MODES[place % 2]), late, on_time))
    return strata


def thinned(rng: Generator, world: World) -> tuple[World, int]:
    """The contacts whose order is known, where it is known unequally; and how many others there are."""
    chance = np.where(world.late, LINKED_LATE, LINKED_OTHER)
    known = replace(
        world,
        early=rng.binomial(world.early, chance),
        anyway=rng.binomial(world.anyway, chance),
        caused=rng.binomial(world.caused, chance),
    )
    lost = sum(int((a - b).sum()) for a, b in (
        (world.early, known.early), (world.anyway, known.anyway), (world.caused, known.caused)
    ))  # fmt: skip
    return known, lost


def misplaced(rng: Generator, world: World) -> World:
    """The same contacts, one in twenty of those caused by lateness at another order of the stratum."""
    gone = rng.binomial(world.caused, 0.05)
    anyway = world.anyway.copy()
    for place in range(len(PARTS)):
        targets = np.flatnonzero((world.stratum == place) & ~world.late)
        n = int(gone[world.stratum == place].sum())
        np.add.at(anyway, rng.choice(targets, n), 1)
    return replace(world, anyway=anyway, caused=world.caused - gone)


@dataclass(frozen=True)
class Outcome:
    """What is true of a world, and what was estimated."""

    truth: int
    true_share: float
    estimate: Attribution
    limits: Bounds

    def holds(self, kind: str) -> bool:
        """Whether the interval, or the bounds, hold the truth."""
        ends = self.limits.excess if kind == "unequal" else self.estimate.excess
        return ends.low <= self.truth <= ends.high


def outcome(seed: int, kind: str) -> Outcome:
    """One world and its estimate."""
    rng = default_rng([seed, KINDS.index(kind)])
    world = draw(rng, kind)
    known, lost = thinned(rng, world) if kind == "unequal" else (world, 0)
    known = misplaced(rng, world) if kind == "misplaced" else known
    strata = strata_of(known)
    estimate = attribute(strata, FEWEST)
    limits = bounds(strata, Unlinked(lost, lost), FEWEST)
    assert estimate is not None and limits is not None
    return Outcome(world.truth, world.true_share, estimate, limits)


def outcomes(kind: str, worlds: int) -> list[Outcome]:
    """So many worlds of a kind."""
    return [outcome(seed, kind) for seed in range(worlds)]


def coverage(results: Sequence[Outcome], kind: str) -> float:
    """The part of the worlds whose truth is held."""
    return sum(result.holds(kind) for result in results) / len(results)


def main() -> int:
    """Print what is held in each kind of worlds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--kind", choices=KINDS, action="append")
    options = parser.parse_args()
    fails = False
    for kind in options.kind or KINDS:
        results = outcomes(kind, options.worlds)
        part = coverage(results, kind)
        shares = [r.estimate.share.value if r.estimate.share else 0.0 for r in results]
        true = [r.true_share for r in results]
        law = float(np.mean(true))
        of_law = [r.estimate.share.low <= law <= r.estimate.share.high for r in results if r.estimate.share]
        print(
            f"{kind:10} held {part:.3f}  share {np.mean(shares):.3f}, true {law:.3f}, "
            f"its interval holds the share of all worlds together {np.mean(of_law):.3f}"
        )
        fails |= part < 0.93 and kind != "misplaced"
    return int(fails)


if __name__ == "__main__":
    raise SystemExit(main())
