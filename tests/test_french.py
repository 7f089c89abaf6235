"""What the commands print and their help in French: every text is there, in French typography, and JSON is the same."""

import json
import re
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kpibar import checks
from kpibar.cli.app import command
from kpibar.cli.help import asked_language, french_help
from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.kinds import KINDS
from kpibar.layouts.layout import shelf
from kpibar.load.outcome import Outcome, Remark
from kpibar.render.listings import layout_texts
from kpibar.render.messages import is_single, messages, say_count
from kpibar.render.methods import methods
from kpibar.render.passport import formula
from kpibar.render.summary import _reasons_of_rejects, _sentences, reject_reason, remark_text
from kpibar.values.helpers import HELPERS
from tests.support import kpibar

KNOWN = catalogue(Settings())
# What French help has beside the texts of commands.
SHARED = {"frame", "defaults", "options"}


def placeholders(text: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(text)} - {None}


def commands() -> Iterator[tuple[str, Any, Any]]:
    """Every command by its path below `kpibar`, with its context; the program itself is "kpibar"."""
    tree: Any = command()
    root = tree.make_context("kpibar", [], resilient_parsing=True)
    yield "kpibar", tree, root
    waiting = [("", tree, root)]
    while waiting:
        path, group, context = waiting.pop()
        for name, below in group.commands.items():
            inner = below.make_context(name, [], parent=context, resilient_parsing=True)
            yield f"{path} {name}".strip(), below, inner
            if hasattr(below, "commands"):
                waiting.append((name, below, inner))


# --- help ------------------------------------------------------------------------------------------------


def test_every_command_and_option_has_its_french_text_and_no_text_is_left_over() -> None:
    entries, used = french_help(), {name: {"text"} for name, _, _ in commands()}
    shared_options, shared_defaults = set(), set()
    for path, shown, context in commands():
        assert entries[path]["text"], path
        for parameter in shown.get_params(context):
            if parameter.name in entries[path]:
                used[path].add(parameter.name)
            else:
                assert entries["options"].get(parameter.name), f"{path} {parameter.name} has no French text"
                shared_options.add(parameter.name)
            if isinstance(parameter.show_default, str):
                shared_defaults.add(parameter.show_default)
    assert {name: set(entries[name]) for name in entries if name not in SHARED} == used
    assert set(entries["options"]) == shared_options
    assert set(entries["defaults"]) <= shared_defaults
    # Names of files, languages and formats are the same in both.
    assert {text for text in shared_defaults - set(entries["defaults"]) if " " in text} == set()


def test_an_example_is_the_same_command_in_both_languages() -> None:
    for path, shown, _ in commands():
        english, french = (
            re.findall(r"(?:`|: |, then |, puis )(kpibar [a-z-]+ [^,\n`]*)", text.replace("\u00a0:", ":"))
            for text in (shown.help, french_help()[path]["text"])
        )
        assert english == french, path


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["report", "--lang", "fr", "--help"], "fr"),
        (["--help", "--lang=fr"], "fr"),
        (["report", "--lang"], "en"),
        (["sql", "--", "--lang", "fr"], "en"),
        ([], "en"),
    ],
)
def test_the_language_of_help_is_that_of_the_command_line_else_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], language: str
) -> None:
    monkeypatch.setenv("KPIBAR_LANG", "en")
    assert asked_language(arguments) == language


def test_help_is_in_french_where_that_is_asked(tmp_path: Path) -> None:
    shown = kpibar("report", "--help", folder=tmp_path, KPIBAR_LANG="fr")
    assert (shown.returncode, shown.stderr) == (0, "")
    for words in (
        "Usage\u00a0: ",
        "Année du rapport.",
        "Options\u00a0:",
        "variable\u00a0: KPIBAR_DB\u00a0;",
    ):
        assert words in shown.stdout
    assert kpibar("report", "--help", "--lang", "fr", folder=tmp_path).stdout == shown.stdout
    assert "Year to report" in kpibar("report", "--help", "--lang", "en", folder=tmp_path, KPIBAR_LANG="fr").stdout


def test_the_program_and_a_group_show_french_help_without_a_command(tmp_path: Path) -> None:
    for words in ((), ("audit",)):
        shown = kpibar("--lang", "fr", *words, *(() if words else ("--help",)), folder=tmp_path)
        text = shown.stdout + shown.stderr
        assert "Commandes\u00a0:\n" in text and len(text.splitlines()) > 10


def test_a_mistake_on_the_command_line_is_framed_in_french(tmp_path: Path) -> None:
    shown = kpibar("report", "--nope", folder=tmp_path, KPIBAR_LANG="fr")
    assert shown.returncode == 2
    assert shown.stderr.splitlines()[0].startswith("Usage\u00a0: ")
    assert re.search("Essayez «\u00a0.*kpibar report -h\u00a0» pour l’aide.\n", shown.stderr)
    assert "Erreur\u00a0: No such option: --nope" in shown.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("kpis", "--lang", "fr"), ("--help",)])
def test_the_french_file_is_read_for_french_help_alone(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code = (
        "import sys, atexit\nfrom kpibar.cli import help\nfrom kpibar.cli.app import main\n"
        "atexit.register(lambda: print('reads', help.french_help.cache_info().misses))\n"
        f"sys.argv = ['kpibar', *{list(arguments)!r}]\nmain()"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "reads 0"


# --- texts -----------------------------------------------------------------------------------------------


def french_texts() -> Iterator[tuple[str, str]]:
    """Every French text outside of `messages()`, by where it stands."""
    for table, entries in french_help().items():
        yield from ((f"help {table} {name}", text) for name, text in entries.items())
    for code, remark in _sentences().items():
        yield from ((f"remark {code} {name}", remark["fr"][name]) for name in ("one", "many"))
    yield from ((f"reject {reason['en']}", reason["fr"]) for _, reason in _reasons_of_rejects())
    for name, text in methods().items():
        yield from ((f"method {name} {part}", words) for part, words in text["fr"].items())
    for name, layout in layout_texts().items():
        yield from ((f"layout {name} {part}", words) for part, words in layout["fr"].items())
    yield from ((f"check {key}", text["fr"]) for key, text in checks.texts().items())
    for kpi in KNOWN.kpis:
        yield f"definition {kpi.id}", kpi.definition["fr"]
        yield f"source {kpi.id}", kpi.sources.get("fr", "")


@pytest.mark.parametrize(("place", "text"), [*french_texts()])
def test_french_typography(place: str, text: str) -> None:
    prose = re.sub(
        r"(`[^`]*`|kpibar [a-z]+ .*$|\*\.csv|[a-z]+\.zip:[a-z]+|2\.5%|\[[^]]*\])", "", text, flags=re.MULTILINE
    )
    assert "'" not in prose, place
    assert not re.search(r"(?<!\u00a0)[:;?!%»]|«(?!\u00a0)", prose), place


def test_what_a_check_finds_has_the_same_placeholders_in_both_languages() -> None:
    for key, text in checks.texts().items():
        assert set(text) == {"en", "fr"} and placeholders(text["en"]) == placeholders(text["fr"]), key


def test_every_remark_says_the_same_in_both_languages() -> None:
    for code, texts in _sentences().items():
        assert set(texts) == {"en", "fr"}, code
        for form in ("one", "many"):
            assert placeholders(texts["en"][form]) == placeholders(texts["fr"][form]), code


def test_what_a_remark_is_about_is_in_french_too() -> None:
    gap = Remark("clock_gap", "first_reply_at before created_at", 2)
    assert "first_reply_at avant created_at, de cinq minutes" in remark_text(gap, "fr")
    others = Remark("brand_spelling", '"Les Brothers" (written "brothers")', 3)
    assert remark_text(others, "fr").endswith('lue comme "Les Brothers" (écrite "brothers")')
    assert remark_text(Remark("brand_spelling", "others", 3), "fr").endswith("lue comme d’autres marques")


def test_every_reason_of_a_reject_has_the_placeholders_of_its_english_text() -> None:
    for _, texts in _reasons_of_rejects():
        assert placeholders(texts["en"]) == placeholders(texts["fr"]), texts["en"]


@pytest.mark.parametrize("helper", HELPERS)
def test_what_a_column_should_hold_is_told_in_french(helper: str) -> None:
    reason = reject_reason(f"is not {HELPERS[helper].expects} with decimals after a comma", "fr")
    assert reason.startswith("n’est pas un") or reason.startswith("n’est pas oui")
    assert reason.endswith("à décimales après une virgule")


def test_a_reason_without_a_french_text_stays_as_it_is() -> None:
    assert reject_reason("it is odd", "fr") == "it is odd"
    assert reject_reason("its talk_s is negative", "fr") == "son talk_s est négatif"
    assert reject_reason("its talk_s is negative", "en") == "its talk_s is negative"


def test_a_single_thing_is_named_in_the_singular() -> None:
    assert [is_single(n, "fr") for n in (0, 1, 2)] == [True, True, False]
    assert [is_single(n, "en") for n in (0, 1, 2)] == [False, True, False]
    assert say_count("ingest_rejected", "fr", 0) == "0 rejeté"
    assert say_count("ingest_rejected", "fr", 1200) == "1\u202f200 rejetés"


def test_every_message_of_a_single_thing_has_one_of_several() -> None:
    for key in messages():
        if key.endswith("_one") and key.startswith(("ingest_", "forget_", "removal_", "status_", "check_", "rejects_")):
            assert key.removesuffix("_one") in messages()


# --- passports and layouts -------------------------------------------------------------------------------


@pytest.mark.parametrize("kpi", KNOWN.kpis, ids=lambda kpi: kpi.id)
def test_the_passport_of_a_kpi_is_whole_in_french(kpi: Any) -> None:
    assert set(kpi.definition) == {"en", "fr"}
    assert kpi.sources == {"en": "kpibar"} or set(kpi.sources) == {"en", "fr"} or kpi.source == "Reichheld, 2003"
    assert formula(kpi, "en") == kpi.formula
    numbers = [re.findall(r"\d+", text) for text in (kpi.definition["en"], kpi.definition["fr"])]
    assert set(numbers[0]) <= {*numbers[1], "0", "1"}, "both name the same thresholds"


@pytest.mark.parametrize("kind", KINDS)
def test_a_formula_is_one_of_its_kind_in_both_languages(kind: str) -> None:
    texts: Mapping[str, str] = messages()[f"passport_formula_{kind}"]
    assert texts["en"] == KINDS[kind].formula.replace(":g", "")  # type: ignore[index]


def test_every_built_in_layout_has_its_title_and_note_in_french() -> None:
    built_in = shelf(None).layouts
    notes = {name: {"title", *(["note"] if layout.note else [])} for name, layout in built_in.items()}
    assert {name: set(texts["fr"]) for name, texts in layout_texts().items()} == notes


# --- commands --------------------------------------------------------------------------------------------

ORDERS = "order_ref,ordered_at\nA1,2025-03-01 10:00:00\nA2,yesterday\n,2025-03-02 10:00:00\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with an export of which two of three orders cannot be loaded."""
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (tmp_path / "kpibar.toml").write_text('timezone = "Europe/Paris"\nlang = "fr"\n', encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    """What a command prints on both streams; it must end well."""
    done = kpibar(*arguments, folder=folder, KPIBAR_KEY_FILE=str(folder / "key"))
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_commands_speak_french_where_the_settings_say_so(shop: Path) -> None:
    loaded = run(shop, "ingest", "orders.csv", "--max-rejects", "90%")
    assert "commandes\u00a0: 3 enregistrements lus = 1 ajouté + 0 mis à jour + 0 inchangé + 2 rejetés" in loaded
    assert "orders.csv, ligne 4\u00a0: son identifiant ou sa date est vide" in loaded
    assert loaded.splitlines()[-1] == "1 fichier\u00a0: 1 ajouté, 0 mis à jour, 2 rejetés"
    listed = run(shop, "rejects")
    assert (
        "orders.csv, ligne 3\u00a0: colonne «\u00a0ordered_at\u00a0»\u00a0: «\u00a0aaaaaaaaa\u00a0» n’est pas une date"
        in listed
    )
    assert run(shop, "check") == "la base concorde avec son registre\n"
    assert "Fichiers\n" in run(shop, "status") and "Files\n" in run(shop, "status", "--lang", "en")
    assert run(shop, "remove", "orders.csv", "--dry-run").endswith("essai\u00a0: rien n’a été supprimé\n")
    assert "documenté" in run(shop, "layouts")
    # A list in French is known again as one of kpibar's, which may be written anew.
    run(shop, "rejects", "-o", "list.txt")
    assert (shop / "list.txt").read_text(encoding="utf-8") == listed
    run(shop, "rejects", "-o", "list.txt")
    for name in ("status", "rejects", "check", "kpis"):
        french, english = (json.loads(run(shop, name, "--json", "--lang", lang)) for lang in ("fr", "en"))
        assert french == english, name
    removed = run(shop, "purge", "--older-than", "1d", "--yes")
    assert removed.splitlines()[-1].endswith("réécrite sans 1 enregistrement")
    assert run(shop, "rejects", "--file", "orders.csv") == listed


@pytest.mark.long
def test_every_reject_of_the_sample_has_a_french_reason(sample: tuple[Path, list[Outcome]]) -> None:
    reasons = {reject.reason for outcome in sample[1] for reject in outcome.rejects}
    assert len(reasons) > 5
    assert not [reason for reason in reasons if reject_reason(reason, "fr") == reason]
