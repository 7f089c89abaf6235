"""Recorded reasons: house codes, several in a cell, levels, the words that nobody knows and how they are named."""

import tomllib
from pathlib import Path

import pytest

from kpibar.kpis.catalogue import catalogue
from kpibar.render.summary import outcome_lines
from tests.intake import config, held, take, take_text, write
from tests.support import computed, fraction, kpibar

HEADER = "contact_id,created_at,channel,reason_raw,subject\n"


def contacts(*words: str, subject: str = "") -> str:
    """Contacts with these recorded reasons."""
    return HEADER + "".join(
        f'{number},2025-03-01 10:00:00,email,"{word}",{subject}\n' for number, word in enumerate(words)
    )


def reasons_of(folder: Path) -> list[tuple[str | None, str]]:
    """Reason and who decided it, in file order."""
    rows = held(folder, "SELECT reason, reason_by FROM contacts ORDER BY contact_id::INTEGER")
    return [(reason, by) for reason, by in rows]


def test_house_codes_are_no_known_reason(folder: Path) -> None:
    """Of 8 contacts 6 have a code nobody knows; of the 2 known reasons one is WISMO."""
    found = computed(folder, {"x.csv": contacts(*["C01", "H-22", "Motif 7"] * 2, "Retard de livraison", "Autre")})
    assert fraction(found, "reason_coverage") == (2, 8)
    assert fraction(found, "wismo_share") == (1, 2)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "word", ["Autre", "AUTRES", "Other", "Divers", "Sonstiges", "Otros", "Altro", "Overig", "99 - Autre (préciser)"]
)
def test_other_that_a_person_chose_is_a_known_reason_in_every_source(folder: Path, word: str) -> None:
    """With and without a text: the person read the message."""
    take_text(folder, contacts(word, subject="Où est mon colis ?"), "with.csv")
    assert reasons_of(folder) == [("other", "vendor")]
    take_text(folder, contacts(word).replace(",subject", "").replace(",\n", "\n").replace("0,", "9,", 1), "without.csv")
    assert reasons_of(folder) == [("other", "vendor")] * 2


@pytest.mark.sample(2)
@pytest.mark.parametrize("word", ["", " ", "-", "N/A", "(vide)", "?", "Non renseigné", "to be classified", "..."])
def test_an_empty_word_is_unknown_and_listed_nowhere(folder: Path, word: str) -> None:
    outcome = take_text(folder, contacts(*[word] * 6))
    assert reasons_of(folder) == [(None, "none")] * 6
    assert (outcome.unknown, outcome.remarks) == ((), ())


@pytest.mark.long
def test_settings_fold_case_accents_blanks_and_levels(folder: Path) -> None:
    used = config(
        folder,
        'timezone = "UTC"\n[reasons]\n"Litige médiateur" = "complaint"\n"maison > C01" = "wismo"\n"C02" = "damaged"\n'
        '"Code cœur" = "promotion"\n"SAV" = "account"\n',
    )
    words = [
        "LITIGE MEDIATEUR", "litige  médiateur ", "Maison::C01", "MAISON >C01 > Nord", "Atelier / C02", "C02 - Nord",
        "CODE COEUR", "SAV > C77", "SAV > Retard de livraison", "Nord > C77",
    ]  # fmt: skip
    outcome = take(folder, write(folder, "x.csv", contacts(*words)), settings=used)[0]
    assert outcome.error is None
    assert [reason for reason, _ in reasons_of(folder)] == [
        "complaint", "complaint", "wismo", "wismo", "damaged", "damaged", "promotion", "account", "wismo", None,
    ]  # fmt: skip


@pytest.mark.long
def test_several_reasons_in_a_cell(folder: Path) -> None:
    """Words that name no reason are passed over; of several reasons the first in order of priority holds."""
    used = config(folder, 'timezone = "UTC"\n[reasons]\n"Rappel" = "payment"\n"VIP" = "unknown"\n')
    words = ["VIP, Livraison", "Livraison;Facture", "C01, Rappel", "VIP", "Test, VIP", "VIP, Autre"]
    outcome = take(folder, write(folder, "x.csv", contacts(*words * 5)), settings=used)[0]
    assert [reason for reason, _ in reasons_of(folder)][:6] == ["wismo", "wismo", "payment", None, None, "other"]
    assert outcome.unknown == (("reason_raw", "Test", 5),), "what is said to be unknown is not asked again"
    assert [(remark.code, remark.records) for remark in outcome.remarks] == [("reason_unmapped", 5)]


AIRCALL = (
    "line,datetime (utc),direction,answered,missed_call_reason,duration (total),duration (in call),call id,from,tags,"
    "comments\n"
)


@pytest.mark.long
def test_tags_of_calls_are_what_the_agent_chose(folder: Path) -> None:
    """A tag is judged as a recorded reason; only where it is none, the free comment is."""
    tags = ["Retard livraison", "VIP, Facture", "C01", "VIP", "Autre"]
    comments = ["facture", "colis en retard", "", "colis en retard", "colis en retard"]
    calls = "".join(
        f'Care,2025-03-05 09:0{number}:00 UTC,inbound,Yes,,100,100,{number},3319900000{number},"{tag}",{comment}\n'
        for number, (tag, comment) in enumerate(zip(tags, comments, strict=True))
    )
    take_text(folder, AIRCALL + calls)
    assert reasons_of(folder) == [
        ("wismo", "vendor"),
        ("invoice", "vendor"),
        (None, "none"),
        ("wismo", "rule"),
        ("other", "vendor"),
    ]


def test_unknown_words_are_listed_and_the_block_can_be_pasted(folder: Path) -> None:
    words = ["C01"] * 9 + ["c01"] * 3 + ["C02 \\ nord"] * 6 + ["Jeanne Martin"] * 4 + ["06 12 34 56 78"] * 7
    export = write(folder, "x.csv", contacts(*words))
    first = kpibar("ingest", "x.csv", "--tz", "UTC", "--db", "t.db", folder=folder)
    assert first.returncode == 0, first.stderr
    status = kpibar("status", "--db", "t.db", folder=folder)
    for said in (first.stdout + first.stderr, status.stdout):
        assert "29 contacts have a reason listed neither in [reasons] nor in the rules" in said
        assert '"C01" (12)' in said
        assert "Jeanne" not in said and "06 12" not in said
    lines = [line[2:] for line in status.stdout.splitlines()]
    block = "\n".join(lines[(start := lines.index("  [reasons]")) : start + 3])
    assert tomllib.loads(block)["reasons"] == {"C01": "unknown", "C02 \\ nord": "unknown"}
    write(folder, "kpibar.toml", block.replace('"C01" = "unknown"', '"C01" = "wismo"'))
    again = kpibar("ingest", export.name, "--tz", "UTC", "--db", "t.db", folder=folder)
    assert again.returncode == 0, again.stderr
    answer = kpibar("status", "--json", "--db", "t.db", folder=folder)
    assert '"word": "99 99 99 99 99"' in answer.stdout and '"word": "C01"' not in answer.stdout


@pytest.mark.long
def test_words_to_add_below_the_reasons_that_are_there(folder: Path) -> None:
    """A second line [reasons] would be no valid TOML."""
    used = config(folder, 'timezone = "UTC"\n[reasons]\n"C09" = "wismo"\n')
    outcome = take(folder, write(folder, "x.csv", contacts(*["C01"] * 5)), settings=used)[0]
    said = outcome_lines(outcome, catalogue(used.settings), dry_run=False)
    assert '    "C01" = "unknown"  # 5 contacts' in said
    assert not any(line.strip() == "[reasons]" for line in said)
    assert any("add below [reasons] in kpibar.toml" in line for line in said)
