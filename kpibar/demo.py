"""The shipped sample exports, and how the demo ingests them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path


def sample_folder() -> Path:
    """The folder of the sample exports: inside the installed package, or beside it in a checkout."""
    installed = Path(str(files("kpibar").joinpath("sample_data")))
    return installed if installed.is_dir() else Path(__file__).resolve().parent.parent / "sample_data"


def sample_files() -> list[Path]:
    """The sample exports, by name."""
    return sorted(sample_folder().glob("*.csv"))


@contextmanager
def own_key(path: Path) -> Iterator[None]:
    """Use a key file beside the demo's database, so that trying kpibar leaves nothing in the user's settings."""
    before = os.environ.get("KPIBAR_KEY_FILE")
    os.environ["KPIBAR_KEY_FILE"] = before or str(path.with_suffix(".key"))
    try:
        yield
    finally:
        if before is None:
            del os.environ["KPIBAR_KEY_FILE"]
