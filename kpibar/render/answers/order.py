"""The story of an order as text, a line an event, and as JSON.

Times are local ones of the brand; in JSON instants are UTC.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from kpibar.answers.orders.contacts import ContactRecord
from kpibar.answers.orders.kpis import KpiCount
from kpibar.answers.orders.omissions import Omission
from kpibar.answers.orders.parcels import Parcel
from kpibar.answers.orders.records import Gesture, Notice, Survey
from kpibar.answers.orders.silence import Silence
from kpibar.answers.orders.story import Event, Head, Story
from kpibar.answers.terms import Reason
from kpibar.render import messages
from kpibar.render.clean import clean, json_text
from kpibar.render.messages import day_name, is_message, segment_name, title
from kpibar.render.numbers import format_number, format_value
from kpibar.render.table import LABEL, SEPARATOR, Cell, Column, Page, Role, Row, Section, Table
from kpibar.render.terminal import Screen, print_lines, print_page

SCHEMA, SCHEMA_VERSION = "kpibar.order", "1.0"
# What an order is tied to its records by; nobody outside needs it.
_PSEUDONYMS = ("order_key", "order_number")
_INSTANT, _TIME, _DAY = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%Y-%m-%d"
# The column of times: such a time and two blanks.
_MARGIN = 18
_ROLES: Mapping[str, Role] = {"promise_broken": "worse", "silence": "warning", "export_end": "summary"}
# So many values of a mean or median are shown.
_MOST_VALUES = 3
_WHOLE_DAYS_FROM, _HOURS_UP_TO, _MINUTES_BELOW, _SECONDS_BELOW = 100, 99, 100, 99.5
# The columns of the KPIs; where room is short, those of a group stand in a table of their own.
_COLUMNS = ("month", "base", "hits", "values", "judged_from")
_GROUPS = (("month", "base", "hits"), ("values", "judged_from"))


@dataclass(frozen=True)
class _Words:
    """Words and times for one story: in its language, in the zone of the brand, with the year of the order unsaid."""

    lang: str
    zone: ZoneInfo
    year: int | None

    def say(self, key: str, /, **values: object) -> str:
        return messages.say(f"order_{key}", self.lang, **values)

    def counted(self, key: str, count: int) -> str:
        """A message for one or for several."""
        return self.say(f"{key}_one") if count == 1 else self.say(key, count=self.count(count))

    def count(self, number: float) -> str:
        return format_value(number, "count", self.lang)

    def join(self, parts: Iterable[str]) -> str:
        """Parts of a sentence with semicolons between them."""
        return reduce(lambda first, second: self.say("join", first=first, second=second), parts)

    def local(self, at: datetime) -> datetime:
        return at.replace(tzinfo=UTC).astimezone(self.zone)

    def day(self, day: date) -> str:
        name = day_name(day, self.lang)
        return name if day.year == self.year else self.say("day_of_year", day=name, year=day.year)

    def time(self, at: time) -> str:
        return self.say("time", hour=at.hour, minute=f"{at.minute:02}")

    def moment(self, at: datetime, *, day_only: bool = False) -> str:
        """A day and a time in words; the day alone where its time is not known."""
        local = self.local(at)
        day = self.day(local.date())
        return day if day_only else self.say("moment", day=day, time=self.time(local.time()))

    def end(self, at: datetime) -> str:
        """The end of a promise: the last moment of a day is the day."""
        return self.moment(at, day_only=_ends_day(self.local(at)))

    def late(self, seconds: float) -> str:
        """How late something is: in minutes, hours, then days."""
        if seconds < 60:
            return self.say("below_a_minute")
        if seconds / 60 < _MINUTES_BELOW:
            return format_value(seconds, "seconds", self.lang)
        hours = round(seconds / 3600)
        if hours > _HOURS_UP_TO:
            days = seconds / 86_400
            return self.say("days", count=format_number(days, 0 if days >= _WHOLE_DAYS_FROM else 1, self.lang))
        return self.say("hours", count=self.count(hours)) if hours != 1 else self.say("hour")

    def duration(self, seconds: float) -> str:
        """A time to an answer: whole seconds below 100, for so calls are logged."""
        if seconds < _SECONDS_BELOW:
            return self.say("seconds", count=format_number(seconds, 0, self.lang))
        return format_value(seconds, "seconds", self.lang)

    def amount(self, value: float, currency: str | None) -> str:
        return clean(" ".join(filter(None, (format_number(value, 2, self.lang), currency))))

    def channel(self, channel: str | None) -> str:
        return clean(segment_name("channel", channel, self.lang)) if channel else ""


def _ends_day(local: datetime) -> bool:
    return (local.hour, local.minute, local.second) == (23, 59, 59)


def order_text(stories: Sequence[Story], lang: str, screen: Screen) -> str:
    """The stories as text, one below the other."""
    return "\n".join(_story_text(story, lang, screen) for story in stories)


def _story_text(story: Story, lang: str, screen: Screen) -> str:
    zone = ZoneInfo(story.timezone)
    first = story.head.ordered_at or next((event.at for event in story.events if event.at), None)
    words = _Words(lang, zone, first.replace(tzinfo=UTC).astimezone(zone).year if first else None)
    lines: list[list[Cell]] = [
        [Cell(_title(story, words), "title")],
        [Cell(summary(story, words), "summary")],
        [Cell()],
    ]
    lines += [list(_line(event, story, words)) for event in story.events]
    why = list(_omission_lines(story.omissions, words))
    notes = [Cell(words.say("times", zone=story.timezone), "note")]
    if not story.kpis:
        lines += [[Cell()], [Cell(words.say("kpis_none"), "note")]]
        return print_lines([*lines, *([[Cell()], *why, [Cell()]] if why else []), notes], screen)
    page = print_lines(lines, screen) + print_page(_kpi_page(story.kpis, [], words), screen)
    return page + print_lines([*([[Cell()], *why] if why else []), [Cell()], notes], screen)


def _omission_lines(omissions: Sequence[Omission], words: _Words) -> Iterator[list[Cell]]:
    """The KPIs that do not count it, those of one reason in a line."""
    names: dict[str, list[str]] = {}
    for omission in omissions:
        names.setdefault(_why(omission, words), []).append(clean(title(omission.kpi.title, words.lang)))
    if names:
        yield [Cell(words.say("omissions"), "heading")]
    for why, kpis in names.items():
        yield [Cell(words.say("omission", kpis=", ".join(kpis), why=why))]


def _why(omission: Omission, words: _Words) -> str:
    """Why no record of the order is counted; of several the number of each reason."""
    if not omission.reasons:
        return words.say(f"without_{omission.records}")
    several = omission.records != "orders"
    return ", ".join(_reason_in_words(reason, count if several else None, words) for reason, count in omission.reasons)


def _reason_in_words(reason: Reason, count: int | None, words: _Words) -> str:
    key = f"order_why_{reason.code}"
    if not is_message(key):
        key = f"explain_reason_{reason.code}"
    if not is_message(key):
        key = "explain_reason_no_day"
    text = messages.say(key, words.lang, **({"term": clean(reason.term)} if reason.term else {}))
    return text if count is None else words.say("omission_counted", why=text, count=words.count(count))


def _title(story: Story, words: _Words) -> str:
    head = story.head
    key = "title_alone" if head.known_from == "contacts" else "title"
    parts = [words.say(key, reference=clean(head.reference).lstrip("#")), clean(head.brand or "")]
    if head.ordered_at is not None:
        local = words.local(head.ordered_at)
        day = messages.say("order_day_of_year", words.lang, day=day_name(local.date(), words.lang), year=local.year)
        parts.append(words.say("placed_on", at=words.say("moment", day=day, time=words.time(local.time()))))
    if head.known_from == "parcels":
        parts.append(words.say("from_parcels"))
    return SEPARATOR.join(filter(None, parts))


# The sentence that sums it up


def summary(story: Story, words: _Words) -> str:
    """What was promised, what became of it, and what the customer had to do, in one sentence."""
    head, worst = story.head, story.worst
    parts: list[str] = []
    if head.known_from == "contacts":
        parts.append(words.counted("alone", len(story.contacts)))
    if head.cancelled:
        parts.append(words.say("cancelled_at", at=words.moment(head.cancelled_at)) if head.cancelled_at
                     else words.say("cancelled"))  # fmt: skip
    if worst is not None:
        parts += _fate(story, worst, words)
    elif head.known_from == "shop":
        parts.append(words.say("no_parcel"))
    deeds = [
        words.counted(key, count)
        for key, count in (("call", story.calls), ("message", story.messages), ("visit", story.visits))
        if count
    ]
    if deeds and head.known_from != "contacts":
        parts.append(words.say("customer", deeds=f" {words.say('and')} ".join(deeds)))
    text = words.join(parts)
    return text[:1].upper() + text[1:] + "."


def _fate(story: Story, worst: Parcel, words: _Words) -> Iterator[str]:
    """The promise of the parcel that tells most, and what became of it."""
    has_several, late = len(story.parcels) > 1, sum(parcel.late for parcel in story.parcels)
    if has_several:
        key = "several" if late else "several_kept"
        yield words.say(key, count=words.count(len(story.parcels)), **({"late": words.count(late)} if late else {}))
    promise = _promise(worst, words)
    if promise is None:
        yield words.say("no_promise")
    else:
        yield words.say("promised_parcel" if has_several else "promised", promise=promise)
    yield _outcome(worst, words, judged=not story.head.cancelled)


def _outcome(parcel: Parcel, words: _Words, *, judged: bool) -> str:
    """What became of a parcel; of an order that was cancelled nothing is late."""
    late = parcel.late_s if judged else None
    with_lateness = {} if late is None else {"late": words.late(late)}
    if parcel.delivered_at is not None:
        at = words.moment(parcel.delivered_at, day_only=parcel.day_only)
        ending = "late" if with_lateness else _keeping(parcel) or "at"
        return words.say(f"delivered_{ending}", at=at, **with_lateness)
    if parcel.undated:
        return words.say("delivered_some_day")
    if parcel.returned_at is not None:
        return words.say("went_back", at=words.moment(parcel.returned_at))
    if parcel.lost:
        return words.say("lost")
    if parcel.as_of is None:
        return words.say("missing_undated")
    return words.say("missing_late" if with_lateness else "missing", at=words.moment(parcel.as_of), **with_lateness)


def _keeping(parcel: Parcel) -> str | None:
    """How a parcel that is not late kept its promise; None where there is none to judge, or the time is unknown."""
    if not parcel.due or parcel.late:
        return None
    if not parcel.in_slot or parcel.in_time:
        return "kept"
    return None if parcel.slot_unknown else "early"


def _promise(parcel: Parcel, words: _Words) -> str | None:
    """A promise in words: a time slot, a day, several days, or an end; None where there is none."""
    start, end = parcel.promised_from, parcel.promised_to or parcel.owed_to
    if end is None:
        return None
    last = words.local(end)
    if start is None or parcel.promised_to is None:
        return words.say("promise_by", at=words.end(end)) if not _ends_day(last) else words.say(
            "promise_day", day=words.day(last.date()))  # fmt: skip
    first = words.local(start)
    if parcel.promise_kind == "slot":
        return words.say(
            "promise_slot", day=words.day(first.date()), first=words.time(first.time()), last=words.time(last.time())
        )
    if first.date() == last.date():
        return words.say("promise_day", day=words.day(last.date()))
    return words.say("promise_range", first=words.day(first.date()), last=words.day(last.date()))


# A line an event


def _line(event: Event, story: Story, words: _Words) -> Iterator[Cell]:
    """The time of an event and what happened; without a time the column is empty."""
    when = ""
    if event.at is not None:
        day_only = event.code in ("delivered", "attempt") and event.subject.day_only
        when = words.local(event.at).strftime(_DAY if day_only else _TIME)
    yield Cell(f"{when:<{_MARGIN}}", "detail")
    yield Cell(_TEXTS[event.code](event, story, words), _ROLES.get(event.code, "label"))


def _of_head(event: Event, story: Story, words: _Words) -> str:
    head: Head = event.subject
    if event.code == "cancelled" or head.value is None:
        return words.say(f"event_{event.code}")
    return words.say("event_placed_value", value=words.amount(head.value, head.currency))


def _parcel_name(parcel: Parcel, words: _Words, *, with_carrier: bool = False) -> str:
    number = clean(parcel.parcel_id)
    if parcel.carrier is None or not with_carrier:
        return words.say("parcel", parcel=number)
    return words.say("parcel_carrier", parcel=number, carrier=clean(parcel.carrier))


def _of_promise(event: Event, story: Story, words: _Words) -> str:
    parcel: Parcel = event.subject
    values = {"parcel": _parcel_name(parcel, words, with_carrier=True), "promise": _promise(parcel, words)}
    if parcel.promise_false:
        return words.say("event_promise_false", **values)
    if parcel.last_promised_to is not None and parcel.last_promised_to != parcel.promised_to:
        return words.say("event_promise_changed", **values, last=words.end(parcel.last_promised_to))
    return words.say("event_promise", **values)


def _of_parcel(event: Event, story: Story, words: _Words) -> str:
    parcel: Parcel = event.subject
    key = f"event_{event.code}"
    values = {"parcel": _parcel_name(parcel, words, with_carrier=event.code == "shipped")}
    if event.code == "delivered" and event.at is None:
        return words.say("event_delivered_undated", **values)
    late = parcel.late_s if not story.head.cancelled else None
    if event.code in ("delivered", "export_end") and late is not None:
        return words.say(f"{key}_late", **values, late=words.late(late))
    keeping = _keeping(parcel) if event.code == "delivered" else None
    return words.say(f"{key}_{keeping}" if keeping else key, **values)


def _of_notice(event: Event, story: Story, words: _Words) -> str:
    notice: Notice = event.subject
    key = f"notice_{notice.kind}"
    kind = words.say(key if is_message(f"order_{key}") else "notice_other")
    if not notice.channel:
        return words.say("event_notice_plain", kind=kind)
    return words.say("event_notice", kind=kind, channel=words.channel(notice.channel))


def _of_contact(event: Event, story: Story, words: _Words) -> str:
    contact: ContactRecord = event.subject
    parts = [*_course(contact, words), _reason(contact, words), _link(contact, story, words)]
    if contact.exclusion is not None:
        parts.append(words.say(f"out_{contact.exclusion}"))
    has_direction = contact.direction in ("inbound", "outbound", "internal")
    key = f"contact_{contact.direction}" if has_direction else "contact_direction_unknown"
    return words.say(
        key, channel=words.channel(contact.channel) or words.say("no_channel"), parts=words.join(filter(None, parts))
    )


def _course(contact: ContactRecord, words: _Words) -> Iterator[str]:
    """What became of it: answered, replied to, solved."""
    if contact.in_writing:
        yield _reply(contact, words) if contact.direction != "outbound" else ""
    else:
        yield _answer(contact, words) if contact.direction != "outbound" or contact.answered is not None else ""
    if contact.resolution_s is not None and contact.in_writing:
        yield words.say("solved_after", time=words.duration(contact.resolution_s))
    elif contact.still_solved and contact.in_writing:
        yield words.say("solved")


def _answer(contact: ContactRecord, words: _Words) -> str:
    state = "answered" if contact.answered else "abandoned" if contact.abandoned else None
    if state is None:
        return words.say("answer_unknown" if contact.answered is None else "not_answered")
    if contact.wait_s is None:
        return words.say(state)
    return words.say(f"{state}_after", time=words.duration(contact.wait_s))


def _reply(contact: ContactRecord, words: _Words) -> str:
    if contact.first_reply_s is not None:
        return words.say("reply_after", time=words.duration(contact.first_reply_s))
    if contact.replied:
        return words.say("replied")
    return words.say("no_reply" if contact.reply_expected else "reply_unknown")


def _reason(contact: ContactRecord, words: _Words) -> str:
    if contact.reason is None:
        return words.say("reason_none")
    reason = clean(segment_name("reason", contact.reason, words.lang))
    return words.say("reason_rule" if contact.reason_by == "rule" else "reason_vendor", reason=reason)


def _link(contact: ContactRecord, story: Story, words: _Words) -> str:
    if story.head.order_id is None and contact.order_id is not None:
        return words.say("link_elsewhere")
    return words.say(f"link_{contact.linked_by.replace(' ', '_')}")


def _of_survey(event: Event, story: Story, words: _Words) -> str:
    survey: Survey = event.subject
    kind = clean(survey.kind.upper()) if survey.kind else words.say("survey_plain")
    if event.code == "survey_sent":
        return words.say("event_survey_sent" if survey.score is not None else "event_survey_unanswered", kind=kind)
    score = _plain_number(survey.score, words)
    if survey.scale_min is None or survey.scale_max is None:
        return words.say("event_survey_answered", kind=kind, score=score)
    low, high = _plain_number(survey.scale_min, words), _plain_number(survey.scale_max, words)
    return words.say("event_survey_answered_scale", kind=kind, score=score, low=low, high=high)


def _plain_number(value: float | None, words: _Words) -> str:
    """A score without decimals where it has none."""
    number = value or 0.0
    return format_number(number, 0 if number == int(number) else 1, words.lang)


def _of_gesture(event: Event, story: Story, words: _Words) -> str:
    gesture: Gesture = event.subject
    if gesture.amount is None:
        return words.say("event_gesture")
    return words.say("event_gesture_amount", value=words.amount(gesture.amount, gesture.currency))


def _of_silence(event: Event, story: Story, words: _Words) -> str:
    silence: Silence = event.subject
    longest = len(story.silences) > 1 and silence == story.longest_silence
    return words.say(
        "event_silence_longest" if longest else "event_silence",
        time=words.late(silence.seconds),
        end=words.say("until_exports") if silence.open else words.say("until_at", at=words.moment(silence.end)),
        cause=words.say(f"cause_{'_'.join(silence.causes)}"),
    )


def _of_silence_end(event: Event, story: Story, words: _Words) -> str:
    silence: Silence = event.subject
    return words.say("event_silence_end", time=words.late(silence.seconds))


_TEXTS: Mapping[str, Callable[[Event, Story, _Words], str]] = {
    "placed": _of_head, "cancelled": _of_head, "promise": _of_promise,
    **dict.fromkeys(("shipped", "attempt", "delivered", "returned", "lost"), _of_parcel),
    **dict.fromkeys(("promise_broken", "export_end"), _of_parcel),
    "notice": _of_notice, "contact": _of_contact, "survey_sent": _of_survey, "survey_answered": _of_survey,
    "gesture": _of_gesture, "silence": _of_silence, "silence_end": _of_silence_end,
}  # fmt: skip


# The KPIs that count it


def _kpi_page(counts: Sequence[KpiCount], notes: Sequence[Cell], words: _Words) -> Page:
    sections = []
    for family in dict.fromkeys(count.family.id for count in counts):
        members = [count for count in counts if count.family.id == family]
        rows = tuple(_kpi_row(count, words) for count in members)
        sections.append(Section(Cell(clean(title(members[0].family.title, words.lang)), "heading"), rows))
    keys = ["kpis_legend", *(["kpis_pending"] if any(count.pending for count in counts) else [])]
    legends = (Cell(words.say(key), "legend") for key in keys)
    return Page((), Table(_kpi_columns(counts, words), tuple(sections), _GROUPS), notes=(*legends, *notes))


def _kpi_columns(counts: Sequence[KpiCount], words: _Words) -> tuple[Column, ...]:
    columns = [Column(LABEL, Cell(words.say("kpis"), "head"))]
    for name in _COLUMNS:
        if name == "judged_from" and not any(count.judged_from for count in counts):
            continue
        align = "left" if name in ("month", "values", "judged_from") else "right"
        columns.append(Column(name, Cell(words.say(name), "head"), align))  # type: ignore[arg-type]
    return tuple(columns)


def _kpi_row(count: KpiCount, words: _Words) -> Row:
    month = count.month if count.open_at is None else count.open_at
    cells = {
        LABEL: Cell(clean(title(count.kpi.title, words.lang))),
        "month": Cell(f"{month:%Y-%m}" if count.open_at is None else f"{month:%Y-%m-%d}", "detail"),
        "base": Cell(words.count(count.base), "base"),
        "hits": Cell(_hits(count, words), "value"),
        "values": Cell(_values(count, words), "detail"),
        "judged_from": Cell(f"{count.judged_from:%Y-%m-%d}" if count.judged_from else "", "detail"),
    }
    return Row(cells)


def _hits(count: KpiCount, words: _Words) -> str:
    if count.hits is None or not (count.base or count.hits):
        return ""
    if count.against is None:
        return words.count(count.hits)
    return format_value(count.hits - count.against, "points", words.lang)


def _values(count: KpiCount, words: _Words) -> str:
    texts = [format_value(value, count.kpi.unit, words.lang) for value in count.values[:_MOST_VALUES]]
    return ", ".join(texts) + (", …" if len(count.values) > _MOST_VALUES else "")


# JSON


def order_json(reference: str, stories: Sequence[Story]) -> str:
    """The stories as JSON: instants in UTC, durations in seconds, null where something is unknown."""
    return json_text(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "reference": reference,
            "orders": [_story_json(story) for story in stories],
        }
    )


def _story_json(story: Story) -> dict[str, Any]:
    longest = story.longest_silence
    return {
        **{name: value for name, value in _record_json(story.head).items() if name not in _PSEUDONYMS},
        "timezone": story.timezone,
        "known_until": _plain(story.until),
        "calls": story.calls,
        "messages": story.messages,
        "other_contacts": story.visits,
        "late": any(parcel.late for parcel in story.parcels) and not story.head.cancelled,
        "late_s": None if story.late_s is None or story.head.cancelled else round(story.late_s),
        "longest_silence_s": None if longest is None else round(longest.seconds),
        "parcels": [_record_json(parcel) for parcel in story.parcels],
        "events": [_event_json(event) for event in story.events],
        "kpis": [_kpi_json(count) for count in story.kpis],
        "kpis_without_it": [_omission_json(omission) for omission in story.omissions],
    }


def _event_json(event: Event) -> dict[str, Any]:
    """An event with the record it is of: a parcel by its number, others whole."""
    subject, keys = event.subject, ("parcel_id", "contact", "notice", "survey", "gesture", "silence")
    document: dict[str, Any] = {"at": _plain(event.at), "kind": event.code, **dict.fromkeys(keys)}
    if isinstance(subject, Parcel):
        document["parcel_id"] = subject.parcel_id
    elif isinstance(subject, ContactRecord):
        document["contact"] = {**_record_json(subject), "exclusion": subject.exclusion}
    elif not isinstance(subject, Head):
        document[event.code.partition("_")[0]] = _record_json(subject)
    return document


def _record_json(record: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime(_INSTANT)
    return value.isoformat() if isinstance(value, date) else value


def _omission_json(omission: Omission) -> dict[str, Any]:
    return {
        "kpi": omission.kpi.id,
        "records": omission.records,
        "reasons": [
            {"code": reason.code, "term": reason.term or None, "count": count} for reason, count in omission.reasons
        ],
    }


def _kpi_json(count: KpiCount) -> dict[str, Any]:
    return {
        "kpi": count.kpi.id,
        "family": count.family.id,
        "month": f"{count.month:%Y-%m}",
        "open_at": _plain(count.open_at),
        "base": count.base,
        "hits": count.hits,
        "against": count.against,
        "values": list(count.values),
        "pending": count.pending,
        "judged_from": _plain(count.judged_from),
    }
