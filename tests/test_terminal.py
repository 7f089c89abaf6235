"""The terminal report: what it shows, what a narrow screen, a pipe or an ASCII terminal changes."""

import re
import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kpibar.config import Reporting, Settings, Thresholds
from kpibar.kpis.catalogue import Kpi, catalogue
from kpibar.kpis.estimates import Measure, Parts, Window
from kpibar.kpis.times import Shift
from kpibar.measure.figures import mask
from kpibar.measure.report import Barometer, Basis, Breakdown, Comparison, Edition, Note, Request, Row, Segment, Target
from kpibar.measure.verdicts import difference, judge_rows
from kpibar.render.clean import clean
from kpibar.render.numbers import LANGUAGES
from kpibar.render.terminal import Screen, render

KNOWN = catalogue(Settings())
REPORTING = Reporting()
ESC = "\x1b"
PIPE = Screen()
WIDTHS = (40, 60, 80, 100, 119, 120, 140, 200)
SHORTER = Shift(longer=0.39, p_value=1e-9)
TARGETS = {"late_share": 0.09, "csat": 0.85, "frt_median": 14_400.0}

# A small barometer, built with the dataclasses and the judgement of the real one


def share(kpi: Kpi, hits: float, base: float) -> Measure:
    return kpi.spec.estimate([Parts(base=base, hits=hits)], REPORTING.confidence, None)


def median(value: float, base: int, spread: float = 400) -> Measure:
    return Measure(value, None, float(base), value - spread, value + spread, base)


def segment(kpi: Kpi, key: str, now: Measure, before: Measure, shift: Shift | None = None) -> Segment:
    """A segment whose change is not judged yet."""
    now, before = mask(kpi, now, REPORTING), mask(kpi, before, REPORTING)
    change = difference(kpi.passport, now, before, REPORTING, shift)
    return Segment(key, now, before, change, "ok" if kpi.spec.shares and now.base else now.status)


def row(
    name: str, now: Measure, before: Measure, segments: tuple[Segment, ...] = (), by: str | None = None,
    shift: Shift | None = None,
) -> Row:  # fmt: skip
    """A KPI's row whose months are twelfths of its year, this year growing a little; judged alone with its segments."""
    kpi = KNOWN.get(name)
    whole = segment(kpi, name, now, before, shift)
    target = Target(TARGETS[name], "missed") if name in TARGETS else None
    made = Row(
        kpi.passport, whole.now, whole.before, Comparison(True), whole.change, target, whole.status,
        months(2025, now), months(2024, before),
        (Breakdown(kpi.over or by or "", segments),) if segments else (), (), (),
    )  # fmt: skip
    return judge_rows([made], REPORTING)[0]


def months(year: int, measure: Measure) -> tuple[tuple[date, Measure], ...]:
    return tuple((date(year, month, 1), scaled(measure, 1 + month / 50)) for month in range(1, 13))


def scaled(measure: Measure, factor: float) -> Measure:
    value, low, high = (None if end is None else end * factor for end in (measure.value, measure.low, measure.high))
    return replace(measure, value=value, low=low, high=high, base=measure.base // 12)


def absent(name: str, *missing: str) -> Row:
    return replace(row(name, Measure(), Measure()), status="not_available", missing=missing, series=())


def by_carrier(kpi: Kpi) -> tuple[Segment, ...]:
    return (
        segment(kpi, "Colissimo", share(kpi, 240, 3000), share(kpi, 420, 3000)),
        segment(kpi, "GLS", share(kpi, 300, 2000), share(kpi, 310, 2000)),
        segment(kpi, "?", share(kpi, 4, 12), share(kpi, 3, 40)),
    )


def channels(kpi: Kpi, keys: tuple[str, ...]) -> tuple[Segment, ...]:
    rate = replace(kpi, kind="rate")
    return tuple(segment(kpi, key, share(rate, 500 - i, 3000), share(rate, 400, 3000)) for i, key in enumerate(keys))


def example(by: str | None = None, **changed: object) -> Barometer:
    late, csat, mix = KNOWN.get("late_share"), KNOWN.get("csat"), KNOWN.get("channel_mix")
    rows = (
        row("late_share", share(late, 544, 5012), share(late, 733, 5040), by_carrier(late) if by else (), by),
        row("promise_unanswered", share(late, 3, 21), share(late, 30, 500), by=by),
        absent("slot_adherence", "parcels.promised_from", "parcels.first_attempt_at|parcels.attempts"),
        row("contacts", Measure(2980.0, 2980.0, base=2980), Measure(2906.0, 2906.0, base=2906), by=by),
        row("channel_mix", Measure(denominator=2980.0, base=2980), Measure(denominator=2906.0, base=2906),
            channels(mix, ("phone", "email", "web"))),
        row("frt_median", median(7320, 1096), median(9120, 1001), by=by, shift=SHORTER),
        row("csat", share(csat, 70, 98), share(csat, 300, 350), by=by),
    )  # fmt: skip
    made = Barometer(
        edition=Edition(2025, window(2025), window(2024), True, "Europe/Paris"),
        request=Request(by=(by,) if by else ()),
        brands=("Maison Bleue", "Petit Pas"),
        families=KNOWN.families,
        rows=rows,
        coverage=(),
        basis=Basis(REPORTING, Thresholds()),
        notes=(),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def window(year: int, month: int = 12, day: int = 31) -> Window:
    return Window(date(year, 1, 1), date(year, month, day))


def lines(made: Barometer, screen: Screen = PIPE, lang: str = "en") -> list[str]:
    return render(made, lang, screen).splitlines()


def line_of(made: Barometer, start: str, screen: Screen = PIPE, lang: str = "en") -> str:
    return next(line for line in lines(made, screen, lang) if line.startswith(start))


# What it shows


def test_the_report_on_a_pipe() -> None:
    assert render(example(), "en", PIPE) == (
        """\
Customer-relationship barometer 2025  2025-01-01 → 2025-12-31
Maison Bleue · Petit Pas
Worse than in 2024: Satisfied (CSAT) −14.3 pt to 71.4%
Better than in 2024: Late deliveries −3.7 pt to 10.9% · First reply (median) −30 min to 2 h 02
1 of too few records
Targets met: 0 of 3 · missed: First reply (median) 2 h 02 (4 h 00), Late deliveries 10.9% (9.0%), Satisfied (CSAT) 71.4% (85.0%)

KPI                           2025  95 % interval    2024        2025            2024      Change  Its interval    Verdict  Seen from  Target      Base n
Delivery promise
Late deliveries              10.9%  10.0–11.7%       ▄▅▅▅▅▆▆▆▇▇▇▇▁▁▁▁▁▂▂▂▂▂▃▃   14.5%   −3.7 pt ▼  −5.0 to −2.4    better              ✗ ≤ 9.0%     5,012
Promise expired, no parcel    n<30  –                                            6.0%           –  –               –                   –               21

Demand
Contacts received            2,980  –                ▁▁▂▂▃▃▄▄▅▆▆▇▁▂▂▃▄▄▅▅▆▆▇▇   2,906       +74 △  –               –                   –                –
Channel mix
  Phone                      16.7%  15.4–18.0%                                  13.3%   +3.3 pt ▲  +1.5 to +5.1    –                                3,000
  E-mail                     16.6%  15.3–18.0%                                  13.3%   +3.3 pt ▲  +1.5 to +5.1    –                                3,000
  Web form                   16.6%  15.3–18.0%                                  13.3%   +3.3 pt ▲  +1.5 to +5.1    –                                3,000

Reactivity
First reply (median)        2 h 02  1 h 55 – 2 h 09  ▄▄▅▅▅▆▆▆▇▇▇▇▁▁▁▁▂▂▂▂▃▃▃▃  2 h 32   −30 min ▼  −39 to −21 min  better              ✗ ≤ 4 h 00   1,096

Customer voice
Satisfied (CSAT)             71.4%  61.8–79.4%       ▄▄▄▅▅▅▆▆▆▇▇▇▁▁▁▁▂▂▂▃▃▃▃▄   85.7%  −14.3 pt ▼  −24.4 to −5.3   worse               ✗ ≥ 85.0%       98*

Not available: Time slot kept (needs parcels.promised_from, parcels.first_attempt_at or parcels.attempts)

better: a clear change, for the good and large enough to matter · worse: a clear change, for the bad and large enough to matter · what is large enough: `kpibar kpis ID`
▲▼ clear: of all changes marked so, 5 % at most are mere chance on average, however many figures are looked at · △▽ not clear, or not tested · interval: holds the true value in 95 of 100 cases, looked at alone, good and bad weeks allowed for
n<30: too few to show a figure · ✗ target missed · * base under 100 · – no figure or comparison, not tested, or neither direction is better

First reply (median): judged by all times, not by this one alone: of one case of 2025 and one of 2024 in the same channel, taken at random, that of 2025 is the shorter in 61 % of pairs (50 %: no difference)
"""  # noqa: E501
    )


def test_the_report_in_french_on_eighty_columns() -> None:
    assert render(example(), "fr", Screen(width=80)).replace("\u00a0", "~").replace("\u202f", "_") == (
        """\
Baromètre de la relation client 2025  2025-01-01 → 2025-12-31
Maison Bleue · Petit Pas
Pire qu’en 2024~: Satisfaits (CSAT) −14,3~pt, à 71,4~%
Mieux qu’en 2024~: Livraisons en retard −3,7~pt, à 10,9~% · 1re réponse
  (médiane) −30~min, à 2~h~02
Trop peu de données~: 1
Cibles atteintes~: 0 sur 3 · manquées~: 1re réponse (médiane) 2~h~02 (4~h~00),
  Livraisons en retard 10,9~% (9,0~%), Satisfaits (CSAT) 71,4~% (85,0~%)

Indicateur                    2025  Janv.–Déc.     Évolution  Verdict  Base n
Promesse de livraison
Livraisons en retard        10,9~%  ▁▂▂▃▃▄▄▅▅▆▆▇   −3,7~pt ▼  mieux     5_012
Promesse échue, sans colis    n<30                         –  –            21

Demande
Contacts reçus               2_980  ▁▁▂▂▃▄▄▅▆▆▇▇       +74 △  –             –
Répartition par canal
  Téléphone                 16,7~%                 +3,3~pt ▲  –         3_000
  E-mail                    16,6~%                 +3,3~pt ▲  –         3_000
  Formulaire web            16,6~%                 +3,3~pt ▲  –         3_000

Réactivité
1re réponse (médiane)       2~h~02  ▁▁▂▂▃▄▄▅▆▆▇▇   −30~min ▼  mieux     1_096

Voix du client
Satisfaits (CSAT)           71,4~%  ▂▃▃▃▄▄▄▄▅▅▅▆  −14,3~pt ▼  pire         98*

Non disponible~: Créneau respecté (il manque parcels.promised_from,
  parcels.first_attempt_at ou parcels.attempts)

mieux~: écart net, favorable et assez grand pour compter · pire~: écart net,
  défavorable et assez grand pour compter · ce qui est assez grand~: `kpibar
  kpis ID`
▲▼ écart net~: parmi tous les écarts ainsi marqués, 5~% au plus sont dus au seul
  hasard, en moyenne, quel que soit le nombre de chiffres regardés · △▽ écart
  qui n’est pas net, ou non testé
n<30~: base trop faible pour un chiffre · * base inférieure à 100 · – pas de
  chiffre ni de comparaison, non testé, ou aucun sens n’est meilleur

1re réponse (médiane)~: jugée sur tous les délais, et non sur celui-ci seul~: de
  deux cas du même canal pris au hasard, l’un de 2025 et l’autre de 2024, celui
  de 2025 est le plus court dans 61~% des paires (50~%~: aucune différence)
"""
    )


def test_a_dimension_gives_one_table_a_kpi_with_intervals_on_one_scale() -> None:
    assert render(example("carrier"), "en", Screen(width=140)) == (
        """\
Customer-relationship barometer 2025  2025-01-01 → 2025-12-31
Maison Bleue · Petit Pas

KPI         2025  95 % interval  ┊ total                    2024     Change  Its interval  Verdict      Seen from  Base n
Late deliveries — Carrier        7.1% … 16.6%
Total      10.9%  10.0–11.7%            ──●──              14.5%  −3.7 pt ▼  −5.0 to −2.4  better                   5,012
Colissimo   8.0%  7.1–9.0%       ──●───   ┊                14.0%  −6.0 pt ▼  −7.6 to −4.4  better                   3,000
GLS        15.0%  13.5–16.6%              ┊     ────●────  15.5%  −0.5 pt ▽  −2.7 to +1.7  cannot tell    ±3.2 pt   2,000
unknown     n<30  –                       ┊                 7.5%          –  –             –                           12

Not available: Time slot kept (needs parcels.promised_from, parcels.first_attempt_at or parcels.attempts)
Carrier: no breakdown of Promise expired, no parcel · Contacts received · Channel mix · First reply (median) · Satisfied (CSAT)

better: a clear change, for the good and large enough to matter · cannot tell: among so many figures chance alone may show as much, and a
  real change is not ruled out · what is large enough: `kpibar kpis ID`
▲▼ clear: of all changes marked so, 5 % at most are mere chance on average, however many figures are looked at · △▽ not clear, or not tested
  · interval: holds the true value in 95 of 100 cases, looked at alone, good and bad weeks allowed for · seen from: a true change of this
  size would be seen four times in five if this were the only figure; among many it must be larger
n<30: too few to show a figure · – no figure or comparison, not tested, or neither direction is better
"""  # noqa: E501
    )


def test_by_month_shows_each_month_beside_that_of_the_year_before() -> None:
    made = example("month")
    assert lines(made)[4:7] == [
        "Late deliveries — Month             10.0% … 14.6%",
        "Total       10.9%  10.0–11.7%       ────●─────                 14.5%   5,012",
        "January     11.1%  10.2–12.0%        ────●─────                14.8%     417",
    ]
    assert "Month: no breakdown of Channel mix" in lines(made)


def test_a_month_with_rows_too_young_to_count_is_provisional() -> None:
    made = example("month")
    late = made.rows[0]
    young = (*late.series[:-1], (date(2025, 12, 1), replace(late.series[-1][1], immature=4)))
    text = render(replace(made, rows=(replace(late, series=young),)), "en", PIPE)
    assert "\nDecember (provisional) " in text and "\nNovember  " in text
    assert "provisional: some rows of the month are still too young to count" in text


def test_too_small_a_base_hides_the_figure_and_shows_the_base() -> None:
    line = line_of(example(), "Promise expired")
    assert "n<30" in line and line.endswith("21") and "14.3%" not in line


def test_the_legend_explains_only_the_marks_shown() -> None:
    made = example()
    sound = replace(made, rows=(made.rows[0],))
    assert (
        "n<30: too few to show a figure · ✗ target missed · * base under 100 · "
        "– no figure or comparison, not tested, or neither direction is better"
    ) in lines(made)
    text = render(sound, "en", PIPE)
    assert "better: " in text and "▲▼ clear" in text and "✗ target missed" in text
    for mark in (
        "n<30",
        "* base",
        "△▽",
        "= no change",
        "worse: ",
        "cannot tell: ",
        "seen from: ",
        "✓ target met",
        "– no",
    ):
        assert mark not in text, mark
    first = replace(made.rows[0], before=Measure(), change=None)
    assert "▲" not in render(replace(made, rows=(first,)), "en", PIPE)


def test_a_mix_shows_its_eight_largest_shares_and_a_pipe_all() -> None:
    made, mix = example(), KNOWN.get("channel_mix")
    keys = ("phone", "email", "chat", "messaging", "social", "web", "sms", "post", "store", "other")
    breakdown = Breakdown("channel", channels(mix, keys))
    wide = replace(made, rows=(replace(made.rows[4], breakdowns=(breakdown,)),))
    on_screen = lines(wide, Screen(width=100))
    title = next(place for place, line in enumerate(on_screen) if line == "Channel mix")
    assert [line.split("  ")[1] for line in on_screen[title + 8 : title + 10]] == ["Post", "and 2 more"]
    assert line_of(wide, "  Other") and "more" not in render(wide, "en", PIPE)


def test_what_cannot_be_computed_is_listed_with_its_reason_and_never_as_a_row() -> None:
    made = replace(example(), rows=(absent("slot_adherence", "parcels.promised_from|x.y"), absent("nps")))
    text = render(made, "fr", PIPE)
    assert "Non disponible\u00a0: Créneau respecté (il manque parcels.promised_from ou x.y)\n" in text
    assert "Non disponible\u00a0: NPS (Net Promoter Score) (rien à compter en 2025)\n" in text
    assert "Indicateur" not in text and "Promesse" not in text


def test_a_partial_year_says_so_beside_its_dates() -> None:
    edition = Edition(2025, window(2025, 10, 17), window(2024, 10, 17), False, "Europe/Paris")
    notes = (Note("partial_year", {"year": 2025, "end": "2025-10-17"}, "warning"), Note("newer_year", {"year": 2026}))
    made = replace(example(), edition=edition, notes=notes)
    assert lines(made)[0] == (
        "Customer-relationship barometer 2025  2025-01-01 → 2025-10-17  "
        "partial, to 17 October: compared with the same days of 2024"
    )
    assert lines(made, Screen(width=80))[2] == "partial, to 17 October: compared with the same days of 2024"
    assert lines(made)[-3:-1] == [
        "2025 is partial: the exports are complete up to 17 October; "
        "if they were taken later, state the date with --as-of",
        "2026 has data but has barely begun: ask for it with --year 2026",
    ]


def test_a_partial_year_leaves_the_months_to_come_empty() -> None:
    made = example()
    late = replace(made.rows[0], series=made.rows[0].series[:9])
    line = line_of(replace(made, rows=(late,)), "Late deliveries", Screen(width=80))
    assert re.search(r"  [▁-▇]{9}     14\.5%  −3\.7 pt", line)


def test_notes_shared_by_several_kpis_are_one_line() -> None:
    young = Note("immature", {"rows": 1213, "days": 7})
    gap = Note("previous_incomplete", {"year": 2024, "seen": 6, "months": 12}, "warning")
    made = example()
    noted = (replace(made.rows[0], notes=(young, gap)), replace(made.rows[6], notes=(gap, young)))
    assert lines(replace(made, rows=noted))[-2:] == [
        "Too recent to judge (under 7 days): Late deliveries 1,213 · Satisfied (CSAT) 1,213",
        "No comparison, 6 of 12 months of 2024 have data: Late deliveries · Satisfied (CSAT)",
    ]


def test_a_change_that_rounds_to_nothing_has_no_direction() -> None:
    late = KNOWN.get("late_share")
    same = replace(example(), rows=(row("late_share", share(late, 1000, 9999), share(late, 1000, 10_000)),))
    assert "  0.0 pt =  −0.8 to +0.8  stable  " in line_of(same, "Late deliveries")
    assert "= no change once rounded" in render(same, "en", PIPE)


# Verdicts in words


def undecided() -> Barometer:
    """The example with a share of which nothing can be told, one that is stable and one that is clear but small."""
    late, answered = KNOWN.get("late_share"), KNOWN.get("answer_rate")
    others = (
        row("promise_unanswered", share(late, 60, 500), share(late, 50, 500)),
        row("first_attempt", share(answered, 9_700, 10_000), share(answered, 9_698, 10_000)),
        row("reply_within", share(answered, 8_180, 10_000), share(answered, 8_000, 10_000)),
    )
    made = example()
    return replace(made, rows=(*made.rows, *others))


VERDICTS = {
    "en": ("better", "worse", "stable", "small", "cannot tell"),
    "fr": ("mieux", "pire", "stable", "minime", "indécis"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_verdict_is_a_word_that_the_legend_explains(lang: str) -> None:
    for width in (80, 100, 140, None):
        text = render(undecided(), lang, Screen(width=width)).replace("\n  ", " ").replace("\u00a0", " ")
        table, _, legend = text.partition({"en": "Not available", "fr": "Non disponible"}[lang])
        for word in VERDICTS[lang]:
            assert f" {word} " in table, (width, word)
            assert re.search(rf"(\n|· ){word} ?: ", legend), (width, word)


def test_the_change_has_its_interval_and_what_cannot_be_told_the_size_seen() -> None:
    made = undecided()
    assert "  −30 min ▼  −39 to −21 min  " in line_of(made, "First reply")
    (wide,) = (line for line in lines(made, Screen(width=140)) if line.startswith("Promise expired") and "±" in line)
    assert re.search(r"  \+2\.0 pt △  −1\.9 to \+5\.9 +cannot tell +±5\.6 pt  –  +500$", wide)
    narrow = [line for line in lines(made, Screen(width=80)) if line.startswith("Promise expired")][-1]
    assert "±" not in narrow and "cannot tell" in narrow


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_statistician_is_named_and_nothing_is_left_unfilled(lang: str) -> None:
    for by in (None, "carrier", "month"):
        text = render(example(by), lang, PIPE)
        assert not re.search(r"Benjamini|Wilson|Newcombe|Mann|Kaplan|[{}]", text)


def test_the_first_lines_name_what_is_worse_and_better_and_count_the_rest() -> None:
    found = lines(undecided())
    assert found[2] == "Worse than in 2024: Satisfied (CSAT) −14.3 pt to 71.4%"
    assert found[3].startswith("Better than in 2024: Late deliveries −3.7 pt to 10.9% · First reply (median) −")
    assert found[4] == "6 figures compared: 1 stable · 1 small · 1 cannot tell · 1 of too few records"
    french = lines(undecided(), lang="fr")
    assert french[4].replace("\u00a0", " ") == (
        "6 chiffres comparés : stable : 1 · minime : 1 · indécis : 1 · trop peu de données : 1"
    )
    for by in ("carrier", "month"):
        assert lines(example(by))[2] == "", "a page of one dimension counts nothing"
    single = replace(example(), rows=example().rows[:1])
    assert lines(single)[2] == "", "nor does one of a single KPI"


def test_a_sentence_names_three_kpis_the_headlines_first_and_counts_the_others() -> None:
    made = example()
    late = made.rows[0]
    many = tuple(
        replace(late, kpi=replace(late.kpi, id=f"k{n}", title={"en": f"Late deliveries {n}"}, headline=n == 8))
        for n in range(9)
    )
    found = lines(replace(made, rows=many))
    changes = " · ".join(f"Late deliveries {n} −3.7 pt to 10.9%" for n in (8, 0, 1))
    assert found[2] == f"Better than in 2024: {changes} · 6 more"


def test_a_median_that_moves_by_the_mix_of_channels_says_so() -> None:
    """Its interval leaves out 0, and the times of each channel are alike."""
    moved = row("frt_median", median(12_000, 1096), median(9_120, 1001), shift=Shift(0.5, 0.9))
    assert moved.change and moved.change.low and moved.change.low > 0 and moved.change.verdict == "cannot_tell"
    made = replace(example(), rows=(moved,))
    assert lines(made)[-1].startswith("First reply (median): no clear change within the channels")
    assert lines(made, lang="fr")[-1].startswith("1re réponse (médiane)\u00a0: pas d’écart net au sein de chaque canal")
    against = row("frt_median", median(12_000, 1096), median(9_120, 1001), shift=Shift(0.4, 1e-9))
    assert against.change and against.change.verdict == "cannot_tell"
    made = replace(example(), rows=(against,))
    assert lines(made)[-1].startswith("First reply (median): within the channels times moved the other way")


@pytest.mark.parametrize(
    ("longer", "now", "words"),
    [
        (0.39, 7320, "the shorter in 61 % of pairs (50 %: no difference)"),
        (0.58, 10_920, "the longer in 58 % of pairs (50 %: no difference)"),
    ],
)
def test_a_verdict_on_times_says_what_it_rests_on(longer: float, now: float, words: str) -> None:
    """The interval of the medians holds 0, and yet all times together have clearly moved."""
    moved = row("frt_median", median(now, 1096, 4000), median(9120, 1001, 4000), shift=Shift(longer, 1e-9))
    assert moved.change and moved.change.low and moved.change.high and moved.change.low < 0 < moved.change.high
    made = replace(example(), rows=(moved,))
    assert lines(made)[-1].startswith("First reply (median): judged by all times") and lines(made)[-1].endswith(words)
    french = lines(made, lang="fr")[-1]
    assert french.startswith("1re réponse (médiane)\u00a0: jugée sur tous les délais")
    unsure = row("frt_median", median(now, 1096, 4000), median(9120, 1001, 4000), shift=Shift(longer, 0.4))
    assert "judged by all times" not in render(replace(made, rows=(unsure,)), "en", PIPE)
    elsewhere = replace(made, request=Request(by=("carrier",)))
    assert "judged by all times" not in render(elsewhere, "en", PIPE), "the page does not show it"


def test_a_segment_whose_interval_holds_no_change_says_what_its_verdict_rests_on() -> None:
    kpi = KNOWN.get("frt_median")
    parts = tuple(
        segment(kpi, key, median(7320, 900, spread), median(9120, 900, spread), Shift(0.4, 1e-9))
        for key, spread in (("email", 4000), ("web", 400))
    )
    made = row("frt_median", median(9000, 1800), median(9120, 1800), parts, "channel", Shift(0.49, 0.6))
    text = render(replace(example("channel"), rows=(made,)), "en", PIPE)
    assert "\nFirst reply (median), E-mail: judged by all times" in text and ", Web form" not in text


def test_what_stands_most_often_is_the_quietest_and_better_and_worse_are_the_loudest() -> None:
    text = render(undecided(), "en", Screen(width=140, colour=True, has_styles=True))
    looks = {word: re.findall(rf"\x1b\[([0-9;]*)m{word} *\x1b", text) for word in VERDICTS["en"]}
    assert {word: set(codes) for word, codes in looks.items()} == {
        "better": {"1;32"}, "worse": {"1;31"}, "stable": {"2"}, "small": set(), "cannot tell": {"2"},
    }  # fmt: skip


def test_an_arrow_is_filled_only_where_the_change_is_clear() -> None:
    for made in (undecided(), example("carrier")):
        for found in made.rows:
            for change in (found.change, *(part.change for part in found.segments)):
                if change and change.p_adjusted is not None:
                    assert change.clear == (change.p_adjusted < 0.05)
    assert "▲" in line_of(undecided(), "Replies within") and "△" in line_of(undecided(), "Contacts received")


# Widths, pipes, colours, alphabets


@pytest.mark.sample(2)
@pytest.mark.parametrize("by", [None, "carrier", "month"])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_screen_or_ends_in_spaces(by: str | None, lang: str, unicode: bool) -> None:
    for width in WIDTHS:
        for line in lines(example(by), Screen(width=width, unicode=unicode), lang):
            assert cell_len(line) <= width, (width, line)
            assert line == line.rstrip()


@pytest.mark.long
def test_a_narrow_screen_drops_columns_in_their_order_and_no_other() -> None:
    order = ["95 % interval", "Seen from", "Its interval", "Target", "2024", "Jan–Dec", "Base n", "Verdict"]
    dropped = []
    for width in range(131, 44, -1):
        head = line_of(undecided(), "KPI", Screen(width=width))
        gone = [name for name in order if name not in head]
        assert gone == order[: len(gone)], (width, head)
        assert "2025" in head and "Change" in head
        dropped.append(len(gone))
    assert dropped == sorted(dropped) and dropped[-1] == len(order)


def test_twenty_four_months_where_the_interval_of_the_change_has_room_too() -> None:
    made = undecided()
    assert "2024        2025" in line_of(made, "KPI", Screen(width=145))
    for width in (131, 140):
        head = line_of(made, "KPI", Screen(width=width))
        assert "Jan–Dec" in head and "Its interval" in head and "Seen from" in head and "Target" in head
    settled = replace(made, rows=made.rows[:1])
    assert "2024        2025" in line_of(settled, "KPI", Screen(width=126))
    assert "Jan–Dec" in line_of(settled, "KPI", Screen(width=119))


def test_a_pipe_has_every_column_and_wraps_nothing() -> None:
    brands = tuple(f"Brand {number}" for number in range(60))
    made = replace(example(), brands=brands, rows=tuple(replace(row, target=None) for row in example().rows))
    assert lines(made)[1] == " · ".join(brands)
    for name in ("95 % interval", "2024        2025", "Change", "Its interval", "Verdict", "Seen from", "Base n"):
        assert name in line_of(made, "KPI")
    assert "Target" not in line_of(made, "KPI", Screen(width=200))


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "NO_COLOR", "COLUMNS", "TTY_COMPATIBLE"])
def test_the_environment_changes_nothing(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    screens = (PIPE, Screen(width=100, colour=True, has_styles=True))
    before = [render(example(), "en", screen) for screen in screens]
    monkeypatch.setenv(variable, "40")
    monkeypatch.setenv("TERM", "dumb")
    assert [render(example(), "en", screen) for screen in screens] == before


def test_colour_and_styles_are_each_as_the_screen_allows() -> None:
    def codes(screen: Screen) -> set[str]:
        return set(re.findall(r"\x1b\[([0-9;]*)m", render(example(), "en", screen))) - {"0"}

    assert codes(Screen(width=100)) == set()
    assert codes(Screen(width=100, has_styles=True)) == {"1", "2"}
    assert codes(Screen(width=100, colour=True)) == {"31", "32", "36"}
    styled = Screen(width=100, colour=True, has_styles=True)
    assert codes(styled) == {"1", "2", "31", "36", "1;31", "1;32"}
    assert codes(replace(styled, palette="cvd")) == {"1", "2", "33", "36", "1;33", "1;94"}


def test_colour_and_styles_never_change_the_words() -> None:
    for width in WIDTHS:
        plain = render(example(), "fr", Screen(width=width))
        styled = render(example(), "fr", Screen(width=width, colour=True, has_styles=True))
        assert [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", styled).splitlines()] == plain.splitlines()


@pytest.mark.parametrize("by", [None, "carrier", "month"])
def test_an_ascii_terminal_gets_ascii(by: str | None) -> None:
    text = render(example(by), "en", Screen(width=120, unicode=False))
    assert text.isascii()
    if by is None:
        assert "-3.7 pt v" in text and "x <= 9.0%" in text and "__" in text


# Hostile names


@pytest.mark.parametrize("name", ["[/]", "[bold red]Brand[/]", ":smile:", "{year}", "100%", "=1+1"])
def test_a_name_prints_as_it_is(name: str) -> None:
    made = replace(example("carrier"), brands=(name,))
    late = made.rows[0]
    named = replace(late.segments[0], key=name)
    made = replace(made, rows=(replace(late, breakdowns=(Breakdown("carrier", (named,)),)),))
    assert lines(made)[1] == name
    assert line_of(made, name + "  ").split()[-1] == "3,000"


def test_a_name_cannot_move_the_cursor_or_reverse_the_line() -> None:
    hostile = f"A{ESC}[2J{ESC}]0;title\x07\u202eB\u2066C\u200bD\x9bE\r\nF"
    made = replace(example("carrier"), brands=(hostile,))
    late = made.rows[0]
    kpi = replace(late.kpi, title={"en": hostile})
    part = replace(late.segments[0], key=hostile)
    made = replace(made, rows=(replace(late, kpi=kpi, breakdowns=(Breakdown("carrier", (part,)),)),))
    for screen in (PIPE, Screen(width=100)):
        text = render(made, "fr", screen)
        assert not [mark for mark in text if unicodedata.category(mark) in ("Cc", "Cf") and mark != "\n"]
        assert text.splitlines()[1] == "A[2J]0;titleBCDE  F"


@given(st.text())
def test_clean_text_has_nothing_a_terminal_obeys_or_hides(text: str) -> None:
    made = clean(text)
    assert not {unicodedata.category(mark) for mark in made} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert clean(made) == made


def test_wide_letters_are_measured_in_cells() -> None:
    made = example("carrier")
    late = made.rows[0]
    part = replace(late.segments[0], key="宅配便" * 30)
    made = replace(made, rows=(replace(late, breakdowns=(Breakdown("carrier", (part,)),)),))
    assert all(cell_len(line) <= 80 for line in lines(made, Screen(width=80)))
