"""The answer about WISMO as text, a table for each of its questions, and as JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kpibar.answers.lateness import STANDINGS
from kpibar.answers.ranking import Ranking, SegmentExcess
from kpibar.answers.wismo import Segment, Share, Wismo
from kpibar.kpis.attribution import Attribution, Estimate
from kpibar.kpis.compute import UNKNOWN
from kpibar.kpis.intervals import Interval, wilson
from kpibar.render.answers.wismo_costs import (
    amount_text,
    channel_source,
    least_note,
    source_notes,
    sources_json,
)
from kpibar.render.clean import clean, json_text
from kpibar.render.messages import day_name, is_message, say, segment_name
from kpibar.render.numbers import DASH, format_interval, format_number, format_value
from kpibar.render.table import LABEL, Cell, Column, Page, Role, Row, Section, Table
from kpibar.render.terminal import Screen, print_page

SCHEMA, SCHEMA_VERSION = "kpibar.wismo", "1.0"
# So many carriers stand on a screen; a pipe has all.
_MOST_SEGMENTS = 12
_MINUS = "\u2212"
_MISSING = Cell(DASH, "missing")
_NO_TABLE = Table((Column(LABEL, Cell()),), ())
# Names of columns, by what stays together.
_Groups = tuple[tuple[str, ...], ...]


def wismo_text(wismo: Wismo, lang: str, screen: Screen) -> str:
    """The answer as text: what it comes to, then a table and its notes for each question."""
    writer = _Writer(wismo, lang, None if screen.width is None else _MOST_SEGMENTS)
    return "\n\n".join(print_page(page, screen).strip("\n") for page in writer.pages()) + "\n"


@dataclass(frozen=True)
class _Writer:
    """An answer in a language; `most` segments at most are shown."""

    wismo: Wismo
    lang: str
    most: int | None

    def pages(self) -> list[Page]:
        """All pages in their order."""
        pages = [self._heading(), self._when(), self._how_often(), self._beyond()]
        pages += [self._segments(name) for name, entries in self.wismo.segments.items() if entries]
        return [*pages, self._cost(), self._warned()]

    # Words and cells

    def _say(self, key: str, /, **values: object) -> str:
        return say(f"wismo_{key}", self.lang, **values)

    def _count(self, number: float) -> str:
        return format_value(number, "count", self.lang)

    def _cell(self, value: float | None, unit: str, role: Role = "value") -> Cell:
        return _MISSING if value is None else Cell(format_value(value, unit, self.lang), role)

    def _between(self, ends: Interval | Estimate | None, unit: str) -> Cell:
        return Cell(format_interval(ends.low, ends.high, unit, self.lang), "interval") if ends else _MISSING

    def _masked(self) -> Cell:
        smallest = self._count(self.wismo.reporting.min_base)
        return Cell(say("low_base", self.lang, least=smallest), "masked")

    def _amount(self, amount: float) -> str:
        return amount_text(amount, self.lang)

    def _share(self, share: Share) -> tuple[Cell, Cell]:
        """A share and its interval."""
        if share.low_base:
            return self._masked(), _MISSING
        if share.value is None or share.low is None or share.high is None:
            return _MISSING, _MISSING
        return self._cell(share.value, "share"), self._between(Interval(share.low, share.high), "share")

    def _page(
        self, title: str, heads: Mapping[str, str], rows: Sequence[Row], notes: Iterable[str], groups: _Groups = ()
    ) -> Page:
        """A table under a title, or notes alone; `heads` has the head of each further column.

        Where room is short, the columns stand in several tables, those of one of the `groups` in the same.
        """
        texts = [Cell(clean(note), "note") for note in notes]
        if not rows:
            return Page(((Cell(title, "heading"),), *((text,) for text in texts)), _NO_TABLE)
        columns = [Column(LABEL, Cell(title, "heading"))]
        columns += [Column(name, Cell(head, "head"), "right") for name, head in heads.items()]
        return Page((), Table(tuple(columns), (Section(Cell(), tuple(rows)),), groups), notes=tuple(texts))

    def _head_of_interval(self) -> str:
        percent = 100 * self.wismo.reporting.confidence
        level = format_number(percent, 0 if round(percent, 1).is_integer() else 1, self.lang)
        return say("head_interval", self.lang, level=level)

    # What it comes to

    def _heading(self) -> Page:
        wismo = self.wismo
        lines = [Cell(self._say("title", year=wismo.edition.year), "title")]
        if wismo.brand:
            lines.append(Cell(clean(self._say("brand", brand=wismo.brand)), "detail"))
        if not wismo.edition.complete:
            lines.append(Cell(self._say("partial", end=day_name(wismo.edition.window.end, self.lang)), "detail"))
        return Page(tuple((line,) for line in (*lines, Cell(self._lead(), "summary"), *self._worst())), _NO_TABLE)

    def _lead(self) -> str:
        wismo = self.wismo
        if wismo.attribution is None:
            smallest, days = self._count(wismo.reporting.min_base), self._count(wismo.days)
            texts = {"year": wismo.edition.year, "least": smallest, "days": days}
            return self._say(f"absent_{wismo.absence}", **texts)
        excess = wismo.attribution.excess
        ends = {name: self._count(value) for name, value in _ends(excess).items()}
        return self._say("lead" if excess.low > 0 else "lead_unclear", excess=self._count(excess.value), **ends)

    def _worst(self) -> Iterator[Cell]:
        """With which carrier and mode lateness costs most contacts, in all and per order, or that none can be told."""
        for dimension in self.wismo.segments:
            of_all = self.wismo.ranking(dimension, per_order=False)
            of_each = self.wismo.ranking(dimension, per_order=True)
            if of_all:
                yield Cell(self._ranking(of_all, dimension, "total", "count"), "summary")
            if of_each:
                yield Cell(self._ranking(of_each, dimension, "rate", "per_100"), "summary")

    def _ranking(self, ranking: Ranking, dimension: str, kind: str, unit: str) -> str:
        first, *rivals = (self._segment_excess(entry, dimension, unit) for entry in (ranking.first, *ranking.rivals))
        groups = self._say(f"among_{dimension}")
        if not rivals:
            return clean(self._say(f"worst_{kind}", groups=groups, worst=first))
        names = self._say("and", names=", ".join([first, *rivals[:-1]]), last=rivals[-1])
        return clean(self._say(f"tied_{kind}", groups=groups, names=names))

    def _segment_excess(self, segment: SegmentExcess, dimension: str, unit: str) -> str:
        ends = (segment.excess.value, segment.excess.low, segment.excess.high)
        value, low, high = (format_value(end, unit, self.lang) for end in ends)
        name, orders = self._name(dimension, segment.name), self._count(segment.orders)
        return self._say("standing", name=name, value=value, low=low, high=high, orders=orders)

    # When customers ask

    def _when(self) -> Page:
        wismo, total = self.wismo, self.wismo.contacts
        rows = []
        for stage in wismo.stages:
            share = stage.share
            cells = {"of_known": _MISSING, "interval": _MISSING}
            if share.low_base:
                cells["of_known"] = self._masked()
            elif share.value is not None:
                cells = {
                    "of_known": self._cell(share.value, "share"),
                    "interval": self._between(share.interval, "share"),
                }
            rows.append(self._stage_row(stage.name.replace(" ", "_"), stage.contacts, cells))
        rows += [self._stage_row(name, count, {}) for name, count in wismo.unknown_stages.items() if count]
        rows.append(
            Row({LABEL: Cell(say("total", self.lang)), "contacts": self._cell(total, "count"),
                 "of_all": self._cell(self.wismo.share_of_all(total), "share", "base")})
        )  # fmt: skip
        notes = [self._say("note_stages")]
        if wismo.without_reason:
            notes.append(self._say("note_without_reason", count=self._count(wismo.without_reason)))
        heads = {
            "contacts": self._say("head_contacts"),
            "of_all": self._say("head_of_all"),
            "of_known": self._say("head_of_known"),
            "interval": self._head_of_interval(),
        }
        return self._page(self._say("when"), heads, rows, notes, (("contacts", "of_all"), ("of_known", "interval")))

    def _stage_row(self, name: str, count: int, cells: Mapping[str, Cell]) -> Row:
        return Row(
            {
                LABEL: Cell(self._say(name)),
                "contacts": self._cell(count, "count"),
                "of_all": self._cell(self.wismo.share_of_all(count), "share", "base"),
                **cells,
            }
        )

    # How often

    def _how_often(self) -> Page:
        rows = []
        for name, share in self.wismo.classes.items():
            value, interval = self._share(share)
            cells = {
                LABEL: Cell(self._say(f"class_{name}")),
                "orders": self._cell(share.base, "count", "base"),
                "with_contact": self._cell(share.part, "count"),
                "share": value,
                "interval": interval,
            }
            rows.append(Row(cells))
        heads = {
            "orders": self._say("head_orders"),
            "with_contact": self._say("head_with_contact"),
            "share": self._say("head_share"),
            "interval": self._head_of_interval(),
        }
        groups = (("orders", "with_contact"), ("share", "interval"))
        return self._page(self._say("how_often"), heads, rows, self._order_notes(), groups)

    def _order_notes(self) -> list[str]:
        wismo, days = self.wismo, self._count(self.wismo.days)
        promised, base = self._count(sum(wismo.orders.values())), self._count(wismo.orders.get("in_base", 0))
        notes = [self._say("note_orders", days=days, promised=promised, year=wismo.edition.year, base=base)]
        if count := wismo.orders.get("too_young"):
            notes.append(self._say("note_too_young", count=self._count(count), days=days))
        for name in ("not_judged", "not_observed"):
            if count := wismo.orders.get(name):
                notes.append(self._say(f"note_{name}", count=self._count(count)))
        return notes

    # Late orders beside like ones on time

    def _beyond(self) -> Page:
        attribution, limits = self.wismo.attribution, self.wismo.limits
        if attribution is None:
            return self._page(self._say("beyond"), {}, (), [self._lead()])
        of_excess = self._between(limits.excess, "count") if limits else _MISSING
        of_share = self._between(limits.share, "share") if limits else _MISSING
        lines: list[tuple[str, Cell, Cell, Cell]] = [
            (self._say("late_contacts", count=self._count(attribution.late.orders)),
             self._cell(attribution.late.after, "count"), Cell(), Cell()),
            (self._say("expected"), Cell(self._amount_of_contacts(attribution.expected), "value"), Cell(), Cell()),
            (self._say("excess"), self._cell(attribution.excess.value, "count"),
             self._between(attribution.excess, "count"), of_excess),
            (self._say("excess_share"), self._cell(attribution.share.value if attribution.share else None, "share"),
             self._between(attribution.share, "share"), of_share),
            (self._say("ratio"), *self._ratio(attribution.ratio), Cell()),
        ]  # fmt: skip
        rows = [
            Row({LABEL: Cell(text), "figure": figure, "interval": interval, "bounds": ends})
            for text, figure, interval, ends in lines
        ]
        heads = {
            "figure": self._say("head_figure"),
            "interval": self._head_of_interval(),
            "bounds": self._say("head_bounds"),
        }
        groups = (("figure", "interval"), ("bounds",))
        return self._page(self._say("beyond"), heads, rows, self._notes_beyond(attribution), groups)

    def _amount_of_contacts(self, contacts: float) -> str:
        return format_number(contacts, 0 if contacts >= 100 else 1, self.lang)

    def _ratio(self, ratio: Estimate | None) -> tuple[Cell, Cell]:
        if ratio is None:
            return _MISSING, _MISSING
        low, value, high = (format_number(x, 1, self.lang) for x in (ratio.low, ratio.value, ratio.high))
        return Cell(value, "value"), Cell(f"{low}–{high}", "interval")

    def _notes_beyond(self, found: Attribution) -> list[str]:
        wismo, days = self.wismo, self._count(self.wismo.days)
        notes = [self._reconciliation(), self._say("note_method", days=days, whole=self._count(found.whole))]
        if found.coarser:
            smallest = self._count(wismo.reporting.min_base)
            notes.append(self._say("note_coarser", count=self._count(found.coarser), least=smallest))
        notes.append(self._say("note_bounds", unlinked=self._count(wismo.unlinked), year=wismo.edition.year))
        late, on_time = (self._by_number(side) for side in ("late", "on_time"))
        return [*notes, self._say("note_linking", late=late, on_time=on_time)]

    def _reconciliation(self) -> str:
        """How the contacts of the year lead to those about the orders judged."""
        wismo, ways = self.wismo, self.wismo.reconciliation
        left_out, added = ways.left_out, ways.added
        days, year = self._count(wismo.days), wismo.edition.year

        def terms(counts: Mapping[str, int], sign: str, names: Sequence[str]) -> str:
            return "".join(
                f" {sign} {self._say(f'step_{name}', count=self._count(counts[name]), days=days)}"
                for name in names
                if counts[name]
            )

        linked = ways.contacts - left_out["no_order"]
        promised = linked - left_out["no_promise"]
        line = self._say("steps_year", count=self._count(ways.contacts), year=year)
        line += terms(left_out, _MINUS, ("no_order",)) + f" = {self._say('steps_linked', count=self._count(linked))}"
        line += terms(left_out, _MINUS, ("no_promise",))
        line += f" = {self._say('steps_promised', count=self._count(promised))}"
        line += terms(left_out, _MINUS, ("other_orders", "too_late")) + terms(added, "+", tuple(added))
        return f"{line} = {self._say('steps_judged', count=self._count(ways.about_orders_judged))}"

    def _by_number(self, side: Literal["late", "on_time"]) -> str:
        """The share of the linked contacts of a side that give the number; masked where they are few."""
        linking = self.wismo.linking[side]
        if linking.contacts < max(1, self.wismo.reporting.min_base):
            return self._masked().text
        return format_value(linking.by_number / linking.contacts, "share", self.lang)

    # Carriers and modes

    def _segments(self, dimension: str) -> Page:
        segments = self.wismo.segments[dimension]
        visible = segments if self.most is None else segments[: self.most]
        notes = [self._say("note_segments")]
        if len(segments) > len(visible):
            notes.append(self._say("more", count=self._count(len(segments) - len(visible))))
        heads = {
            "orders": self._say("head_orders"),
            "late": self._say("head_late"),
            "per_late": self._say("head_per_late"),
            "per_on_time": self._say("head_per_on_time"),
            "excess": self._say("head_excess"),
            "interval": self._head_of_interval(),
        }
        rows = [self._segment_row(dimension, segment) for segment in visible]
        groups = (("orders", "late"), ("per_late", "per_on_time"), ("excess", "interval"))
        return self._page(self._say(f"by_{dimension}"), heads, rows, notes, groups)

    def _segment_row(self, dimension: str, segment: Segment) -> Row:
        excess = segment.excess.excess if segment.excess else None
        is_masked = segment.few_late or segment.few_on_time
        return Row(
            {
                LABEL: Cell(self._name(dimension, segment.name)),
                "orders": self._cell(segment.late.base, "count", "base"),
                "late": self._share(segment.late)[0],
                "per_late": self._masked() if segment.few_late else self._cell(segment.per_late, "per_100"),
                "per_on_time": self._masked() if segment.few_on_time else self._cell(segment.per_on_time, "per_100"),
                "excess": self._masked() if is_masked else self._cell(excess.value if excess else None, "count"),
                "interval": _MISSING if is_masked else self._between(excess, "count"),
            }
        )

    def _name(self, dimension: str, name: str | None) -> str:
        if name is None:
            return say("unknown", self.lang)
        if dimension == "mode" and is_message(f"wismo_mode_{name}"):
            return self._say(f"mode_{name}")
        return clean(name)

    # What it costs

    def _cost(self) -> Page:
        costs, title = self.wismo.costs, self._say("cost")
        if costs.currency is None:
            notes = source_notes(self.wismo, self.lang)
            return self._page(title, {}, (), [*notes, self._say("cost_unstated", year=self.wismo.edition.year)])
        rows = [
            self._cost_row(
                segment_name("channel", entry.channel or UNKNOWN, self.lang), entry.contacts, entry.each, entry.amount
            )
            for entry in costs.whole.channels
        ]
        rows.append(self._cost_row(say("total", self.lang), costs.whole.contacts, None, costs.whole.amount))
        heads = {
            "contacts": self._say("head_contacts"),
            "each": self._say("head_each"),
            "amount": self._say("head_amount", currency=costs.currency),
        }
        return self._page(title, heads, rows, self._cost_notes())

    def _cost_row(self, name: str, contacts: int, each: float | None, amount: float | None) -> Row:
        return Row(
            {
                LABEL: Cell(clean(name)),
                "contacts": self._cell(contacts, "count"),
                "each": _MISSING if each is None else Cell(format_number(each, 2, self.lang), "base"),
                "amount": _MISSING if amount is None else Cell(self._amount(amount), "value"),
            }
        )

    def _cost_notes(self) -> list[str]:
        costs, attribution = self.wismo.costs, self.wismo.attribution
        count_known, contacts = self._count(costs.whole.known), self._count(costs.whole.contacts)
        least = least_note(costs.whole, costs.currency or "", self.lang)
        notes = [least] if least else []
        notes.append(self._say("cost_known", known=count_known, contacts=contacts))
        notes += source_notes(self.wismo, self.lang)
        if costs.avoidable and costs.limits and attribution and costs.avoidable_known is not None:
            excess = costs.avoidable.excess
            limits, money = costs.limits.excess, self._money
            notes.append(
                self._say(
                    "cost_avoidable", excess=self._count(attribution.excess.value), amount=money(excess.value),
                    low=money(excess.low), high=money(excess.high), least=money(limits.low), most=money(limits.high),
                    known=self._count(costs.avoidable_known),
                )
            )  # fmt: skip
            if costs.unlinked_unknown:
                notes.append(self._say("cost_unlinked", count=self._count(costs.unlinked_unknown)))
        return notes

    def _money(self, amount: float) -> str:
        return f"{self._amount(amount)}\u00a0{self.wismo.costs.currency}"

    # Told before they asked

    def _warned(self) -> Page:
        return self._page(self._say("warned"), {}, (), self._warned_notes())

    def _warned_notes(self) -> list[str]:
        warnings, smallest = self.wismo.warnings, self.wismo.reporting.min_base
        if not warnings.notices:
            return [self._say("warned_no_notices")]
        if not warnings.delays and not warnings.known:
            return [self._say("warned_no_delays", count=self._count(warnings.notices))]
        if not warnings.contacts:
            return [self._say("warned_no_contacts")]
        interval = wilson(warnings.warned, warnings.known, self.wismo.reporting.confidence)
        if warnings.known < smallest or interval is None:
            return [self._say("warned_few", least=self._count(smallest))]
        share = format_value(warnings.warned / warnings.known, "share", self.lang)
        values = {"known": self._count(warnings.known), "part": self._count(warnings.warned), "share": share}
        notes = [self._say("warned_share", interval=self._between(interval, "share").text, **values)]
        if warnings.contacts > warnings.known:
            notes.append(self._say("warned_unknown", count=self._count(warnings.contacts - warnings.known)))
        return notes


def _ends(estimate: Estimate) -> dict[str, float]:
    return {"low": estimate.low, "high": estimate.high}


# JSON


def wismo_json(wismo: Wismo) -> str:
    """The answer as JSON: shares from 0 to 1, contacts per order, amounts in the currency stated."""
    edition = wismo.edition
    return json_text(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "year": edition.year,
            "from": str(edition.window.start),
            "to": str(edition.window.end),
            "complete": edition.complete,
            "brand": wismo.brand,
            "confidence": wismo.reporting.confidence,
            "min_base": wismo.reporting.min_base,
            "days_after_promise": wismo.days,
            "contacts": wismo.contacts,
            "contacts_without_reason": wismo.without_reason,
            "stages": [
                {
                    "stage": stage.name.replace(" ", "_"),
                    "contacts": stage.contacts,
                    "share_of_all": wismo.share_of_all(stage.contacts),
                    "share_of_known": {
                        "value": stage.share.value, "ci_low": stage.share.low, "ci_high": stage.share.high,
                        "base": stage.share.base, "status": stage.share.status,
                    },
                }
                for stage in wismo.stages
            ],
            "stage_not_known": dict(wismo.unknown_stages),
            "orders": {name: wismo.orders.get(name, 0) for name in STANDINGS},
            "lateness": [{"class": name, **_share_json(share)} for name, share in wismo.classes.items()],
            "attribution": _attribution_json(wismo),
            "linking": {
                "contacts_without_order": wismo.unlinked,
                **{
                    name: {"contacts": side.contacts, "by_number": side.by_number}
                    for name, side in wismo.linking.items()
                },
            },
            **{name: [_segment_json(segment) for segment in segments] for name, segments in wismo.segments.items()},
            "worst": {
                f"{name}_per_order" if per_order else name: _ranking_json(wismo.ranking(name, per_order=per_order))
                for name in wismo.segments
                for per_order in (False, True)
            },
            "reconciliation": {
                "contacts": wismo.reconciliation.contacts,
                "left_out": dict(wismo.reconciliation.left_out),
                "added": dict(wismo.reconciliation.added),
                "about_orders_judged": wismo.reconciliation.about_orders_judged,
            },
            "costs": _costs_json(wismo),
            "notices": _warnings_json(wismo),
        }
    )  # fmt: skip


def _share_json(share: Share) -> dict[str, Any]:
    status = "low_base" if share.low_base else "not_available" if share.value is None else "ok"
    return {
        "orders": share.base, "part": share.part, "share": share.value, "ci_low": share.low, "ci_high": share.high,
        "status": status,
    }  # fmt: skip


def _estimate_json(estimate: Estimate | None, limits: Interval | None = None) -> dict[str, float | None]:
    return {
        "value": estimate.value if estimate else None,
        "ci_low": estimate.low if estimate else None,
        "ci_high": estimate.high if estimate else None,
        "bound_low": limits.low if limits else None,
        "bound_high": limits.high if limits else None,
    }


def _attribution_json(wismo: Wismo) -> dict[str, Any]:
    attribution, limits = wismo.attribution, wismo.limits
    return {
        "absence": wismo.absence,
        "orders_late": attribution.late.orders if attribution else None,
        "orders_on_time": attribution.on_time.orders if attribution else None,
        "contacts_late": attribution.late.after if attribution else None,
        "contacts_on_time": attribution.on_time.after if attribution else None,
        "contacts_of_all_orders": attribution.whole if attribution else None,
        "expected": attribution.expected if attribution else None,
        "excess": _estimate_json(attribution.excess if attribution else None, limits.excess if limits else None),
        "share": _estimate_json(attribution.share if attribution else None, limits.share if limits else None),
        "ratio": _estimate_json(attribution.ratio if attribution else None),
        "late_orders_beside_coarser_stratum": attribution.coarser if attribution else None,
    }


def _segment_json(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "late": _share_json(segment.late),
        "contacts_per_late_order": segment.per_late,
        "contacts_per_order_on_time": segment.per_on_time,
        "excess": _estimate_json(segment.excess.excess if segment.excess else None),
        "status": "low_base" if segment.few_late or segment.few_on_time else "ok",
    }


def _ranking_json(ranking: Ranking | None) -> dict[str, Any] | None:
    """The worst, and what cannot be told apart from it; null where nothing can be said."""
    if ranking is None:
        return None
    first = ranking.first
    return {
        "name": first.name, "orders": first.orders, **_estimate_json(first.excess),
        "cannot_be_told_from": [rival.name for rival in ranking.rivals],
    }  # fmt: skip


def _costs_json(wismo: Wismo) -> dict[str, Any]:
    costs = wismo.costs
    return {
        "currency": costs.currency,
        "contacts": costs.whole.contacts,
        "contacts_of_known_cost": costs.whole.known,
        "amount": costs.whole.amount,
        "channels": [
            {
                "channel": entry.channel,
                "contacts": entry.contacts,
                "each": entry.each,
                "amount": entry.amount,
                **channel_source(entry.channel, costs.sources),
            }
            for entry in costs.whole.channels
        ],
        "avoidable": _estimate_json(
            costs.avoidable.excess if costs.avoidable else None, costs.limits.excess if costs.limits else None
        ),
        "avoidable_contacts_of_known_cost": costs.avoidable_known,
        "contacts_without_order_of_unknown_cost": costs.unlinked_unknown if costs.currency else None,
        "amount_is_least": costs.whole.amount is not None and bool(costs.whole.without_price),
        "sources": sources_json(wismo),
    }


def _warnings_json(wismo: Wismo) -> dict[str, Any]:
    warnings = wismo.warnings
    count_known = warnings.known
    is_shown = count_known >= max(1, wismo.reporting.min_base)
    interval = wilson(warnings.warned, count_known, wismo.reporting.confidence) if is_shown else None
    return {
        "notices": warnings.notices,
        "notices_of_delay": warnings.delays,
        "contacts_about_late_orders": warnings.contacts,
        "contacts_known": count_known,
        "contacts_after_notice": warnings.warned if is_shown else None,
        "share": warnings.warned / count_known if is_shown else None,
        "ci_low": interval.low if interval else None,
        "ci_high": interval.high if interval else None,
        "status": "ok" if is_shown else "low_base" if count_known else "not_available",
    }
