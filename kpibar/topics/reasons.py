"""The reason that was recorded for a contact: what kpibar.toml and the rules make of it, and the words nobody knows.

A cell may hold one reason, a reason in levels ("Delivery > Late") or several ("VIP, Late delivery"). A word that
neither kpibar.toml nor the rules know is no known reason: it stays NULL, and is counted.
"""

from collections.abc import Mapping

from kpibar.topics.rules import by_vendor, reasons
from kpibar.values.notation import LETTERS, quote

# What kpibar.toml says of a word that names no reason, such as a tag for important customers.
UNKNOWN = "unknown"
# What a person or a tool writes where a reason should be when there is none.
_EMPTY_WORDS = (
    r"n[/.]?[acrd]\.?|none|null|nil|nan|undefined|undetermined|tb[ad]|x+|s/o|rien|vides?|leer"
    r"|aucune?s?( (motif|sujet|raison))?|sans( (motif|objet|sujet|raison|suite))?|ind[ée](fini|termin[ée])e?"
    r"|(non|pas|[àa]) (encore )?(qualifi|renseign|class|d[ée]fini|d[ée]termin|pr[ée]cis|affect|cat[ée]goris|attribu)\S*"
    r"|(not|to be) (set|classified|categori[sz]ed|specified|defined|available|applicable|selected|assigned)"
    r"|un(categori[sz]ed|classified|specified|assigned|known|set|tagged)|no (reason|category|topic|tag|disposition)s?"
    r"|inconnue?s?|unbekannt|kein(e|er|en)?( (angabe|grund))?|nicht (angegeben|zugeordnet|klassifiziert|bekannt)"
    r"|ningun[oa]?|ning[úu]n motivo|desconocid[oa]|sin (clasificar|motivo|especificar)|no (aplica|especificado)"
    r"|nessun[oa]?|sconosciut[oa]|non (specificato|classificato)|geen|onbekend|nenhuma?|desconhecid[oa]"
    r"|(please )?(select|choose)( an?| one| the)?( reason| option| category)?"
    r"|(s[ée]lectionner|choisir|choisissez)( une?| le)?( motif| raison| option)?"
)
_NO_REASON = f"^[^{LETTERS}0-9]*({_EMPTY_WORDS})?[^{LETTERS}0-9]*$"
# What a person chooses when the list of reasons has no better word, in the languages of exports, and the words that
# may stand beside it. Nothing else may: "Other delivery question" is about a delivery.
_OTHER_WORDS = (
    "others?|something else|misc|miscellaneous|various|general|autres?|divers(?:es?)?|g[ée]n[ée]rale?s?|g[ée]n[ée]raux"
    "|sonstiges?|sonstige[nrm]|andere[nrsm]?|verschiedenes|allgemeine?[nrsm]?|otr[oa]s?|vari[oae]s?|diversos?|altr[oaie]"
    "|overige?|anders|diversen|outr[oa]s?|annat|[öo]vrigt|andet|inne"
)
_BESIDE = (
    "reasons?|requests?|questions?|issues?|topics?|subjects?|inquir(?:y|ies)|enquir(?:y|ies)|contacts?|categor(?:y|ies)"
    "|quer(?:y|ies)|please|specify|see|notes?|comments?|an?|the|of|or|and|motifs?|raisons?|demandes?|sujets?|cas"
    "|cat[ée]gories?|[àa]|et|ou|pr[ée]ciser|voir|commentaires?|clients?|customers?|gr(?:ü|u|ue)nde?|anfragen?|anliegen"
    "|fragen?|them(?:a|en)|und|oder|motiv[oi]s?|consultas?|preguntas?|richiest[ae]|domand[ae]|vra(?:ag|gen)|reden|redenen"
    "|de|du|des|la|le|les|del|do|da|di|aa|zz?"
)
_APART = f"[^{LETTERS}]"
_ONLY_OTHER = f"^{_APART}*(({_BESIDE}){_APART}+)*({_OTHER_WORDS})({_APART}+({_OTHER_WORDS}|{_BESIDE}))*{_APART}*$"
# The signs between the levels of a reason, and between several reasons of a cell.
_LEVELS = r"\s*(?:::+|>+|»|→|\||\\|/|__+)\s*|\s+[-–—:]+\s+|:\s+"
_LIST = r"\s*[,;\n\r]\s*"
_LEVEL = " > "
# The names of a reason in levels, from the most telling: the whole, what begins it, its last level, those above.
_LAST, _ABOVE = 100, 200


def by_rules(raw: str) -> str:
    """SQL of the canonical reason of a recorded reason, by the rules.

    'other' is what a person chose who found no better word, such as "Autre"; a word that no rule knows gives NULL.
    """
    return (
        f"CASE WHEN regexp_matches({raw}, {quote(_NO_REASON)}, 'i') THEN NULL ELSE coalesce({by_vendor(raw)}, "
        f"CASE WHEN regexp_matches({raw}, {quote(_ONLY_OTHER)}, 'i') THEN 'other' END) END"
    )


def fold(raw: str) -> str:
    """SQL of a reason as it is compared with those of kpibar.toml: case, accents, blanks and signs between levels are
    one."""
    small = f"replace(replace(strip_accents(lower(nfc_normalize({raw}))), 'œ', 'oe'), '’', chr(39))"
    levels = f"regexp_replace({small}, {quote(_LEVELS)}, {quote(_LEVEL)}, 'g')"
    return f"trim(regexp_replace({levels}, '[ \\t\\x{{a0}}\\x{{202f}}]+', ' ', 'g'))"


def by_settings(word: str, settings: Mapping[str, str]) -> str:
    """SQL of what kpibar.toml says of a folded word: a canonical reason, or UNKNOWN; NULL where it says nothing."""
    branches = " ".join(f"WHEN {fold(quote(value))} THEN {quote(reason)}" for value, reason in settings.items())
    return f"CASE {word} {branches} END" if branches else "CAST(NULL AS VARCHAR)"


def recorded_reasons(relation: str, settings: Mapping[str, str]) -> str:
    """The query that gives said, reason of the recorded reasons in a relation (said).

    kpibar.toml comes first: what it says of the whole cell, of one of its reasons, or of a last level. Then the rules
    on whole reasons, then both on single levels: of levels the last that says something, of several reasons the first
    in order of priority.
    """
    priority = " ".join(f"WHEN {quote(reason)} THEN {place}" for place, reason in enumerate(reasons()))
    return f"""
WITH heard AS MATERIALIZED (
    SELECT said, nfc_normalize(said) AS composed, {fold("said")} AS folded FROM {relation}
),
items AS (
    SELECT said, item, string_split(item, {quote(_LEVEL)}) AS levels
    FROM (SELECT said, unnest(string_split_regex(folded, {quote(_LIST)})) AS item FROM heard) WHERE item <> ''
),
parts AS (
    SELECT said, item, 0 AS place, item AS part FROM items
    UNION ALL
    SELECT said, item, len(levels) - depth, array_to_string(levels[1:depth], {quote(_LEVEL)})
    FROM (SELECT *, unnest(range(2, len(levels))) AS depth FROM items)
    UNION ALL
    SELECT said, item, CASE WHEN depth = len(levels) THEN {_LAST} ELSE {_ABOVE} + len(levels) - depth END, levels[depth]
    FROM (SELECT *, unnest(range(1, len(levels) + 1)) AS depth FROM items WHERE len(levels) > 1)
),
-- To prepare the rules costs more than to apply them to a few words: they stand in the query once.
judged AS MATERIALIZED (
    SELECT part, {by_settings("part", settings)} AS own, {by_rules("part")} AS ruled
    FROM (SELECT part FROM parts UNION SELECT composed FROM heard)
),
singles AS (
    SELECT
        p.said,
        arg_min(j.own, p.place) FILTER (WHERE p.place <= {_LAST}) AS own,
        arg_min(j.own, p.place) FILTER (WHERE p.place > {_LAST}) AS above,
        arg_min(j.ruled, p.place) FILTER (WHERE p.place = 0) AS whole,
        arg_min(j.ruled, p.place) AS ruled
    FROM parts AS p JOIN judged AS j ON j.part = p.part
    GROUP BY p.said, p.item
),
cells AS (
    SELECT said, {_first("own", priority)} AS own, {_first("coalesce(whole, above, ruled)", priority)} AS single
    FROM (
        SELECT said, own, whole, above, ruled FROM singles WHERE own IS DISTINCT FROM {quote(UNKNOWN)}
        UNION ALL
        -- What several words of a cell say together, unless kpibar.toml says of one of them that it is no reason.
        SELECT said, NULL, ruled, NULL, NULL FROM heard JOIN judged ON part = composed
        WHERE said NOT IN (SELECT said FROM singles WHERE own = {quote(UNKNOWN)})
    )
    GROUP BY said
)
SELECT h.said, nullif(coalesce({by_settings("h.folded", settings)}, c.own, c.single), {quote(UNKNOWN)})
FROM heard AS h LEFT JOIN cells AS c ON c.said = h.said"""


def _first(reason: str, priority: str) -> str:
    return f"arg_min({reason}, CASE {reason} {priority} END)"


def unknown_words(counts: str, settings: Mapping[str, str]) -> str:
    """The query for the words nobody knows: said, n, word, folded.

    `counts` is a relation of recorded reasons without a canonical one and their contacts (said, n). What kpibar.toml
    calls unknown, and what says that there is no reason, is no such word.
    """
    words = f"SELECT said, n, trim(unnest(string_split_regex(said, {quote(_LIST)}))) AS word FROM {counts}"
    return (
        f"SELECT * FROM (SELECT *, {fold('word')} AS folded FROM ({words})) "
        f"WHERE {by_settings('folded', settings)} IS NULL AND NOT regexp_matches(word, {quote(_NO_REASON)}, 'i')"
    )
