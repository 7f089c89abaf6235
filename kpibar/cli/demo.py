"""The shipped sample exports, and how the demo ingests them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

# The day on which the sample was exported, which a user states with `ingest --as-of`.
EXPORTED_ON = "2026-01-15"


def sample_folder() -> Path:
    """The folder of the sample exports: inside the installed package, or beside it in a checkout."""
    folder = Path(str(files("kpibar").joinpath("sample_data")))
    return folder if folder.is_dir() else Path(__file__).resolve().parents[2] / "sample_data"


def sample_files() -> list[Path]:
    """The sample exports, by name."""
    return sorted(sample_folder().glob("*.csv"))


@contextmanager
def own_key(path: Path) -> Iterator[None]:
    """Use a key file beside a database made for trying: nothing is left in the user's settings.

    A database of real data refuses it, so that invented contacts never join real ones.
    """
    before = os.environ.get("KPIBAR_KEY_FILE")
    os.environ["KPIBAR_KEY_FILE"] = str(path.with_suffix(".key"))
    try:
        yield
    finally:
        if before is None:
            del os.environ["KPIBAR_KEY_FILE"]
        else:
            os.environ["KPIBAR_KEY_FILE"] = before


def try_next(db: Path | None, lang: str) -> str:
    """The commands to try after the demo."""
    from kpibar.render.messages import say

    first = [] if db else ["kpibar demo --db demo.duckdb", ""]
    name = db or "demo.duckdb"
    settings = "sample_data/kpibar.toml" if Path("sample_data/kpibar.toml").exists() else ""
    flag = f" --config {settings}" if settings else ""
    commands = (
        f"kpibar report --db {name}{flag} --by carrier --kpi late_share --kpi wismo_rate",
        f"kpibar report --db {name}{flag} --json | jq '.kpis | INDEX(.id) | .wismo_rate.value'",
        f"kpibar status --db {name}{flag}",
        "kpibar kpis late_share",
    )
    lines = (f"  {line}".rstrip() for line in (*first, *commands))
    return "\n".join(["", say("demo_damaged", lang), "", say("demo_next", lang), *lines])
