"""Data goes one way: a module imports only what stands above it; nobody prints but the command line."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "kpibar"

# From the top of the house down. A module may import its own layer and those above it.
LAYERS = (
    ("numbering",),
    ("personal",),
    ("brands", "errors", "errors_database", "functions", "interrupts", "scratch", "showing", "toml"),
    ("errors_erasure", "errors_files"),
    ("config", "engine"),
    ("syntax",),
    ("formulas", "migrations"),
    ("store",),
    ("ingest",),
    ("model",),
    ("kpis",),
    ("intervals",),
    ("estimates", "editions", "coverage", "deliveries", "duplicates", "selection"),
    ("reach",),
    ("succession",),
    ("desk",),
    ("comparing",),
    ("measuring",),
    ("barometer",),
    ("sharing",),
    ("standing", "checking", "rewrite", "people"),
    ("erasure", "removal"),
    ("rotation",),
    ("render",),
    ("demo", "options", "outputs", "overwriting", "streams"),
    ("withdrawals",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)


def layer(path: Path) -> str:
    """The layer of a module: the first step of its name inside the package."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    """The layers a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" if node.module == "kpibar" else node.module for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("kpibar.") and name != "kpibar.__version__"}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_upwards(path: Path) -> None:
    own = RANK[layer(path)]
    downward = {name for name in imports(path) if RANK[name] > own}
    assert not downward, f"{path.name} ({layer(path)}) reaches down to {downward}"


def test_every_module_has_its_layer() -> None:
    assert {layer(path) for path in MODULES} == set(RANK)


def test_the_check_sees_a_downward_import(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f() -> None:\n    from kpibar.render.terminal import render\n    import kpibar.cli.app\n")
    assert imports(bad) == {"render", "cli"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints(path: Path) -> None:
    if path.name in ("cli.py", "streams.py"):
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
