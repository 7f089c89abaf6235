"""The documentation says what the program does: commands parse and run, examples load, nothing is left out."""

import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from kpibar.cli.app import command
from kpibar.cli.demo import sample_files
from kpibar.config import Hours, Reporting, Settings, Thresholds, load
from kpibar.database.schema import ENTITIES, columns
from kpibar.kpis.catalogue import catalogue
from kpibar.layouts.layout import Layout, parse, shelf
from kpibar.topics.rules import reasons
from kpibar.values.functions import FUNCTIONS
from kpibar.values.helpers import HELPERS
from tests.support import REPOSITORY, kpibar
from tests.test_architecture import ROOMS

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
FRENCH = (REPOSITORY / "README.fr.md").read_text(encoding="utf-8")
DECISIONS = (REPOSITORY / "DECISIONS.md").read_text(encoding="utf-8")
LAYOUTS = (REPOSITORY / "kpibar/layouts/README.md").read_text(encoding="utf-8")
CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
SET_UP = [
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/kpibar demo",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a Markdown text in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def spans(text: str) -> list[str]:
    """The inline code of a Markdown text."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))


def shell_lines(text: str) -> list[str]:
    """The lines of the shell blocks of a Markdown text."""
    return [line for block in blocks(text, "sh") for line in block.splitlines()]


COMMANDS = [line for line in shell_lines(README) if line.startswith("kpibar ")]
MENTIONED = sorted({
    line
    for text in (README, FRENCH, DECISIONS, LAYOUTS, CHANGELOG)
    for line in (*shell_lines(text), *spans(text))
    if line.startswith("kpibar ")
})  # fmt: skip


def test_the_command_line_reference_is_not_stale() -> None:
    page = runpy.run_path(str(REPOSITORY / "docs/reference.py"))["page"]
    assert (REPOSITORY / "docs/cli.md").read_text(encoding="utf-8") == page(), "run python docs/reference.py"


def test_the_page_of_columns_is_not_stale() -> None:
    page = runpy.run_path(str(REPOSITORY / "docs/columns.py"))["page"]
    assert (REPOSITORY / "docs/columns.md").read_text(encoding="utf-8") == page(), "run python docs/columns.py"


def test_the_french_readme_is_the_english_one() -> None:
    """The same code, the same sections and tables, the same links: its commands run as those of the English one."""
    for pattern in (r"^```.*?^```$", r"^#+ ", r"^- ", r"^\| `"):
        parts = [re.findall(pattern, text, re.DOTALL | re.MULTILINE) for text in (README, FRENCH)]
        assert parts[0] == parts[1], pattern
    links = [re.findall(r"\]\(([^)]+)\)", text) for text in (README, FRENCH)]
    assert links[0][0] == "README.fr.md" and links[1][0] == "README.md" and links[0][1:] == links[1][1:]
    assert all((REPOSITORY / link).exists() for link in links[1])
    names = [{span for span in spans(text) if re.fullmatch(r"[a-z_]+", span)} for text in (README, FRENCH)]
    assert names[0] == names[1]


def test_the_french_readme_is_typed_as_french_is() -> None:
    prose = re.sub(r"^```.*?^```$|`[^`\n]+`|\]\([^)]*\)", "", FRENCH, flags=re.DOTALL | re.MULTILINE)
    assert "'" not in prose
    marks = re.sub(r"^\|[-|]+\|$", "", prose, flags=re.MULTILINE)
    assert not re.findall(r".*(?<!\u00a0)[:;?!%»].*|«(?!\u00a0)", marks.replace("![", "["))


def test_the_readme_sets_up_with_exactly_two_commands() -> None:
    assert [line for line in shell_lines(README) if "pip" in line or "venv" in line] == SET_UP


@pytest.mark.parametrize("line", MENTIONED)
def test_every_command_the_documentation_mentions_parses(line: str) -> None:
    tree: Any = command()
    root = tree.make_context("kpibar", [], resilient_parsing=True)
    words = shlex.split(line.partition(" | ")[0], comments=True)[1:]
    if words[0].startswith("-") or words[0] == "COMMAND":
        return
    known = tree.get_command(root, words[0])
    assert known is not None, f"{line}: no such command"
    known.make_context(words[0], words[1:], parent=root, resilient_parsing="--help" in words)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command of the README has been run, on the sample exports."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "exports").mkdir()
    for path in sample_files():
        shutil.copy(path, folder / "exports")
    for line in COMMANDS:
        if line.startswith("kpibar audit apply"):
            label_all(folder / line.split()[-1])
        words = [found for word in shlex.split(line, comments=True)[1:] for found in _expanded(word, folder)]
        ran = kpibar(*words, folder=folder, KPIBAR_KEY_FILE=str(folder / "key"), XDG_CONFIG_HOME=str(folder))
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
    return folder


def label_all(path: Path) -> None:
    """Write a label into each line of a sample, in its second column."""
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^([0-9]{4}-[0-9a-f-]+,),", r"\1no,", text, flags=re.MULTILINE), encoding="utf-8")


def _expanded(word: str, folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.glob(word)) if "*" in word else [word]


@pytest.mark.long
def test_the_commands_of_the_readme_run(reported: Path) -> None:
    assert {"kpibar.duckdb", "barometer.json", "barometer.csv"} <= {path.name for path in reported.iterdir()}


@pytest.mark.long
def test_the_python_of_the_readme_runs_on_what_the_commands_write(reported: Path) -> None:
    (program,) = blocks(README, "python")
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=reported, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "late_share" in ran.stdout


@pytest.mark.long
def test_jq_asks_for_keys_the_report_has(reported: Path) -> None:
    report = json.loads((reported / "barometer.json").read_text(encoding="utf-8"))
    known = _keys(report) | {kpi["id"] for kpi in report["kpis"]}
    filters = [shlex.split(line, comments=True) for line in shell_lines(README) if line.startswith("jq ")]
    asked = {name for words in filters for word in words for name in _asked(word)}
    assert asked <= known
    assert "wismo_rate" in asked


def _asked(text: str) -> list[str]:
    return [] if text.endswith(".json") else re.findall(r"\.([a-z_]+)", text)


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for inner in value.values() for key in _keys(inner)}
    if isinstance(value, list):
        return {key for inner in value for key in _keys(inner)}
    return set()


def test_the_table_of_layouts_is_complete() -> None:
    cells = (line.strip("| ").split(" | ") for line in README.splitlines() if line.startswith("| `"))
    table = {row[0].strip("`"): (set(re.findall(r"[a-z]+", row[3].partition(" (")[0])), row[4]) for row in cells}
    built_in = shelf(None).layouts
    assert table == {name: ({one.fills, *one.also}, one.status) for name, one in built_in.items()}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The README's kpibar.toml, as a file."""
    (text,) = (block for block in blocks(README, "toml") if "[thresholds]" in block)
    path = tmp_path / "kpibar.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_settings_load_with_all_they_refer_to(example: Path) -> None:
    settings = load(example).settings
    assert catalogue(settings).get("long_wait").own
    assert "Your order" in shelf(None, settings.layouts).get("zendesk-tickets").select["order_ref"]


def test_the_example_settings_show_every_setting_and_the_defaults(example: Path) -> None:
    written = tomllib.loads(example.read_text(encoding="utf-8"))
    assert set(written) == set(Settings.model_fields)
    assert written["thresholds"] == Thresholds().model_dump()
    # What is not set by default stands in comments: to state it is to take the margins of the catalogue away.
    assert written["reporting"] == Reporting().model_dump(exclude_none=True)
    unset = set(Reporting.model_fields) - set(written["reporting"])
    assert unset == {"practical_points", "practical_relative"}
    assert all(f"# {name} = " in example.read_text(encoding="utf-8") for name in unset)
    assert set(written["hours"]) == set(Hours.model_fields)


def test_the_example_settings_name_every_reason(example: Path) -> None:
    comment = example.read_text(encoding="utf-8").partition("[reasons]")[2].partition("[[files]]")[0]
    assert set(reasons()) <= set(re.findall(r"[a-z]+", comment))


def test_the_layouts_of_the_documentation_are_layouts() -> None:
    complete = [block for text in (README, LAYOUTS) for block in blocks(text, "toml") if re.match(r"name +=", block)]
    assert [parse(Path("my-calls.toml"), block.encode()).name for block in complete] == ["my-calls"] * 2


def test_the_second_table_of_the_documentation_is_one() -> None:
    (also,) = (block for block in blocks(LAYOUTS, "toml") if block.startswith("[also."))
    first = (
        'name = "tickets"\nfills = "contacts"\ndetect = ["Ticket id"]\n'
        "[select]\ncontact_id = 'text(\"Ticket id\")'\ncreated_at = 'instant(\"Created\")'\n"
    )
    assert set(parse(Path("tickets.toml"), (first + also).encode()).also) == {"surveys"}


def test_every_helper_and_key_of_a_layout_is_documented() -> None:
    helpers = {name for span in spans(LAYOUTS) for name in re.findall(r"^(\w+)\(", span)}
    keys = {match for span in spans(LAYOUTS) for match in re.findall(r"^\[{0,2}([a-z_]+)", span)}
    assert set(HELPERS) | {"lines"} <= helpers
    assert {field.alias or name for name, field in Layout.model_fields.items()} <= keys


def test_every_kpi_has_titles_and_an_entry_among_the_decisions() -> None:
    headings = "\n".join(re.findall(r"^### .*$", DECISIONS, re.MULTILINE))
    visible = [kpi for kpi in catalogue(Settings()).kpis if not kpi.hidden]
    assert [kpi.id for kpi in visible if not (kpi.title["en"] and kpi.title["fr"])] == []
    assert {kpi.id for kpi in visible} == set(spans(headings))


def test_the_decisions_name_nothing_undefined() -> None:
    known = {kpi.id for kpi in catalogue(Settings()).kpis} | set(reasons())
    known |= set(Thresholds.model_fields) | set(Reporting.model_fields) | set(Settings.model_fields)
    known |= {column for entity in ENTITIES for column in columns(entity)} | set(FUNCTIONS)
    tree: Any = command()
    known |= set(tree.commands) | {"forgotten", "identifier_masked", "low_base", "not_reached"}
    assert {span for span in spans(DECISIONS) if re.fullmatch(r"[a-z_]+", span)} <= known


@pytest.mark.parametrize(
    "page", ["README.md", "README.fr.md", "DECISIONS.md", "CHANGELOG.md", "docs/cli.md", "kpibar/layouts/README.md"]
)
def test_links_lead_somewhere(page: str) -> None:
    path = REPOSITORY / page
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_picture_fetches_nothing() -> None:
    drawn = (REPOSITORY / "docs/report.svg").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"')\s]+", drawn)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|@font-face|<script|url\((?!#)", drawn)


def test_the_page_on_the_house_names_what_is_there() -> None:
    page = (REPOSITORY / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+/[A-Za-z_/]*[.](?:py|toml|md|sql))`", page))
    assert len(named) > 30
    for name in named - {"kpis/FAMILY.toml"}:
        assert (REPOSITORY / "kpibar" / name).exists() or (REPOSITORY / name).exists(), name
    for file, function in re.findall(r"`([a-z_]+(?:/[a-z_]+)?[.]py)` `(\w+)`", page):
        assert f"def {function}(" in (REPOSITORY / "kpibar" / file).read_text(encoding="utf-8"), (file, function)
    masking = (REPOSITORY / "kpibar/kpis/masking.py").read_text(encoding="utf-8")
    assert "(`kpis/masking.py`)" in page and "def mask_bases(" in masking and "def mask_remainders(" in masking
    rooms = [name for line in page.splitlines() if line.startswith("| `") for name in spans(line.split("|")[1])]
    expected = [name for names in ROOMS for name in names if name != "__main__"]
    assert [name.rstrip("/").removesuffix(".py") for name in rooms] == expected
