"""`check` reads every block: a bit that is flipped in any of them is told, where it is of any use."""

import shutil
from pathlib import Path

import duckdb
import pytest

from kpibar.checks import check
from kpibar.config import load
from kpibar.database.store import open_store
from kpibar.errors import KpibarError
from tests.support import REPOSITORY, SETTINGS, kpibar

SHOP = REPOSITORY / "tests" / "fixtures" / "schema" / "shop"
DATABASE = "kpibar.duckdb"
HEADERS, BLOCK = 3 * 4096, 1 << 18


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of all tables, and its settings."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "kpibar.toml").write_text(SETTINGS, encoding="utf-8")
    done = kpibar("ingest", *map(str, sorted(SHOP.glob("*.csv"))), folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


def flipped(shop: Path, folder: Path, spot: int) -> Path:
    """A copy of the database with one bit turned."""
    path = folder / DATABASE
    content = bytearray((shop / DATABASE).read_bytes())
    content[spot] ^= 4
    path.write_bytes(content)
    return path


def is_told(path: Path, config: Path) -> bool:
    settings = load(config).settings
    try:
        with open_store(path, write=False) as store:
            return any(one.code == "damage" and not one.note for one in check(store, settings.thresholds))
    except KpibarError:
        return True


@pytest.mark.long
def test_a_flipped_bit_in_any_block_that_is_used_is_told(shop: Path, folder: Path) -> None:
    """Of each block one bit; all are told but those of the blocks that are free."""
    with duckdb.connect(str(shop / DATABASE), read_only=True) as database:
        _, _, _, blocks, _, free, *_ = database.execute("PRAGMA database_size").fetchone() or ()
    unnoticed = [
        block
        for block in range(blocks)
        if not is_told(flipped(shop, folder, HEADERS + block * BLOCK + 1000 + 37 * block), shop / "kpibar.toml")
    ]
    assert len(unnoticed) <= free < blocks / 2


@pytest.mark.parametrize("spot", [9, 600, 4096 + 100, 8192 + 3000])
def test_a_flipped_bit_in_a_header_is_told(shop: Path, folder: Path, spot: int) -> None:
    assert is_told(flipped(shop, folder, spot), shop / "kpibar.toml")


@pytest.mark.long
def test_damage_is_a_fault_with_the_table_and_what_to_do(shop: Path, folder: Path) -> None:
    """Fact tables, which nothing but a report reads, and indexes, which nothing but an ingest does, among them."""
    shutil.copy(shop / "kpibar.toml", folder)
    with duckdb.connect(str(shop / DATABASE), read_only=True) as database:
        places = {
            table: database.execute(
                "SELECT max(block_id) FROM pragma_storage_info(?) WHERE persistent AND block_id >= 0", [table]
            ).fetchall()[0][0]
            for table in ("contacts", "rejects", "fact_orders", "fact_people")
        }
    for table, block in places.items():
        if block is None:
            continue
        flipped(shop, folder, HEADERS + block * BLOCK + 5000)
        done = kpibar("check", folder=folder)
        assert done.returncode == 3 and not done.stderr, (table, done.stderr)
        assert "fault: table " in done.stdout and "put back a copy of the database" in done.stdout
        assert "agrees" not in done.stdout
    assert sum(block is not None for block in places.values()) > 1
