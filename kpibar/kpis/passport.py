"""The passport of a KPI: what a report says of it, without what computes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kpibar.kpis.kinds import KINDS, Kind, KindSpec

Unit = Literal["count", "share", "per_100", "seconds", "points", "score"]
Better = Literal["lower", "higher", "none"]
Text = Mapping[str, str]
# The family of the KPIs of the settings.
OWN_FAMILY = "own"


@dataclass(frozen=True)
class Definition:
    """What a KPI is called, what it means, and how its figure is to be read."""

    id: str
    family: str
    title: Text
    kind: Kind
    unit: Unit
    better: Better
    definition: Text
    source: str
    # The smallest change that matters, in the unit of the KPI or as a part of the figure before; 0: not stated.
    margin: float = 0.0
    margin_relative: float = 0.0
    # Declared beforehand as one of those a reader looks at first: it has more than its equal part of the error allowed.
    headline: bool = False

    @property
    def spec(self) -> KindSpec:
        """All that its kind decides."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Passport(Definition):
    """A KPI as a report names it: two figures compare only under one `hash`, that of the definition that ran."""

    hash: str = ""
    maturity_days: int = 0


@dataclass(frozen=True)
class Family:
    """A group of KPIs, printed together."""

    id: str
    title: Text
    order: int = 0
