"""Which code page a text in single bytes is in, by the letters its words would have in each.

Words with letters beyond ASCII are read in every code page that is known, and weighed by how often each letter stands
in such a place in a language written with that code page. What is most likely Western European is read; where another
reading is clearly more likely, or none is likely, nobody can tell the letters without being told the encoding.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from math import log

# The letters beyond ASCII of each language, with how many of 10,000 letters they are.
_WESTERN_LETTERS = {
    "French": "é150 à49$ è27- ê22 ç8 ù6$ û6 â5 î5 ô3 œ2 ï1- ë1 ü0.3 æ0.2 ÿ0.1 ñ0.1",
    "German": "ü100 ä58 ö44 ß31 é2 à0.5",
    "Spanish": "ó83 í72 á50 é43 ñ31 ú17 ü1",
    "Portuguese": "ã73 ç53 á40 é40 ó30 í30 ê20- õ15 ú12 â8- à7 ô6- ü0.3",
    "Italian": "à63$ è40$ ò17$ ù17$ ì10$ é12$ î0.2 í0.5 ó0.5",
    "Catalan": "à40 é35 ó30 è25 í25 ò20 ú15 ç10 ï5 ü5",
    "Dutch": "ë60 é30 ï15- è4 ö3 ó3 ü3 ê1 á1",
    "Swedish": "ä180 å134 ö130 é5 à0.5 ü0.5",
    "Danish": "å119 ø94 æ87 é3 ö1",
    "Icelandic": "ð440 á180 í157 þ145^ ó99 æ87 ö78 é65 ú61 ý23",
    "Finnish": "ä358 ö44 å3 š6 ž3 é0.5",
}
_FOREIGN_LETTERS = {
    "Polish": "ł175 ę113 ą102 ż88 ó82 ś68 ć45 ń19 ź6 é0.5",
    "Czech": "í164 ě122 ý100 á87 ž72 š69 é63 č46 ř38 ů20 ú5 ň3 ó2 ť2 ď2",
    "Slovak": "á150 í110 ý95 ž75 č90 š75 é70 ú70 ľ35 ť40 ô20 ň15 ä10 ó10 ď15 ĺ1 ŕ1",
    "Hungarian": "á336 é325 ö109 ó98 ő88 ü61 í53 ú28 ű21",
    "Romanian": "ă410 ţ120 ş110 ș110 ț120 î140 â90",
    "Croatian": "č90 š70 ž50 ć75 đ25",
    "Turkish": "ı511 ü185 ş178 ğ113- ö78 ç116 â2 î1 İ20",
    "Lithuanian": "ė150 š120 ų130 ž85 į60 ą70 č45 ū50 ę20",
    "Latvian": "ā390 ī180 ē170 ū55 š60 ž40 ņ55 ļ50 č25 ķ15 ģ8",
    "Estonian": "ä110 õ105 ü70 ö20 š1 ž1",
    "Russian": "о109 е85 а80 и74 н67 т63 с55 р47 в45 л44 к35 м32 д30 п28 у26 я20 ы19 ь17 г17 з16 б16 ч14 й12 х10 ж9 ш7 "
    "ю6 ц5 щ4 э3 ф3 ъ1 ё1 і4 ї1 є1",
    "Greek": "α110 ο90 ι75 ε75 τ75 ν60 σ45 η42 ρ40 π40 υ38 κ38 μ33 ς35 λ28 ί25 ά20 έ20 ό20 ω17 γ17 δ17 ή17 θ12 χ11 ύ10 "
    "φ9 ώ8 β8 ξ4 ζ4 ψ2 ϊ1 ϋ0.2 ΐ0.1",
    "Hebrew": "".join(f"{chr(code)}10 " for code in range(0x5D0, 0x5EB)),
    "Arabic": "".join(f"{chr(code)}10 " for code in range(0x621, 0x64B)),
    "Thai": "".join(f"{chr(code)}10 " for code in range(0xE01, 0xE4F) if not 0xE3A < code < 0xE3F),
}
# Code pages and the languages written with each; the least likely last, by how much less likely each is.
WESTERN = ("cp1252", "iso8859-15", "mac-roman", "cp850", "cp437")
_LESS_LIKELY = dict(zip(WESTERN, (0.0, 1.0, 5.0, 3.0, 4.0), strict=True))
_CENTRAL = ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian")
FOREIGN: Mapping[str, tuple[str, ...]] = {
    "cp1250": _CENTRAL,
    "cp1251": ("Russian",),
    "cp1253": ("Greek",),
    "cp1254": ("Turkish",),
    "cp1257": ("Lithuanian", "Latvian", "Estonian", "Polish"),
    "cp1255": ("Hebrew",),
    "cp1256": ("Arabic",),
    "cp874": ("Thai",),
    "iso8859-2": _CENTRAL,
    "iso8859-16": ("Romanian",),
    "cp852": _CENTRAL,
    "mac-latin2": _CENTRAL,
    "koi8-r": ("Russian",),
    "koi8-u": ("Russian",),
    "cp866": ("Russian",),
    "iso8859-5": ("Russian",),
    "mac-cyrillic": ("Russian",),
    "iso8859-7": ("Greek",),
    "cp737": ("Greek",),
    "mac-greek": ("Greek",),
    "cp857": ("Turkish",),
    "mac-turkish": ("Turkish",),
    "cp775": ("Lithuanian", "Latvian", "Estonian"),
    "iso8859-8": ("Hebrew",),
    "iso8859-6": ("Arabic",),
}
# The usual code pages of other languages; by how much less likely the others are.
_USUAL, _UNUSUAL = ("cp1250", "cp1251", "cp1253", "cp1254"), 3.0
_SEVERAL_BYTES = ("shift-jis", "gb18030", "big5", "euc-kr", "euc-jp")
# How often a mark is among the signs beyond ASCII of a text.
_MARKS = {
    **dict.fromkeys("’\u00a0", 0.05),
    **dict.fromkeys("«»“”–…€°", 0.02),
    **dict.fromkeys("ºª¿¡‘—•™®£²„", 0.008),
    **dict.fromkeys("´§½©³¼¾·×±µ\u00ad‚‹›‰¢", 0.002),
}
# Marks that stand between two letters, before one, or after one.
_WITHIN = frozenset("’‘´·\u00ad")
_BETWEEN = frozenset("\u00a0–—…")
_BEFORE = frozenset("\u00a0«“‘’¿¡„–—•€£°…§›‹‚\u00ad©®™»”ºªµ±")
_AFTER = frozenset("\u00a0»”…’‘™®©–—²³ºª°€´“·«‹›")
_ALONE = frozenset("àèéòóíáåöúùæøôêâyeoí")
# Vowels after which no other vowel comes, and pairs of letters beyond ASCII that are common.
_OPEN, _VOWELS = frozenset("àèìòùêîôû"), frozenset("aeiouAEIOU")
_TWO_LETTERS = "çã çõ ÇÃ ÇÕ éé ää öä yö łą łę ął þý þá şı ığ ğı üş çü"
_PAIRS = frozenset(_TWO_LETTERS.split())
_RARE, _NEVER = 0.002, 0.00002
# A sign so unlikely is of no language; how unlikely it is says no more than that.
_WORST = 0.0001
# By how much another reading must be more likely, and how likely a letter must be, as natural logarithms.
_CLEARLY, _LIKELY = 5.0, -6.5
# So many signs that stand where none does are no accident, where they are so large a part.
_FEWEST, _OFTEN = 4, 0.25
# So many different words are looked for, and so many of them weighed.
_MOST_WORDS, _WORD_LIMIT = 4_000, 600
_MOST_IN_A_PIECE = 500
_WORD = re.compile(rb"[\x80-\xff][A-Za-z0-9\x80-\xff]{0,40}")
_WORD_BEGINNING = re.compile(rb"[A-Za-z0-9]{0,20}\Z")


@dataclass(frozen=True)
class CodePage:
    """A code page, and by its letters the language of a text; `western` tells that it may be read without asking."""

    encoding: str
    language: str
    western: bool


def code_page(words: Iterable[bytes]) -> CodePage:
    """The code page in which words look most like those of a language: a Western one, unless another is clearly it."""
    distinct = tuple(dict.fromkeys(words))
    texts = distinct[:: -(-len(distinct) // _WORD_LIMIT)] if distinct else ()
    foreign = {page: _likelihood(texts, page, languages) for page, languages in FOREIGN.items()}
    western = {page: _western_likelihood(texts, page, foreign) for page in WESTERN}
    best = max(WESTERN, key=lambda page: western[page][0] - _LESS_LIKELY[page])
    score = western[best][0] - _LESS_LIKELY[best]
    rival = max(FOREIGN, key=lambda page: foreign[page][0])
    differences = tuple(word for word in texts if _read(word, best) != _read(word, rival))
    if foreign[rival][0] - score > _CLEARLY and _difference(differences, best, rival) > _CLEARLY / 2:
        likely = max(FOREIGN, key=lambda page: foreign[page][0] - (0 if page in _USUAL else _UNUSUAL))
        return CodePage(likely, foreign[likely][1], False)
    if _is_no_language(texts, best, western[best]):
        return CodePage(_of_several_bytes(texts), "", False)
    return CodePage(best, western[best][1], True)


def _western_likelihood(
    texts: tuple[bytes, ...], page: str, foreign: Mapping[str, tuple[float, str]]
) -> tuple[float, str]:
    """How likely words are in a Western code page, as Western words or as those of a language it can write as well."""
    likelihood = _likelihood(texts, page, tuple(_WESTERN_LETTERS))
    read = [_read(word, page) for word in texts]
    # Many a word of Central Europe reads the same in both.
    if page == "cp1252" and [_read(word, "cp1250") for word in texts] == read:
        score, language = foreign["cp1250"]
        likelihood = max(likelihood, (score - 3, language))
    return likelihood


def _is_no_language(texts: tuple[bytes, ...], page: str, likelihood: tuple[float, str]) -> bool:
    """Whether the signs beyond ASCII are those of no language, or many of them stand where no sign stands."""
    score, language = likelihood
    signs = sum(byte >= 0x80 for word in texts for byte in word)
    shares = [share for word in texts for share in _sign_shares(_read(word, page), language)]
    strange = sum(share <= _WORST for share in shares)
    return score < _LIKELY * signs or (strange >= _FEWEST and strange > _OFTEN * len(shares))


def words_beyond_ascii(pieces: Iterable[bytes]) -> list[bytes]:
    """The different words beyond ASCII of a text, as many as tell its code page."""
    words: dict[bytes, None] = {}
    for piece in pieces:
        if not piece.isascii():
            words.update(
                dict.fromkeys(_word(piece, *match.span()) for match in islice(_WORD.finditer(piece), _MOST_IN_A_PIECE))
            )
            if len(words) >= _MOST_WORDS:
                break
    return list(words)[:_MOST_WORDS]


def _word(piece: bytes, start: int, stop: int) -> bytes:
    """A word from its beginning, given where its first byte beyond ASCII stands."""
    word_start = _WORD_BEGINNING.search(piece[max(0, start - 20) : start])
    return (word_start[0] if word_start else b"") + piece[start:stop]


def _read(word: bytes, encoding: str) -> str:
    return word.decode(encoding, "replace")


def _difference(words: tuple[bytes, ...], western: str, foreign: str) -> float:
    """By how much words are more likely in another code page than in a Western one."""
    return _likelihood(words, foreign, FOREIGN[foreign])[0] - _likelihood(words, western, tuple(_WESTERN_LETTERS))[0]


def _likelihood(words: tuple[bytes, ...], encoding: str, languages: tuple[str, ...]) -> tuple[float, str]:
    """How likely words are in a code page: in the best language for all of them, or in the best one for each."""
    texts = [_read(word, encoding) for word in words]
    scores = {language: [_word_score(text, language) for text in texts] for language in languages}
    language = max(languages, key=lambda name: sum(scores[name]))
    total = sum(max(word_scores) - 1 for word_scores in zip(*scores.values(), strict=True))
    return max(sum(scores[language]), total), language


@cache
def _shares(language: str) -> Mapping[str, float]:
    """How often each letter of a language is among its signs beyond ASCII, as they are in text: four fifths letters."""
    letters = (_WESTERN_LETTERS | _FOREIGN_LETTERS)[language].split()
    weights = {entry[0]: float(entry[1:].rstrip("^-$")) for entry in letters}
    total = sum(weights.values())
    return {letter: 0.8 * weight / total for letter, weight in weights.items()}


@lru_cache(maxsize=1)
def _western_letters() -> frozenset[str]:
    return frozenset(letter for language in _WESTERN_LETTERS for letter in _shares(language))


def _word_score(text: str, language: str) -> float:
    """The logarithm of how likely the signs beyond ASCII of a word are in a language, each in its place."""
    return sum(log(max(share, _WORST)) for share in _sign_shares(text, language))


def _sign_shares(text: str, language: str) -> Iterator[float]:
    text_with_ends = f"  {text} "
    for at, char in enumerate(text_with_ends):
        if char > "\x7f":
            around = (text_with_ends[at - 2], text_with_ends[at - 1], text_with_ends[at + 1])
            letter = char.isalpha() and char not in _MARKS
            yield _letter(char, around, language) if letter else _mark(char, *around[1:])


def _letter(char: str, around: tuple[str, str, str], language: str) -> float:
    """How likely a letter is between the two before it and the one after it."""
    (_, before, after), small, shares = around, char.lower(), _shares(language)
    share = shares.get(char) or shares.get(small, 0.0) or (_RARE if small in _western_letters() else _NEVER)
    share *= _case(char, *around)
    if char >= "\u0370":  # letters of another script stand among their like
        return share * (0.02 if "A" <= before <= "z" or "A" <= after <= "z" else 1)
    if not (before.isalpha() or after.isalpha()) and small not in _ALONE:
        share *= 0.02
    if before.isdigit() or after.isdigit():
        share *= 0.005
    if before.isalpha() and before > "\x7f" and before + char not in _PAIRS:
        share *= 0.1
    if language in _WESTERN_LETTERS and _is_odd_among_vowels(small, before, after, language):
        share *= 0.1
    mark = _places(language).get(small, "")
    return share if mark in _place(before, after) else share * 0.05


def _is_odd_among_vowels(small: str, before: str, after: str, language: str) -> bool:
    """Whether a letter stands beside a vowel, or beside none, as it hardly ever does in Western languages."""
    if small in "ãõ" and language == "Portuguese":
        return after.isalpha() and after.lower() not in ("e" if small == "õ" else "oesi")
    if small in "æøå" or (small == "ö" and language == "Swedish"):
        return before in _VOWELS or (small in "æö" and after in _VOWELS)
    if small in "ëï":
        return before not in _VOWELS and before not in "éÉgG"
    return (small in _OPEN and after in _VOWELS) or (small == "è" and before in "aA")


def _place(before: str, after: str) -> str:
    """The marks of the letters that may stand there: "^" only as the first of a word, "-" within, "$" as the last."""
    if not before.isalpha():
        return "^" if after.isalpha() else "^$"
    return "-" if after.isalpha() else "$"


@cache
def _places(language: str) -> Mapping[str, str]:
    """Where letters of a language stand, of those that do not stand anywhere."""
    letters = (_WESTERN_LETTERS | _FOREIGN_LETTERS)[language].split()
    return {entry[0]: entry[-1] for entry in letters if entry[-1] in "^-$"}


def _case(char: str, earlier: str, before: str, after: str) -> float:
    """How likely the case of a letter is in its place."""
    if char.isupper():
        return 0.003 if before.islower() else 0.2
    among_capitals = before.isupper() and (after.isupper() or (earlier.isupper() and not after.islower()))
    return 0.02 if among_capitals else 1.0


def _mark(char: str, before: str, after: str) -> float:
    share = _MARKS.get(char, _NEVER)
    if (char in "°€ºª£" and before.isdigit()) or (char in "£€" and after.isdigit()):
        return 5 * share
    if before.isalpha() and after.isalpha():
        return share * (1 if char in _WITHIN else 0.1 if char in _BETWEEN else 0.005)
    if after.isalpha():
        return share * (1 if char in _BEFORE else 0.02)
    if before.isalpha():
        return share * (1 if char in _AFTER else 0.02)
    return share


def _of_several_bytes(words: tuple[bytes, ...]) -> str:
    """The first encoding of Asian scripts in which all words make sense, "" where none does."""
    for encoding in _SEVERAL_BYTES:
        try:
            text = b"\n".join(words).decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(unicodedata.category(char) in ("Lo", "Lm", "Po", "Ps", "Pe") for char in text if char > "\xff"):
            return encoding
    return ""
