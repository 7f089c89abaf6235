"""Data goes one way: a room imports only from rooms before it; nobody prints but the command line."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "kpibar"

# From the right of the house to its left. A room imports from its own and those before it.
ROOMS = (
    ("privacy",),
    ("errors", "toml", "brands"),
    ("config",),
    ("database",),
    ("read", "model"),
    ("values",),
    ("kpis",),
    ("topics",),
    ("layouts",),
    ("plausibility",),
    ("measure",),
    ("load",),
    ("status", "checks"),
    ("answers", "audit", "removal"),
    ("render",),
    ("api",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(ROOMS) for name in names}
# How many files stand in a room at most: loading has the most nouns of its own, and each format and answer has a file.
MOST_FILES, MOST_OF_ROOM, MOST_AT_THE_ROOT = 20, {"load": 24, "render": 24}, 10
# What the package itself defines.
PLAIN = ("kpibar.__version__", "kpibar.DEFAULT_DATABASE")
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)


def room(path: Path) -> str:
    """The room of a module: the first step of its name inside the package."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    """The rooms a module imports from, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" if node.module == "kpibar" else node.module for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("kpibar.") and name not in PLAIN}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_from_the_rooms_before_it(path: Path) -> None:
    own = room(path)
    later = {name for name in imports(path) if name != own and RANK[name] >= RANK[own]}
    assert not later, f"{path.relative_to(PACKAGE)} imports from {', '.join(sorted(later))}"


def test_every_module_has_its_room() -> None:
    assert {room(path) for path in MODULES} == set(RANK)


def own_order(folder: Path) -> list[list[str]]:
    """The order of a room's files as its docstring draws it, a line of names each."""
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    drawn = text.partition("Its own order, each line standing on those above it:")[2]
    return [line.split() for line in drawn.replace("\n      ", " ").splitlines() if line.strip()]


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in PACKAGE.glob("*/__init__.py")), ids=lambda path: path.name
)
def test_a_room_keeps_the_order_its_docstring_draws(folder: Path) -> None:
    files = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py") if path.name != "__init__.py"}
    for inner in folder.glob("*/__init__.py"):
        files[inner.parent.name] = "".join(path.read_text(encoding="utf-8") for path in inner.parent.glob("*.py"))
    lines = own_order(folder)
    if len(files) > 1:
        assert sorted(name for line in lines for name in line) == sorted(files)
    before: set[str] = set()
    for line in lines:
        for name in line:
            text = files[name]
            beside = set(re.findall(rf"from kpibar[.]{folder.name}[.](\w+)(?:[.]\w+)* import", text))
            beside |= {
                word
                for names in re.findall(rf"from kpibar[.]{folder.name} import ([\w, ]+)", text)
                for word in re.findall(r"\w+", names)
            } & set(files)
            assert beside - {name} <= before, f"{folder.name}/{name} imports {', '.join(sorted(beside - before))}"
        before |= set(line)


def test_no_room_is_a_drawer() -> None:
    files = Counter(path.parent.name for path in PACKAGE.glob("*/*.py") if path.name != "__init__.py")
    crowded = {name: count for name, count in files.items() if count > MOST_OF_ROOM.get(name, MOST_FILES)}
    assert not crowded
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_AT_THE_ROOT


@pytest.mark.parametrize("name", ["repair", "shapes", "last_record"])
def test_reading_stands_without_repairs(name: str) -> None:
    """Who takes the repairs out of the house leaves `read/` as it is."""
    files = [path for path in MODULES if room(path) == "read"]
    assert files
    for path in files:
        assert not re.search(rf"import .*\b{name}\b|kpibar\.(load|layouts)\b", path.read_text(encoding="utf-8")), path


def kind_questions(path: Path) -> list[int]:
    """The lines of a module that compare the kind of a KPI, or look something up by it."""
    lines = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        sides += [node.subject] if isinstance(node, ast.Match) else []
        sides += [node.slice] if isinstance(node, ast.Subscript) else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            sides += node.args
        lines += [
            side.lineno
            for side in sides
            if isinstance(side, ast.Attribute) and side.attr == "kind" and "KINDS" not in ast.unparse(node)
        ]
    return lines


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room(path) in ("kpis", "measure", "render", "api", "cli", "status")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)  # fmt: skip
def test_no_module_asks_for_the_kind_of_a_kpi(path: Path) -> None:
    """What differs between kinds stands in their entries (`kpis/kinds.py`), nowhere else."""
    assert path.name == "kinds.py" or not kind_questions(path)


def test_the_check_sees_a_question_of_kind(tmp_path: Path) -> None:
    questions = (
        'kpi.kind == "mix"',
        'row.kpi.kind not in ("count", "mix")',
        '{"mix": 1}.get(kpi.kind)',
        "WORDS[kpi.kind]",
    )
    for place, question in enumerate(questions):
        bad = tmp_path / f"bad{place}.py"
        bad.write_text(f"def f(kpi: object) -> object:\n    return {question}\n")
        assert kind_questions(bad) == [2], question


def test_the_check_sees_an_import_within_a_function(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f() -> None:\n    from kpibar.render.terminal import render\n    import kpibar.cli.app\n")
    assert imports(bad) == {"render", "cli"}


def test_only_the_terminal_and_the_command_line_know_rich() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if room(path) != "cli" and re.search(r"^\s*(from|import) rich\b", path.read_text(encoding="utf-8"), re.M)
    }
    assert users == {"render/grid.py", "render/terminal.py"}


def test_a_table_stands_without_terminal_and_database() -> None:
    text = (PACKAGE / "render/table.py").read_text(encoding="utf-8")
    assert set(re.findall(r"^\s*(?:from|import) ([a-z_]+)", text, re.M)) == {"collections", "dataclasses", "typing"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints(path: Path) -> None:
    if room(path) == "cli":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("print", "sys.stdout.write", "sys.stderr.write"), path


def test_nothing_reaches_for_the_network() -> None:
    """No module imports a network library."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & {"socket", "urllib", "http", "requests", "httpx"}, path


def test_files_and_functions_stay_small() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 600, f"{path.name} is doing two things"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path.name}: {node.name} is doing two things"
