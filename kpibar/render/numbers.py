"""Numbers for people, in English and French.

Values come in raw units (a share is 0..1, a duration is in seconds) and are rounded here, once, half to even
on their shortest decimal form, as CLDR-based formatters do. French writes U+202F between thousands, a decimal
comma and U+00A0 before a unit; both languages write a true minus (U+2212). A missing value is an en dash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

LANGUAGES = ("en", "fr")
DASH = "–"

_MINUS, _NARROW_SPACE, _NO_BREAK_SPACE = "\u2212", "\u202f", "\u00a0"
_FRENCH_MARKS = str.maketrans({",": _NARROW_SPACE, ".": ","})
_PLAIN_MARKS = str.maketrans({_NARROW_SPACE: " ", _NO_BREAK_SPACE: " ", _MINUS: "-", "–": "-", "’": "'"})
# Wide enough for every float, so that nothing but the wanted decimals rounds.
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class _Style:
    """How a unit is written: ``scale`` x value, its decimals and suffix; then those of a change."""

    scale: int
    decimals: int
    change_decimals: int
    suffix: Mapping[str, str]
    change_suffix: Mapping[str, str]
    has_sign: bool = False


class _Text(NamedTuple):
    """A written number and its unit, apart, so that an interval can print the unit once."""

    number: str
    suffix: str
    compound: bool = False


def _by_language(english: str, french: str) -> dict[str, str]:
    return {"en": english, "fr": french}


def _with_space(english: str, french: str) -> dict[str, str]:
    return _by_language(_GAP["en"] + english, _GAP["fr"] + french)


_GAP = {"en": " ", "fr": _NO_BREAK_SPACE}
_NO_SUFFIX = _by_language("", "")
_STYLES = {
    "share": _Style(100, 1, 1, _by_language("%", f"{_NO_BREAK_SPACE}%"), _with_space("pt", "pt")),
    "per_100": _Style(100, 1, 1, _NO_SUFFIX, _NO_SUFFIX),
    "points": _Style(1, 0, 1, _NO_SUFFIX, _NO_SUFFIX, has_sign=True),
    "count": _Style(1, 0, 0, _NO_SUFFIX, _NO_SUFFIX),
    "score": _Style(1, 2, 2, _NO_SUFFIX, _NO_SUFFIX),
}
_SECONDS, _MINUTES, _HOURS, _DAYS = (
    _with_space(*names) for names in (("s",) * 2, ("min",) * 2, ("h",) * 2, ("d", "j"))
)
_TO = _by_language(" to ", " à ")
UNITS = (*_STYLES, "seconds")


def format_number(value: float, decimals: int, lang: str) -> str:
    """A number with grouped thousands and a fixed count of decimals; what rounds to zero has no sign.

    ``format_number(-12345.678, 1, "en")`` is "−12,345.7". ValueError if not finite or language unknown.
    """
    _require_language(lang)
    return _number(_exact(value), decimals, lang)


def format_value(value: float | None, unit: str, lang: str) -> str:
    """A value with its unit: "9.9%", "6.8", "3 h 42", "+31", "182,399", "3.40"; "–" for None.

    ``unit`` is one of ``UNITS``: share and per_100 are ratios shown x 100, seconds take the unit that fits
    (seconds below 100 s, minutes below 60 min, hours below 48 h, then days), points always carry their sign.
    ValueError if not finite or the unit or language is unknown.
    """
    if value is None:
        return DASH
    text = _value(value, unit, lang)
    return text.number + text.suffix


def format_interval(low: float | None, high: float | None, unit: str, lang: str) -> str:
    """An interval with its unit once: "9.8–10.1%", "62.1–67.5 s"; "–" when a bound is None.

    Signed bounds, hours with minutes and bounds in different units stand apart: "+29 – +34",
    "55 min – 1 h 10". ValueError as ``format_value``.
    """
    if low is None or high is None:
        return DASH
    left, right = _value(low, unit, lang), _value(high, unit, lang)
    if left.suffix != right.suffix or left.compound or right.compound:
        return f"{left.number}{left.suffix} – {right.number}{right.suffix}"
    has_sign = left.number.startswith(("+", _MINUS)) or right.number.startswith(("+", _MINUS))
    return left.number + (" – " if has_sign else "–") + right.number + right.suffix


def format_change(delta: float | None, unit: str, lang: str) -> str:
    """A signed change: "−2.5 pt" for a share, "−1.0", "−61 min", "+1.2", "+1,234"; "–" for None.

    A duration changes in minutes up to 100 of them, so that "−61 min" does not read as an hour. What rounds
    to zero has no sign. ValueError as ``format_value``.
    """
    if delta is None:
        return DASH
    _require_language(lang)
    exact = _exact(delta)
    if unit == "seconds":
        text = _duration(exact, lang, minutes_below=100, has_sign=True)
        return text.number + text.suffix
    style = _style(unit)
    number = _number(_WIDE.multiply(exact, Decimal(style.scale)), style.change_decimals, lang, has_sign=True)
    return number + style.change_suffix[lang]


def format_change_interval(low: float | None, high: float | None, unit: str, lang: str) -> str:
    """The interval of a change: "−4.9 to −1.8" for a share, "−3.4 to −1.2 h" for a duration; "–" when a bound is None.

    It stands beside the change, which says the unit. A duration has a unit of its own, that fits the larger bound, as
    hours with minutes would be long. ValueError as ``format_value``.
    """
    if low is None or high is None:
        return DASH
    _require_language(lang)
    if unit == "seconds":
        divisor, decimals, suffix = _scale_of(max(abs(_exact(low)), abs(_exact(high))))
        ends = [_WIDE.divide(_exact(end), divisor) for end in (low, high)]
        return _TO[lang].join(_number(end, decimals, lang, has_sign=True) for end in ends) + suffix[lang]
    style = _style(unit)
    ends = [_WIDE.multiply(_exact(end), Decimal(style.scale)) for end in (low, high)]
    return _TO[lang].join(_number(end, style.change_decimals, lang, has_sign=True) for end in ends)


def format_extent(extent: float | None, unit: str, lang: str) -> str:
    """How large a change is in either direction: "±4.8 pt", "±72 min"; "–" for None. ValueError as ``format_value``."""
    return DASH if extent is None else "±" + format_change(abs(extent), unit, lang).removeprefix("+")


def change_scale(delta: float, unit: str, lang: str) -> tuple[float, int, str]:
    """What a change is multiplied by to be in its own unit, its decimals there and the unit: "pt", "h", "" for none.

    ValueError as ``format_value``.
    """
    _require_language(lang)
    if unit == "seconds":
        divisor, decimals, suffix = _scale_of(abs(_exact(delta)))
        return 1 / int(divisor), decimals, suffix[lang].strip()
    style = _style(unit)
    return style.scale, style.change_decimals, style.change_suffix[lang].strip()


def ascii_only(text: str) -> str:
    """The text with the marks this module writes in ASCII, for terminals that cannot print them.

    U+202F and U+00A0 become a space, U+2212 and the en dash "-", the typographic apostrophe "'"; letters with
    accents stay as they are.
    """
    return text.translate(_PLAIN_MARKS)


def _value(value: float, unit: str, lang: str) -> _Text:
    _require_language(lang)
    exact = _exact(value)
    if unit == "seconds":
        return _duration(exact, lang, minutes_below=60)
    style = _style(unit)
    product = _WIDE.multiply(exact, Decimal(style.scale))
    return _Text(_number(product, style.decimals, lang, style.has_sign), style.suffix[lang])


def _duration(seconds: Decimal, lang: str, minutes_below: int, has_sign: bool = False) -> _Text:
    # The rounded figure is compared: 99.96 s must not print as "100.0 s", nor 59.8 min as "60 min".
    if abs(_round(seconds, 1)) < 100:
        return _Text(_number(seconds, 1, lang, has_sign), _SECONDS[lang])
    minutes = _WIDE.divide(seconds, Decimal(60))
    whole = int(_round(minutes, 0))
    if abs(whole) < minutes_below:
        return _Text(_number(minutes, 0, lang, has_sign), _MINUTES[lang])
    if abs(whole) < 48 * 60:
        hours, rest = divmod(abs(whole), 60)
        sign = _MINUS if whole < 0 else "+" if has_sign else ""
        return _Text(sign + _GAP[lang].join((str(hours), "h", f"{rest:02}")), "", compound=True)
    return _Text(_number(_WIDE.divide(minutes, Decimal(24 * 60)), 1, lang, has_sign), _DAYS[lang])


def _scale_of(seconds: Decimal) -> tuple[Decimal, int, Mapping[str, str]]:
    """The unit that fits a duration: its seconds, its decimals and how it is written."""
    if _round(seconds, 1) < 100:
        return Decimal(1), 1, _SECONDS
    minutes = int(_round(_WIDE.divide(seconds, Decimal(60)), 0))
    if minutes < 100:
        return Decimal(60), 0, _MINUTES
    return (Decimal(3600), 1, _HOURS) if minutes < 48 * 60 else (Decimal(24 * 3600), 1, _DAYS)


def _number(exact: Decimal, decimals: int, lang: str, has_sign: bool = False) -> str:
    decimal = _round(exact, decimals)
    if decimal.is_zero():
        decimal, has_sign = abs(decimal), False
    text = f"{decimal:{'+' if has_sign else '-'},f}".replace("-", _MINUS)
    return text.translate(_FRENCH_MARKS) if lang == "fr" else text


def _round(exact: Decimal, decimals: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), context=_WIDE)


def _exact(value: float) -> Decimal:
    """The shortest decimal that reads back as the same float: 0.285 is 0.285, not 0.28499999..."""
    exact = Decimal(str(value))
    if not exact.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return exact


def _style(unit: str) -> _Style:
    if unit not in _STYLES:
        raise ValueError(f"unknown unit {unit!r}: expected one of {', '.join(UNITS)}")
    return _STYLES[unit]


def _require_language(lang: str) -> None:
    if lang not in LANGUAGES:
        raise ValueError(f"unknown language {lang!r}: expected one of {', '.join(LANGUAGES)}")
