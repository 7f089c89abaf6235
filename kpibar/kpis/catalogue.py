"""The catalogue: every KPI as data, its definition and its passport.

A KPI reads one fact table. `kind` says how its value is made (`kinds.py` holds an entry a kind):

- count    number of rows of `where`
- rate     rows of `hit` / rows of `where`
- net      (rows of `hit` - rows of `against`) / rows of `where`, in points
- mean     mean of `value` over `where`
- median, quantile   of `value` over `where`
- time_to  quantile of `value`, the time until `hit` or, where it does not hold, so far, over `where`
- stock    number of rows of `where` that began before the end of the last day, whatever their year, and had not ended
           then: not `hit`, or only after `value` seconds
- stock_age   quantile of the age of these at that moment
- mix      share of each value of `over`, a column or an expression, in `where`
- ratio    one count / another count, each at its own grain: two fact tables are never joined in a KPI
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kpibar.brands import fold
from kpibar.config import PRACTICAL_POINTS, PRACTICAL_RELATIVE, Reporting, Settings, Thresholds, explain
from kpibar.kpis.errors import FamilyUnknown, KpiInvalid, KpiUnknown, TargetInvalid
from kpibar.kpis.facts import AGENT, FACTS, IDENTIFIERS
from kpibar.kpis.kinds import KINDS, Kind
from kpibar.kpis.passport import OWN_FAMILY, Better, Definition, Family, Passport, Unit
from kpibar.model.build import parameters
from kpibar.values.formula import closest, excerpt, formula
from kpibar.values.functions import FormulaFault, Size, Term

# The expressions of a KPI.
_EXPRESSIONS = ("where", "hit", "against", "value", "over")
_PLAIN_ID = "its id must be small letters, digits and underscores, 41 at most"
# Raised when a built-in KPI or what it is computed from changes, so that figures of two reports may differ.
CATALOGUE_VERSION = "0.5.0"
_OF_CONTACTS = ("brand", "channel", "country", "reason", "queue", "team", "lang", AGENT)
DIMENSIONS: Mapping[str, frozenset[str]] = {
    "contacts": frozenset({*_OF_CONTACTS, "carrier"}),
    "issues": frozenset({*_OF_CONTACTS, "carrier"}),
    "journeys": frozenset({*_OF_CONTACTS, "carrier"}),
    "orders": frozenset({"brand", "country", "carrier"}),
    "order_contacts": frozenset({"brand", "country", "carrier"}),
    "surveys": frozenset(_OF_CONTACTS),
}


@dataclass(frozen=True)
class Kpi(Definition):
    """One KPI. SQL fragments are over the columns of `fact_<from_table>`, thresholds written in.

    `needs` lists canonical columns ("table.column", alternatives joined by "|") without which it is unknown.
    `gate` names the coverage KPI below whose threshold the figure comes with a warning. `notes` says by code which
    rows the reader must know of: left out, or counted on an assumption, because something of them is unknown.
    `unknown` is the count of the rows outside its base of which it is not known whether they are hits; `doubt` tells
    which hits ("hits") and which other rows ("misses") of its base are so by a supposition: both bound the figure.
    Of a stock, a hit is a row that has ended: in doubt are those at an unknown time, and the open ones that may have
    been closed at the moment.
    `rests_on` are the shares that tell how much of what happened is recorded: where they differ between the years, so
    may it. `weights` is the one of them that tells of how many rows, the `unknown` ones left out, it is known whether
    they are hits: by it the figure is weighted by channel. `participation` are the shares that tell how many were asked
    or answered, each with how far the figure of those who answer in one year alone lies from that of the others, as a
    part of its range.
    `revision` tells how the rows it counts are made, where that changed while its SQL did not, with their thresholds.
    `wording` are the expressions of an own KPI as its author wrote them; what runs is written anew. `sources` is
    `source` in other languages.
    """

    from_table: str = ""
    date: str = ""
    where: str = "TRUE"
    hit: str = ""
    against: str = ""
    value: str = ""
    quantile: float = 0.5
    over: str = ""
    numerator: str = ""
    denominator: str = ""
    cluster: str = ""
    gate: str = ""
    unknown: str = ""
    doubt: Mapping[str, str] = field(default_factory=dict)
    rests_on: tuple[str, ...] = ()
    weights: str = ""
    participation: Mapping[str, float] = field(default_factory=dict)
    maturity_days: int = 0
    needs: tuple[str, ...] = ()
    revision: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    hidden: bool = False
    own: bool = False
    wording: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def additive(self) -> bool:
        """Whether it is a sum of parts: parts of the year or of the brand add up to the whole."""
        return self.spec.additive

    @property
    def operands(self) -> tuple[str, ...]:
        """The ids of the counts it is made of; none where it counts rows of its own."""
        return tuple(str(getattr(self, entry)) for entry in self.spec.operands)

    @property
    def is_stock(self) -> bool:
        """Whether it tells what is open at the end of its days."""
        return self.spec.stock is not None

    @property
    def begin(self) -> str:
        """The column of the instant of its date: that at which a row of a stock begins."""
        return self.date.removesuffix("_on") + "_at"

    @property
    def formula(self) -> str:
        """Its formula in one line, over the columns of its fact table."""
        rows = f"rows of fact_{self.from_table} where {self.where}"
        entries = {name: getattr(self, name) for name in (*_EXPRESSIONS, "quantile", "numerator", "denominator")}
        return self.spec.formula.format(rows=rows, **entries)

    @property
    def hash(self) -> str:
        """Changes when the definition that runs changes: two figures compare only under one hash."""
        where, hit, against, value, over = self.wording or tuple(getattr(self, name) for name in _EXPRESSIONS)
        parts = (
            self.kind, self.from_table, self.date, where, hit, against, value,
            self.quantile, over, self.numerator, self.denominator, self.maturity_days,
            *filter(None, (self.revision,)),
        )  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

    @property
    def passport(self) -> Passport:
        """What a report says of it."""
        return Passport(
            self.id, self.family, self.title, self.kind, self.unit, self.better, self.definition, self.source,
            self.margin, self.margin_relative, self.headline, self.hash, self.maturity_days,
        )  # fmt: skip

    def note_counts(self) -> tuple["Kpi", ...]:
        """The counts behind its notes, as KPIs of their own over the same rows."""
        count = self._count()
        return tuple(replace(count, id=f"{self.id}__{code}", where=where) for code, where in self.notes.items())

    def doubt_counts(self) -> tuple["Kpi", ...]:
        """The counts of the hits and of the other rows of its base that are so by a supposition, as KPIs.

        None of a stock, whose rows are no sum: its own statement tells them.
        """
        if self.is_stock:
            return ()
        rows = {"hits": f"({self.hit})", "misses": f"NOT ({self.hit})"}
        return tuple(
            replace(self._count(), id=f"{self.id}__doubt_{side}", where=f"({self.where}) AND {rows[side]} AND ({text})")
            for side, text in self.doubt.items()
        )

    def row_count(self) -> "Kpi":
        """The number of all rows of its fact table, as a KPI."""
        return replace(self._count(), id=f"{self.id}__rows", where="TRUE", maturity_days=0)

    def _count(self) -> "Kpi":
        return replace(
            self,
            kind="count",
            hit="",
            against="",
            value="",
            over="",
            gate="",
            unknown="",
            doubt={},
            rests_on=(),
            weights="",
            participation={},
            notes={},
        )

    def dimensions(self) -> frozenset[str]:
        """The columns its rows can be broken down by."""
        return DIMENSIONS.get(self.from_table, frozenset())


class _Entry(BaseModel):
    """A KPI as written in TOML, in the catalogue or under [kpis.ID] of kpibar.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)

    title: dict[str, str]
    kind: Kind
    from_table: Annotated[str, Field(alias="from")] = ""
    date: str = ""
    where: str = "TRUE"
    hit: str = ""
    against: str = ""
    value: str = ""
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.5
    over: str = ""
    numerator: str = ""
    denominator: str = ""
    cluster: str = ""
    gate: str = ""
    unknown: str = ""
    doubt: dict[Literal["hits", "misses"], str] = {}
    rests_on: tuple[str, ...] = ()
    weights: str = ""
    participation: dict[str, float] = {}
    unit: Unit
    better: Better = "none"
    margin: Annotated[float, Field(ge=0)] = 0.0
    margin_relative: Annotated[float, Field(ge=0)] = 0.0
    headline: bool = False
    maturity_days: Annotated[int, Field(ge=0, le=3660)] = 0
    maturity_parameter: str = ""
    needs: tuple[str, ...] = ()
    revision: str = ""
    notes: dict[str, str] = {}
    hidden: bool = False
    definition: dict[str, str] = {}
    source: str | dict[str, str] = ""

    @model_validator(mode="after")
    def _complete(self) -> "_Entry":
        if "en" not in self.title:
            raise ValueError('title needs an "en" text')
        for name in KINDS[self.kind].entries:
            if not getattr(self, name):
                raise ValueError(f'a {self.kind} needs "{name.removesuffix("_table")}"')
        if self.maturity_parameter and self.maturity_parameter not in Thresholds.model_fields:
            options = ", ".join(Thresholds.model_fields)
            raise ValueError(f'maturity_parameter = "{self.maturity_parameter}": expected one of {options}')
        if self.unit == "share" and self.margin > 1:
            raise ValueError(f"margin = {self.margin:g}: shares go from 0 to 1, write {self.margin / 100:g}")
        if self.from_table and self.from_table not in DIMENSIONS:
            raise ValueError(f'from = "{self.from_table}": expected one of {", ".join(sorted(DIMENSIONS))}')
        return self


@dataclass(frozen=True)
class Catalogue:
    """All KPIs in the order they are printed, and their families."""

    kpis: tuple[Kpi, ...]
    families: tuple[Family, ...]

    def get(self, name: str) -> Kpi:
        """The KPI of that id, or KpiUnknown."""
        for kpi in self.kpis:
            if kpi.id == name:
                return kpi
        raise KpiUnknown(name, {kpi.id: tuple(kpi.title.values()) for kpi in self.kpis if not kpi.hidden})

    def find(self, name: str) -> Kpi:
        """The KPI of that id, or of that title in any language, whatever its case and accents; or KpiUnknown."""
        titles = [kpi for kpi in self.kpis if not kpi.hidden and fold(name) in map(fold, kpi.title.values())]
        ids = {kpi.id for kpi in self.kpis}
        return titles[0] if len(titles) == 1 and name not in ids else self.get(name)

    def select(self, names: Iterable[str] = (), family: str | None = None) -> tuple[Kpi, ...]:
        """The KPIs asked for by id, title or family; by default all that are not hidden.

        Raises KpiUnknown, FamilyUnknown.
        """
        members = [self.find(name) for name in names]
        if family is not None and family not in {entry.id for entry in self.families}:
            raise FamilyUnknown(family, (entry.id for entry in self.families))
        visible = members or [kpi for kpi in self.kpis if not kpi.hidden]
        return tuple(kpi for kpi in self.kpis if kpi in visible and family in (None, kpi.family))


@lru_cache(maxsize=8)
def _built_in() -> tuple[tuple[Family, ...], tuple[tuple[str, str, _Entry], ...]]:
    families, entries = [], []
    folder = files("kpibar").joinpath("kpis")
    for item in folder.iterdir():
        if not item.name.endswith(".toml"):
            continue
        table = tomllib.loads(item.read_text(encoding="utf-8"))
        family = Family(item.name[:-5], **table.pop("family"))
        families.append(family)
        entries += [(family.id, name, _Entry.model_validate(entry)) for name, entry in table.items()]
    families.sort(key=lambda family: family.order)
    rank = {family.id: place for place, family in enumerate(families)}
    entries.sort(key=lambda entry: rank[entry[0]])
    return tuple(families), tuple(entries)


def catalogue(settings: Settings) -> Catalogue:
    """The built-in KPIs and those of the settings, with thresholds written in and maturity as set.

    Raises KpiInvalid for a KPI of the settings that is not one.
    """
    families, entries = _built_in()
    values = parameters(settings.thresholds)
    kpis = [_kpi(name, family, entry, settings, values) for family, name, entry in entries]
    additions = [_own_kpi(name, table, settings, values) for name, table in settings.kpis.items()]
    if additions:
        families = (*families, Family(OWN_FAMILY, {"en": "Own KPIs", "fr": "Indicateurs propres"}, 99))
    ids = {kpi.id for kpi in additions}
    complete = Catalogue(tuple(kpi for kpi in kpis if kpi.id not in ids) + tuple(additions), families)
    for kpi in additions:
        _check_operands(complete, kpi)
        for name in filter(None, (kpi.gate, *kpi.rests_on)):
            if complete.get(name).spec.bounds is None or complete.get(name).operands:
                raise KpiInvalid(f"[kpis.{kpi.id}] of kpibar.toml", f'"{name}" is not a share of rows')
    for name in settings.maturity_days:
        complete.get(name)
    for name, target in settings.targets.items():
        _check_target(complete.get(name), target)
    return complete


def _rewrite_expressions(kpi: Kpi, reporting: Reporting) -> Kpi:
    """A KPI of the settings whose expressions are written anew from what was checked. Raises KpiInvalid."""
    place = f"[kpis.{kpi.id}] of kpibar.toml"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", kpi.id):
        raise KpiInvalid(f"[kpis.{excerpt(kpi.id)}] of kpibar.toml", _PLAIN_ID)
    as_written = tuple(str(getattr(kpi, name)) for name in _EXPRESSIONS)
    anew = []
    for name, text in zip(_EXPRESSIONS, as_written, strict=True):
        try:
            anew.append(formula(text, _columns(kpi, name, reporting)) if text else "")
        except FormulaFault as fault:
            raise KpiInvalid(place, f"{name}: {fault}") from fault
    facts = FACTS.get(kpi.from_table, frozenset())
    days = {column for column in facts if column.endswith("_on")}
    choices = {"date": days, "cluster": {"contacts", "wismo_contacts"}}
    for name, columns in choices.items():
        column = getattr(kpi, name)
        if column and column not in columns:
            raise KpiInvalid(place, f'{name} = "{excerpt(column)}": expected one of {_list_names(columns)}')
    if kpi.is_stock and kpi.maturity_days:
        raise KpiInvalid(place, f"a {kpi.kind} is counted at a moment: it has no maturity_days")
    if kpi.is_stock and not {kpi.begin, "source", "as_of", "as_of_on"} <= facts:
        tables = [table for table, columns in FACTS.items() if {"source", "as_of", "as_of_on"} <= columns]
        raise KpiInvalid(place, f"a {kpi.kind} has a date of the instant a row begins, from {_list_names(tables)}")
    where, hit, against, value, over = anew
    return replace(kpi, where=where, hit=hit, against=against, value=value, over=over, wording=as_written)


def _list_names(columns: Iterable[str]) -> str:
    return ", ".join(sorted(columns))


def _columns(kpi: Kpi, entry: str, reporting: Reporting) -> Callable[[Sequence[str]], Term]:
    """What tells of a name in an expression of a KPI which column of its fact table it is. Raises FormulaFault.

    Agents are persons: their column is one where the settings allow figures of agents.
    """
    table = f"fact_{kpi.from_table}"
    facts = FACTS.get(kpi.from_table, frozenset()) - (frozenset() if reporting.agents else {AGENT})
    if entry == "over":
        facts -= IDENTIFIERS

    def column(names: Sequence[str]) -> Term:
        """The column of a name. Raises FormulaFault."""
        name = names[-1].lower()
        if name in facts and (len(names) == 1 or [part.lower() for part in names[:-1]] == [table]):
            return Term(name, Size(1))
        text = excerpt(".".join(names))
        if name == AGENT and not reporting.agents:
            raise FormulaFault(f'"{text}" tells one agent from another: it is for `agents = true` under [reporting]')
        if entry == "over":
            raise FormulaFault(
                f'"{text}" is not a column that many records share: expected one of {_list_names(facts)}'
            )
        raise FormulaFault(f'"{text}" is not a column of {table}{closest(name, facts)}')

    return column


def _own_kpi(name: str, table: Mapping[str, Any], settings: Settings, values: Mapping[str, int]) -> Kpi:
    try:
        kpi = _kpi(name, OWN_FAMILY, _Entry.model_validate(table), settings, values, own=True)
    except ValidationError as error:
        raise KpiInvalid(f"[kpis.{excerpt(name)}] of kpibar.toml", explain(error)) from error
    for entry in ("notes", "doubt", "revision", "weights", "participation", "headline"):
        if getattr(kpi, entry):
            raise KpiInvalid(f"[kpis.{name}] of kpibar.toml", f'"{entry}" is for the built-in KPIs')
    return _rewrite_expressions(kpi, settings.reporting)


def _check_target(kpi: Kpi, target: float) -> None:
    """Refuse a target written in percent where shares go from 0 to 1."""
    limit = {"share": 1.0, "per_100": 10.0}.get(kpi.unit)
    if limit is not None and not 0 <= target <= limit:
        kind = "shares go from 0 to 1" if kpi.unit == "share" else "the unit is contacts per order"
        raise TargetInvalid(kpi.id, target, f"{kind}: write {target / 100:g} for {target:g} %")


def _check_operands(catalogue: Catalogue, kpi: Kpi) -> None:
    for part in (*kpi.operands, *filter(None, (kpi.unknown,))):
        if not (catalogue.get(part).spec.counts and catalogue.get(part).additive):
            raise KpiInvalid(f"[kpis.{kpi.id}] of kpibar.toml", f'"{part}" is not a count')


def _kpi(
    name: str, family: str, entry: _Entry, settings: Settings, values: Mapping[str, int], own: bool = False
) -> Kpi:
    maturity = values[entry.maturity_parameter] if entry.maturity_parameter else entry.maturity_days
    maturity = settings.maturity_days.get(name, maturity)
    values = {**values, "maturity_days": maturity}
    fields = entry.model_dump(exclude={"maturity_parameter"})
    for key, text in fields.items():
        if isinstance(text, str):
            fields[key] = _fill_parameters(text, values)
    fields["notes"] = {
        code: _fill_parameters(rows.replace("{where}", f"({entry.where})"), values)
        for code, rows in entry.notes.items()
    }
    fields["doubt"] = {side: _fill_parameters(text, values) for side, text in entry.doubt.items()}
    fields["title"] = {lang: _fill_parameters(text, values) for lang, text in entry.title.items()}
    fields["definition"] = {lang: _fill_parameters(text, values) for lang, text in entry.definition.items()}
    fields["maturity_days"] = maturity
    sources = entry.source if isinstance(entry.source, dict) else {"en": entry.source}
    fields["sources"] = {lang: _fill_parameters(text, values) for lang, text in sources.items()}
    fields["source"] = fields["sources"].get("en", "")
    fields |= _margins(entry, settings.reporting, own)
    return Kpi(id=name, family=family, own=own, **fields)


def _margins(entry: _Entry, reporting: Reporting, own: bool) -> dict[str, float]:
    """The margins of a KPI: what the settings state of it or of all, else its own, else the defaults."""
    scale = {"share": 100.0, "points": 1.0}.get(entry.unit)
    stated = reporting.practical_relative if scale is None else reporting.practical_points
    if (own or stated is None) and (entry.margin or entry.margin_relative):
        return {"margin": entry.margin, "margin_relative": entry.margin_relative}
    if scale is None:
        return {"margin": 0.0, "margin_relative": PRACTICAL_RELATIVE if stated is None else stated}
    return {"margin": (PRACTICAL_POINTS if stated is None else stated) / scale, "margin_relative": 0.0}


def _fill_parameters(text: str, values: Mapping[str, int]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
