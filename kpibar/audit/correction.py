"""The share of contacts that ask where an order is, corrected by what people read in a sample of them.

Within a stratum the share of its labels stands for all its contacts, and strata are added up by their contacts. That
also gives the sensitivity and the specificity of the recorded reasons, of which the share of Rogan and Gladen (1978,
American Journal of Epidemiology 107) is made: (a + Sp - 1) / (Se + Sp - 1), where a is the share of contacts with the
reason WISMO. Over the contacts that the sample was drawn from, both are the same number. Another year has another
mix of reasons and errors: it needs a sample of its own.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from kpibar.audit.errors import LabelsInvalid, LabelsMissing
from kpibar.audit.labels import Labels
from kpibar.audit.strata import COLUMNS, Frame, Reason, Stratum, contacts_of, key_of, load_frame
from kpibar.config import Config
from kpibar.database.store import Store
from kpibar.kpis.estimates import Measure
from kpibar.kpis.intervals import wilson
from kpibar.measure.barometer import barometer
from kpibar.measure.report import Barometer, Request

_WORDS: Mapping[Reason, str] = {
    "wismo": "with the reason WISMO", "other": "with another reason", "unknown": "without a reason"
}  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """A share from 0 to 1 and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Tally:
    """A stratum: the contacts it holds, how many of them are labelled, and how many of these ask where an order is.

    `expected` is the share that stands for it where none of its contacts is labelled.
    """

    contacts: int
    labels: int
    hits: int
    expected: float = 0.0

    @property
    def share(self) -> float:
        """The share of its contacts that ask where an order is."""
        return self.hits / self.labels if self.labels else self.expected


@dataclass(frozen=True)
class Part:
    """Contacts of a language and a channel, "" for all of them.

    `by_reason` are those whose recorded reason is WISMO, `labels` those that people labelled. Sensitivity is the share
    of the contacts that ask where an order is whose recorded reason says so, specificity that of the others whose
    recorded reason does not; None where there are none.
    """

    language: str
    channel: str
    contacts: int
    by_reason: int
    labels: int
    sensitivity: float | None
    specificity: float | None
    share: Estimate


@dataclass(frozen=True)
class Correction:
    """The corrected figures of a year; the whole of its contacts, and the parts of each language and channel.

    `rate` is the number of contacts that ask where an order is per order placed, None without orders. `share_recorded`
    and `rate_recorded` are the figures of the report (wismo_share, wismo_rate). `unlabelled` are the contacts of the
    sample that nobody labelled, `unknown` those that are no contacts of the year any more. `changed` tells that
    contacts or their reasons are not those the sample was drawn from.
    """

    year: int
    confidence: float
    whole: Part
    parts: tuple[Part, ...]
    rate: Estimate | None
    share_recorded: Measure
    rate_recorded: Measure
    unlabelled: int
    unknown: int
    changed: bool


def correct(store: Store, config: Config, labels: Labels) -> Correction:
    """The corrected figures of WISMO of the year of a sample. Raises LabelsInvalid, LabelsMissing."""
    level, frame = config.settings.reporting.confidence, load_frame(store, labels.year)
    if not frame.contacts:
        raise LabelsInvalid(labels.path, labels.labels[0].line, f"no contact was counted in {labels.year}")
    strata = _strata_of(store, frame, [label.key for label in labels.labels])
    answers = [label for label in labels.labels if label.is_wismo is not None and label.key in strata]
    tallies = _tallies(labels, frame, [(strata[label.key], bool(label.is_wismo)) for label in answers])
    places = sorted({(stratum.language, stratum.channel) for stratum in tallies})
    whole = _part(tallies, ("", ""), level)
    report = barometer(store, config, Request(labels.year, kpis=("wismo_share", "wismo_rate", "contact_rate")))
    share_recorded, rate_recorded, contacts_per_order = (_figure(report, name) for name in report.request.kpis)
    return Correction(
        year=labels.year,
        confidence=level,
        whole=whole,
        parts=tuple(_part(_at(tallies, place), place, level) for place in places),
        rate=_product(whole.share, contacts_per_order),
        share_recorded=share_recorded,
        rate_recorded=rate_recorded,
        unlabelled=sum(label.is_wismo is None for label in labels.labels),
        unknown=sum(label.key not in strata for label in labels.labels),
        changed=frame.mark != labels.mark,
    )


def _figure(report: Barometer, name: str) -> Measure:
    return next(row.now for row in report.rows if row.kpi.id == name)


def _product(share: Estimate, rate: Measure) -> Estimate | None:
    """A share of a rate, with the interval of the product; source: Zou and Donner (2008), Statistics in Medicine 27."""
    if rate.value is None or rate.low is None or rate.high is None:
        return None
    value = share.value * rate.value
    below = math.hypot(rate.value * (share.value - share.low), share.value * (rate.value - rate.low))
    above = math.hypot(rate.value * (share.high - share.value), share.value * (rate.high - rate.value))
    return Estimate(value, max(0.0, value - below), value + above)


def _strata_of(store: Store, frame: Frame, keys: Sequence[str]) -> dict[str, Stratum]:
    """The strata of those of some keys that are contacts of the year."""
    # A key is fifteen hexadecimal signs (labels.py).
    list_of_keys = ", ".join(f"'{key}'" for key in keys)
    rows = store.engine.rows(
        f"SELECT * FROM (SELECT {key_of(frame.year)} AS key, {COLUMNS} {contacts_of(frame.year)}) AS contacts_by_key "
        f"WHERE key IN ({list_of_keys})"
    )
    return {key: Stratum(frame.language(language), channel, reason) for key, language, channel, reason in rows}


def _tallies(labels: Labels, frame: Frame, answers: Sequence[tuple[Stratum, bool]]) -> dict[Stratum, Tally]:
    """The strata with their labels. Raises LabelsMissing where no contact of a kind of reason is labelled."""
    read, hits = Counter(stratum for stratum, _ in answers), Counter(stratum for stratum, hit in answers if hit)
    expected: dict[Reason, float] = {}
    for reason in sorted({stratum.reason for stratum in frame.contacts}):
        base = sum(count for stratum, count in read.items() if stratum.reason == reason)
        if not base:
            raise LabelsMissing(labels.path, _WORDS[reason])
        expected[reason] = sum(count for stratum, count in hits.items() if stratum.reason == reason) / base
    return {
        stratum: Tally(count, read[stratum], hits[stratum], expected[stratum.reason])
        for stratum, count in frame.contacts.items()
    }


def _at(tallies: Mapping[Stratum, Tally], place: tuple[str, str]) -> dict[Stratum, Tally]:
    return {stratum: tally for stratum, tally in tallies.items() if (stratum.language, stratum.channel) == place}


def _part(tallies: Mapping[Stratum, Tally], place: tuple[str, str], level: float) -> Part:
    flagged = [tally for stratum, tally in tallies.items() if stratum.reason == "wismo"]
    sensitivity, specificity = accuracy(tallies)
    return Part(
        *place,
        contacts=sum(tally.contacts for tally in tallies.values()),
        by_reason=sum(tally.contacts for tally in flagged),
        labels=sum(tally.labels for tally in tallies.values()),
        sensitivity=sensitivity,
        specificity=specificity,
        share=share_of_strata(list(tallies.values()), level),
    )


def share_of_strata(tallies: Sequence[Tally], level: float) -> Estimate:
    """The share of all contacts of some strata that ask where an order is, with its interval.

    The square-and-add interval of the strata's Wilson intervals, with the variation of a year's contacts added; source:
    Zou and Donner (2008), Statistics in Medicine 27. A stratum that was read to a large part is known better: its
    labels count as n (N - 1) / (N - n); source: Cochran (1977), Sampling Techniques. One without a label may be
    anything from 0 to 1.
    """
    total = sum(tally.contacts for tally in tallies)
    value = sum(tally.contacts * tally.share for tally in tallies) / total
    chance = NormalDist().inv_cdf((1 + level) / 2) ** 2 * value * (1 - value) / total
    below, above = chance, chance
    for tally in tallies:
        low, high = _limits(tally, level)
        weight = tally.contacts / total
        below += (weight * (tally.share - low)) ** 2
        above += (weight * (high - tally.share)) ** 2
    return Estimate(value, max(0.0, value - math.sqrt(below)), min(1.0, value + math.sqrt(above)))


def _limits(tally: Tally, level: float) -> tuple[float, float]:
    if not tally.labels:
        return 0.0, 1.0
    if tally.labels == tally.contacts:
        return tally.share, tally.share
    size = tally.labels * (tally.contacts - 1) / (tally.contacts - tally.labels)
    interval = wilson(tally.share * size, size, level)
    assert interval is not None, "there are labels"
    return interval.low, interval.high


def accuracy(tallies: Mapping[Stratum, Tally]) -> tuple[float | None, float | None]:
    """Sensitivity and specificity of the recorded reasons; None where no contact is of the kind."""
    sums = {(flag, hit): 0.0 for flag in (True, False) for hit in (True, False)}
    for stratum, tally in tallies.items():
        flag = stratum.reason == "wismo"
        sums[flag, True] += tally.contacts * tally.share
        sums[flag, False] += tally.contacts * (1 - tally.share)
    return (
        _ratio(sums[True, True], sums[True, True] + sums[False, True]),
        _ratio(sums[False, False], sums[True, False] + sums[False, False]),
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
