import random
import re
from decimal import Decimal

import numpy as np
import pytest
from babel.numbers import format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from kpibar.render.numbers import (
    LANGUAGES,
    UNITS,
    ascii_only,
    format_change,
    format_change_interval,
    format_extent,
    format_interval,
    format_number,
    format_value,
)

LOCALES = {"en": "en_US", "fr": "fr_FR"}
THIN, SPACE, MINUS = "\u202f", "\u00a0", "\u2212"
languages = st.sampled_from(LANGUAGES)
finite = st.floats(allow_nan=False, allow_infinity=False)


def pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def typographic(text: str) -> str:
    """Babel's text with a true minus, and none before what rounds to zero: our two differences of intent."""
    return text.replace("-", MINUS if re.search("[1-9]", text) else "")


def babel_number(value: float, decimals: int, lang: str) -> str:
    return typographic(format_decimal(value, format=pattern(decimals), locale=LOCALES[lang]))


def babel_percent(share: float, lang: str) -> str:
    percent = "#,##0.0%" if lang == "en" else f"#,##0.0{SPACE}%"
    return typographic(format_percent(share, format=percent, locale=LOCALES[lang]))


# Against Babel


@pytest.mark.long
def test_random_numbers_agree_with_babel() -> None:
    draw = random.Random(1)
    for _ in range(40_000):
        value = draw.choice((-1, 1)) * 10 ** draw.uniform(-5, 9)
        decimals, lang = draw.randint(0, 3), draw.choice(LANGUAGES)
        assert format_number(value, decimals, lang) == babel_number(value, decimals, lang)


def test_ties_agree_with_babel() -> None:
    for thousandths in range(-2_005, 2_006, 5):
        for decimals in range(3):
            for lang in LANGUAGES:
                value = thousandths / 1_000
                assert format_number(value, decimals, lang) == babel_number(value, decimals, lang)


def test_random_shares_agree_with_babel() -> None:
    draw = random.Random(2)
    for i in range(10_000):
        share, lang = draw.random() if i % 2 else draw.randint(0, 20_000) / 20_000, draw.choice(LANGUAGES)
        assert format_value(share, "share", lang) == babel_percent(share, lang)


@given(st.floats(-1e15, 1e15) | st.integers(-(10**15), 10**15), st.integers(0, 6), languages)
def test_any_number_agrees_with_babel(value: float, decimals: int, lang: str) -> None:
    assert format_number(value, decimals, lang) == babel_number(value, decimals, lang)


@given(finite, st.integers(0, 4), languages)
def test_a_number_reads_back_within_half_a_unit(value: float, decimals: int, lang: str) -> None:
    text = format_number(value, decimals, lang)
    plain = text.replace(MINUS, "-").replace("," if lang == "en" else THIN, "").replace(",", ".")
    exact = Decimal(str(value))
    assert abs(Decimal(plain) - exact) <= Decimal("0.5").scaleb(-decimals) + abs(exact).scaleb(-27)


# One rounding rule: half to even, on the shortest decimal form


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (2.5, 0, "2"),
        (3.5, 0, "4"),
        (0.125, 2, "0.12"),
        (0.375, 2, "0.38"),
        (0.25, 1, "0.2"),
        (0.35, 1, "0.4"),
        (2.675, 2, "2.68"),
        (1.005, 2, "1.00"),
        (-2.5, 0, "−2"),
    ],
)
def test_ties_go_to_the_even_digit(value: float, decimals: int, text: str) -> None:
    assert format_number(value, decimals, "en") == text


def test_every_unit_rounds_half_to_even() -> None:
    assert [format_value(v, "share", "en") for v in (0.0985, 0.0995, 0.2855)] == ["9.8%", "10.0%", "28.6%"]
    assert [format_value(v, "per_100", "en") for v in (0.0685, 0.0675)] == ["6.8", "6.8"]
    assert [format_value(v, "score", "en") for v in (3.405, 3.415)] == ["3.40", "3.42"]
    assert [format_value(v, "points", "en") for v in (30.5, 31.5)] == ["+30", "+32"]
    assert [format_value(v, "count", "en") for v in (2.5, 3.5)] == ["2", "4"]
    assert [format_value(v, "seconds", "en") for v in (0.25, 0.35)] == ["0.2 s", "0.4 s"]
    assert [format_value(v, "seconds", "en") for v in (12.5 * 60, 13.5 * 60)] == ["12 min", "14 min"]
    assert [format_value(v * 60, "seconds", "en") for v in (222.5, 223.5)] == ["3 h 42", "3 h 44"]
    assert [format_value(v * 86_400, "seconds", "en") for v in (5.25, 5.75)] == ["5.2 d", "5.8 d"]
    assert [format_change(v, "share", "en") for v in (-0.0245, 0.0255)] == ["−2.4 pt", "+2.6 pt"]
    assert [format_change(v, "points", "en") for v in (1.25, 1.35)] == ["+1.2", "+1.4"]


@given(st.floats(0, 1), languages)
def test_a_share_a_ratio_and_their_changes_round_alike(value: float, lang: str) -> None:
    figure = format_value(value, "per_100", lang)
    assert format_value(value, "share", lang).rstrip(f"{SPACE}%") == figure
    assert format_change(value, "per_100", lang).removeprefix("+") == figure
    assert format_change(-value, "per_100", lang).removeprefix(MINUS) == figure


# Values


@pytest.mark.parametrize(
    ("value", "unit", "english", "french"),
    [
        (0.099, "share", "9.9%", f"9,9{SPACE}%"),
        (1.0, "share", "100.0%", f"100,0{SPACE}%"),
        (0.068, "per_100", "6.8", "6,8"),
        (67.5, "seconds", "67.5 s", f"67,5{SPACE}s"),
        (720, "seconds", "12 min", f"12{SPACE}min"),
        (13_320, "seconds", "3 h 42", f"3{SPACE}h{SPACE}42"),
        (7_500, "seconds", "2 h 05", f"2{SPACE}h{SPACE}05"),
        (466_560, "seconds", "5.4 d", f"5,4{SPACE}j"),
        (0, "seconds", "0.0 s", f"0,0{SPACE}s"),
        (31, "points", "+31", "+31"),
        (-4, "points", f"{MINUS}4", f"{MINUS}4"),
        (-0.4, "points", "0", "0"),
        (182_399, "count", "182,399", f"182{THIN}399"),
        (3.4, "score", "3.40", "3,40"),
        (None, "share", "–", "–"),
    ],
)
def test_values(value: float | None, unit: str, english: str, french: str) -> None:
    assert (format_value(value, unit, "en"), format_value(value, unit, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (99.94, "99.9 s"),
        (99.96, "2 min"),
        (100, "2 min"),
        (59.4 * 60, "59 min"),
        (59.6 * 60, "1 h 00"),
        (3_600, "1 h 00"),
        (3_600 * 47.99, "47 h 59"),
        (3_600 * 48 - 20, "2.0 d"),
        (3_600 * 48, "2.0 d"),
        (86_400 * 1_234.5, "1,234.5 d"),
    ],
)
def test_a_duration_changes_unit_on_its_rounded_figure(seconds: float, text: str) -> None:
    assert format_value(seconds, "seconds", "en") == text


@given(st.floats(0, 1e10), languages)
def test_a_duration_reads_back_within_its_rounding(seconds: float, lang: str) -> None:
    text = format_value(seconds, "seconds", lang).replace("," if lang == "en" else THIN, "")
    text = ascii_only(text.replace(",", "."))
    if match := re.fullmatch(r"(\d+) h (\d\d)", text):
        assert int(match[2]) < 60
        assert int(match[1]) * 3_600 + int(match[2]) * 60 == pytest.approx(seconds, abs=30.01)
        return
    number, unit = text.split(" ")
    scale, step = {"s": (1, 0.1), "min": (60, 1), "d": (86_400, 0.1), "j": (86_400, 0.1)}[unit]
    assert float(number) * scale == pytest.approx(seconds, abs=0.501 * step * scale)


# Intervals


@pytest.mark.parametrize(
    ("low", "high", "unit", "english", "french"),
    [
        (0.098, 0.101, "share", "9.8–10.1%", f"9,8–10,1{SPACE}%"),
        (0.067, 0.069, "per_100", "6.7–6.9", "6,7–6,9"),
        (62.1, 67.5, "seconds", "62.1–67.5 s", f"62,1–67,5{SPACE}s"),
        (600, 720, "seconds", "10–12 min", f"10–12{SPACE}min"),
        (13_020, 13_680, "seconds", "3 h 37 – 3 h 48", f"3{SPACE}h{SPACE}37 – 3{SPACE}h{SPACE}48"),
        (3_300, 4_200, "seconds", "55 min – 1 h 10", f"55{SPACE}min – 1{SPACE}h{SPACE}10"),
        (172_000, 180_000, "seconds", "47 h 47 – 2.1 d", f"47{SPACE}h{SPACE}47 – 2,1{SPACE}j"),
        (29, 34, "points", "+29 – +34", "+29 – +34"),
        (-3, 2, "points", f"{MINUS}3 – +2", f"{MINUS}3 – +2"),
        (0, 2, "points", "0 – +2", "0 – +2"),
        (-0.01, 0.02, "share", f"{MINUS}1.0 – 2.0%", f"{MINUS}1,0 – 2,0{SPACE}%"),
        (1_200, 1_310, "count", "1,200–1,310", f"1{THIN}200–1{THIN}310"),
        (3.38, 3.42, "score", "3.38–3.42", "3,38–3,42"),
        (None, 0.2, "share", "–", "–"),
        (0.1, None, "share", "–", "–"),
    ],
)
def test_intervals(low: float | None, high: float | None, unit: str, english: str, french: str) -> None:
    assert [format_interval(low, high, unit, lang) for lang in LANGUAGES] == [english, french]


@given(st.floats(0, 1), st.floats(0, 1), languages)
def test_an_interval_is_its_two_values_with_the_unit_once(low: float, high: float, lang: str) -> None:
    text = format_interval(low, high, "share", lang)
    left, right = text.split("–")
    assert text.count("%") == 1
    assert right == format_value(high, "share", lang)
    assert left == format_value(low, "share", lang).rstrip(f"{SPACE}%")


# Changes


@pytest.mark.parametrize(
    ("delta", "unit", "english", "french"),
    [
        (-0.025, "share", f"{MINUS}2.5 pt", f"{MINUS}2,5{SPACE}pt"),
        (0.03, "share", "+3.0 pt", f"+3,0{SPACE}pt"),
        (-0.0004, "share", "0.0 pt", f"0,0{SPACE}pt"),
        (-0.01, "per_100", f"{MINUS}1.0", f"{MINUS}1,0"),
        (12, "seconds", "+12.0 s", f"+12,0{SPACE}s"),
        (-3_660, "seconds", f"{MINUS}61 min", f"{MINUS}61{SPACE}min"),
        (5_940, "seconds", "+99 min", f"+99{SPACE}min"),
        (-7_500, "seconds", f"{MINUS}2 h 05", f"{MINUS}2{SPACE}h{SPACE}05"),
        (259_200, "seconds", "+3.0 d", f"+3,0{SPACE}j"),
        (0, "seconds", "0.0 s", f"0,0{SPACE}s"),
        (1.2, "points", "+1.2", "+1,2"),
        (1_234, "count", "+1,234", f"+1{THIN}234"),
        (-0.07, "score", f"{MINUS}0.07", f"{MINUS}0,07"),
        (None, "count", "–", "–"),
    ],
)
def test_changes(delta: float | None, unit: str, english: str, french: str) -> None:
    assert (format_change(delta, unit, "en"), format_change(delta, unit, "fr")) == (english, french)


@given(finite, st.sampled_from(UNITS), languages)
def test_a_sign_stands_before_a_change_unless_it_rounds_to_zero(delta: float, unit: str, lang: str) -> None:
    text = format_change(delta, unit, lang)
    assert "-" not in text
    if re.search("[1-9]", text):
        assert text[0] == ("+" if delta > 0 else MINUS)
    else:
        assert text[0] == "0"


@given(finite, st.sampled_from(UNITS), languages)
def test_opposite_changes_differ_by_their_sign_only(delta: float, unit: str, lang: str) -> None:
    rise, fall = format_change(delta, unit, lang), format_change(-delta, unit, lang)
    assert rise.lstrip(f"+{MINUS}") == fall.lstrip(f"+{MINUS}")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("unit", UNITS)
def test_no_zero_has_a_sign(unit: str, lang: str) -> None:
    for zero in (0, 0.0, -0.0, -1e-9, 1e-9):
        texts = format_value(zero, unit, lang), format_change(zero, unit, lang)
        assert [text[0] for text in texts] == ["0", "0"]


# Terminals, types and mistakes


def test_ascii_only_maps_the_marks_and_leaves_letters() -> None:
    text = f"l’écart – {format_change(-12345, 'count', 'fr')} à {format_value(0.099, 'share', 'fr')}"
    assert ascii_only(text) == "l'écart - -12 345 à 9,9 %"


@given(finite, finite, st.sampled_from(UNITS), languages)
def test_every_text_can_be_printed_in_ascii(low: float, high: float, unit: str, lang: str) -> None:
    texts = (
        format_value(low, unit, lang),
        format_interval(low, high, unit, lang),
        format_change(high, unit, lang),
        format_value(None, unit, lang),
    )
    assert all(ascii_only(text).isascii() for text in texts)


def test_numbers_from_arrays_print_like_floats() -> None:
    assert format_value(np.float64(0.099), "share", "en") == "9.9%"
    assert format_number(float("1e300"), 0, "en").startswith("1,000,000")


def test_mistakes_name_what_was_expected() -> None:
    with pytest.raises(ValueError, match="unknown unit 'days': expected one of share, per_100"):
        format_value(1, "days", "en")
    with pytest.raises(ValueError, match="unknown unit 'days'"):
        format_change(1, "days", "en")
    for call in (format_value, format_change):
        with pytest.raises(ValueError, match="unknown language 'de': expected one of en, fr"):
            call(1, "share", "de")
    with pytest.raises(ValueError, match="unknown language"):
        format_number(1, 0, "EN")
    for value in (float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValueError, match="not a finite number"):
            format_value(value, "count", "en")


@pytest.mark.parametrize(
    ("low", "high", "unit", "english", "french"),
    [
        (-0.049, -0.018, "share", "−4.9 to −1.8", "−4,9 à −1,8"),
        (-0.077, 0.004, "per_100", "−7.7 to +0.4", "−7,7 à +0,4"),
        (-10.6, 15.8, "points", "−10.6 to +15.8", "−10,6 à +15,8"),
        (-1234, 0, "count", "−1,234 to 0", "−1\u202f234 à 0"),
        (-5.2, 1.4, "seconds", "−5.2 to +1.4 s", "−5,2 à +1,4\u00a0s"),
        (-2340, -1260, "seconds", "−39 to −21 min", "−39 à −21\u00a0min"),
        (-18_000, -4_320, "seconds", "−5.0 to −1.2 h", "−5,0 à −1,2\u00a0h"),
        (-60, 259_200, "seconds", "0.0 to +3.0 d", "0,0 à +3,0\u00a0j"),
        (None, 1.0, "share", "–", "–"),
    ],
)
def test_the_interval_of_a_change_has_one_unit(
    low: float | None, high: float, unit: str, english: str, french: str
) -> None:
    assert format_change_interval(low, high, unit, "en") == english
    assert format_change_interval(low, high, unit, "fr") == french


@given(finite, finite, st.sampled_from(UNITS), languages)
def test_the_interval_of_a_change_is_never_an_error(low: float, high: float, unit: str, lang: str) -> None:
    assert {"en": " to ", "fr": " à "}[lang] in format_change_interval(low, high, unit, lang)


@pytest.mark.parametrize(
    ("extent", "unit", "english", "french"),
    [
        (0.048, "share", "±4.8 pt", "±4,8\u00a0pt"),
        (5.8, "points", "±5.8", "±5,8"),
        (4320, "seconds", "±72 min", "±72\u00a0min"),
        (-0.048, "share", "±4.8 pt", "±4,8\u00a0pt"),
        (0.0, "share", "±0.0 pt", "±0,0\u00a0pt"),
        (None, "share", "–", "–"),
    ],
)
def test_an_extent_has_both_signs(extent: float | None, unit: str, english: str, french: str) -> None:
    assert format_extent(extent, unit, "en") == english
    assert format_extent(extent, unit, "fr") == french
