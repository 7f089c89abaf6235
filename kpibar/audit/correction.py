"""The share of contacts that ask where an order is, corrected by what people read in a sample of them.

Within a stratum the share of its labels stands for all its contacts, and strata are added up by their contacts. That
also gives the sensitivity and the specificity of the recorded reasons, of which the share of Rogan and Gladen (1978,
American Journal of Epidemiology 107) is made: (a + Sp - 1) / (Se + Sp - 1), where a is the share of contacts with the
reason WISMO. Over the contacts that the sample was drawn from, both are the same number. Another year has another
mix of reasons and errors: it needs a sample of its own.

Strata and their sizes are those of the day of the draw, which the keys of the sample tell: what is recorded or loaded
later does not change the figure, only how far it speaks of the year.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product, starmap

from kpibar.audit.errors import LabelsInvalid, LabelsMissing, SampleForeign
from kpibar.audit.labels import Label, LabelFile
from kpibar.audit.strata import REASONS, SMALL_LANGUAGES, UNKNOWN, Frame, Stratum, contact_sql, from_sql, load_frame
from kpibar.config import Config, Reporting
from kpibar.database.store import Store
from kpibar.kpis.estimates import Measure
from kpibar.kpis.sampling import Tally, sensitivity, specificity, stratified_interval, stratified_share
from kpibar.measure.barometer import barometer
from kpibar.measure.report import Barometer, Request


@dataclass(frozen=True)
class Estimate:
    """A share from 0 to 1, or a number per order, and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Part:
    """Contacts of a language and a channel, "" for all of them.

    `by_reason` are those whose recorded reason is WISMO, `labels` those that people labelled, `in_strata_without_label`
    those in strata of which nothing is labelled. Sensitivity is the share of the contacts that ask where an order is
    whose recorded reason says so, specificity that of the others whose recorded reason does not; None where there are
    none, a stratum has no label, or fewer are labelled than the smallest base of a figure.
    """

    language: str
    channel: str
    contacts: int
    by_reason: int
    labels: int
    in_strata_without_label: int
    sensitivity: float | None
    specificity: float | None
    share: Estimate | None


@dataclass(frozen=True)
class Correction:
    """The corrected figures of a year; the whole of its contacts, and the parts of each language and channel.

    `rate` is the number of contacts that ask where an order is per order placed, None where the report has no contacts
    per order. `share_recorded` and `rate_recorded` are the figures of the report (wismo_share, which is of the contacts
    with a known reason, and wismo_rate). Of the contacts drawn `blank` have no label and `missing` no line; `total` are
    the contacts the sample was drawn from, `total_now` those of the report.
    """

    year: int
    confidence: float
    whole: Part
    parts: tuple[Part, ...]
    rate: Estimate | None
    share_recorded: Measure
    rate_recorded: Measure
    blank: int
    missing: int
    total: int
    total_now: int


def correct(store: Store, config: Config, file: LabelFile) -> Correction:
    """The corrected figures of WISMO of the year of a sample.

    Raises LabelsInvalid, LabelsMissing, SampleForeign, and what `find_edition` raises for a year without data.
    """
    level, frame = config.settings.reporting.confidence, load_frame(store, file.year)
    strata = _strata_by_code(frame)
    if not _is_of(store, frame, file.labels):
        raise SampleForeign(file.path, store.path)
    total = file.labels[0].key.total
    tallies = _complete(_tallies(file, strata), frame, total)
    judged, hits = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("judged", "hits"))
    drawn = sum({label.key.stratum: label.key.drawn for label in file.labels}.values())
    if not judged:
        raise LabelsMissing(file.path, "no contact is labelled")
    if hits == judged < drawn:
        # Who ticks what applies leaves the others blank: nothing is known of them.
        why = f"all {judged:,} labels say yes, and {drawn - judged:,} contacts that were drawn have none"
        raise LabelsMissing(file.path, why)
    report = barometer(store, config, Request(file.year, kpis=("wismo_share", "wismo_rate", "contact_rate")))
    share_recorded, rate_recorded, contacts_per_order = (_figure(report, name) for name in report.request.kpis)
    places = sorted({(stratum.language, stratum.channel) for stratum in tallies})
    return Correction(
        year=file.year,
        confidence=level,
        whole=_part(tallies, ("", ""), config.settings.reporting, total),
        parts=tuple(_part(_at(tallies, place), place, config.settings.reporting) for place in places),
        rate=_rate(_with_remainder(tallies.values(), total), contacts_per_order, rate_recorded, level),
        share_recorded=share_recorded,
        rate_recorded=rate_recorded,
        blank=sum(label.is_wismo is None for label in file.labels),
        missing=drawn - len(file.labels),
        total=total,
        total_now=frame.total,
    )


def _figure(report: Barometer, name: str) -> Measure:
    return next(row.now for row in report.rows if row.kpi.id == name)


def _strata_by_code(frame: Frame) -> dict[str, Stratum]:
    """Every stratum that a sample of the year may have, by its code in a key."""
    languages = {*frame.languages, SMALL_LANGUAGES, UNKNOWN, *(stratum.language for stratum in frame.contacts)}
    channels = {UNKNOWN, *(stratum.channel for stratum in frame.contacts)}
    strata = starmap(Stratum, product(languages, channels, REASONS))
    return {stratum.code(frame.year): stratum for stratum in strata}


def _is_of(store: Store, frame: Frame, labels: Sequence[Label]) -> bool:
    """Whether some contact of a sample is one of the year."""
    # What stands for a contact in a key are fifteen hexadecimal signs (`parse_key`).
    contacts = ", ".join(f"'{label.key.contact}'" for label in labels)
    return bool(
        store.engine.rows(
            f"SELECT 1 FROM (SELECT {contact_sql(frame.year)} AS contact_key {from_sql(frame.edition)}) AS c "
            f"WHERE contact_key IN ({contacts}) LIMIT 1"
        )
    )


def _tallies(file: LabelFile, strata: Mapping[str, Stratum]) -> dict[Stratum, Tally]:
    """The strata of a sample with their labels. Raises LabelsInvalid where a stratum has more lines than were drawn."""
    by_code: dict[str, list[Label]] = {}
    for label in file.labels:
        lines = by_code.setdefault(label.key.stratum, [])
        lines.append(label)
        first = lines[0].key
        if label.key.stratum not in strata:
            raise LabelsInvalid(file.path, label.line, "no contact of its language and channel is in the database now")
        if (label.key.drawn, label.key.contacts) != (first.drawn, first.contacts) or len(lines) > first.drawn:
            raise LabelsInvalid(file.path, label.line, "the contact is not of this draw; use the file as it was drawn")
    return {
        strata[code]: Tally(
            lines[0].key.contacts,
            sum(label.is_wismo is not None for label in lines),
            sum(label.is_wismo is True for label in lines),
        )
        for code, lines in by_code.items()
    }


def _complete(tallies: dict[Stratum, Tally], frame: Frame, total: int) -> dict[Stratum, Tally]:
    """The strata with those whose lines are all missing, which are known as long as no contact has changed its own."""
    every = {stratum: Tally(count, 0, 0) for stratum, count in frame.contacts.items()} | tallies
    return every if sum(tally.records for tally in every.values()) == total else tallies


def _at(tallies: Mapping[Stratum, Tally], place: tuple[str, str]) -> dict[Stratum, Tally]:
    return {stratum: tally for stratum, tally in tallies.items() if (stratum.language, stratum.channel) == place}


def _with_remainder(tallies: Iterable[Tally], total: int) -> list[Tally]:
    """The strata, and as one more the contacts of those whose lines are all missing."""
    strata = list(tallies)
    remainder = total - sum(tally.records for tally in strata)
    return [*strata, Tally(remainder, 0, 0)] if remainder > 0 else strata


def _part(tallies: Mapping[Stratum, Tally], place: tuple[str, str], reporting: Reporting, total: int = 0) -> Part:
    """A part; `total` are its contacts, where some of its strata may be missing."""
    positives = [tally for stratum, tally in tallies.items() if stratum.reason == "wismo"]
    negatives = [tally for stratum, tally in tallies.items() if stratum.reason != "wismo"]
    strata = _with_remainder(tallies.values(), total)
    labels = sum(tally.judged for tally in strata)
    tells = len(strata) == len(tallies) and labels >= reporting.min_base
    return Part(
        *place,
        contacts=sum(tally.records for tally in strata),
        by_reason=sum(tally.records for tally in positives),
        labels=labels,
        in_strata_without_label=sum(tally.records for tally in strata if not tally.judged),
        sensitivity=sensitivity(positives, negatives) if tells else None,
        specificity=specificity(positives, negatives) if tells else None,
        share=_share(strata, reporting.confidence),
    )


def _share(strata: Sequence[Tally], level: float) -> Estimate | None:
    value, interval = stratified_share(strata), stratified_interval(strata, level)
    return None if value is None or interval is None else Estimate(value, interval.low, interval.high)


def _rate(strata: Sequence[Tally], contacts_per_order: Measure, recorded: Measure, level: float) -> Estimate | None:
    """The contacts per order that ask where an order is.

    The interval adds in squares what the sample leaves open, and how far the rate of the report, or else the contacts
    per order, varies by chance: a sample of all contacts that finds every reason right gives the report's own interval.
    """
    share, interval = stratified_share(strata), stratified_interval(strata, level, variation=False)
    if share is None or interval is None or contacts_per_order.value is None:
        return None
    scale, value = contacts_per_order.value, share * contacts_per_order.value
    variation = recorded if recorded.value else contacts_per_order
    if not variation.value or variation.low is None or variation.high is None:
        return None
    below = math.hypot(scale * (share - interval.low), value * (1 - variation.low / variation.value))
    above = math.hypot(scale * (interval.high - share), value * (variation.high / variation.value - 1))
    return Estimate(value, max(0.0, value - below), value + above)
