"""`rotate-key`: the old database and key stay in force until a new database has every file under the new key."""

from pathlib import Path

from typer.testing import CliRunner

from kpibar.cli.app import app
from kpibar.removal.errors import RotationIncomplete
from tests.erasures import faults, invoke, rows
from tests.reproducers import DATABASE
from tests.support import table

CONTACTS = "| contact_id | created_at | channel | customer |\n| T{n} | 2025-03-01 | email | {who}@example.org |\n"
NEW = "kpibar.new.duckdb"


def test_another_key(folder: Path) -> None:
    for n, who in ((1, "anna"), (2, "jean")):
        (folder / f"{who}.csv").write_text(table(CONTACTS.format(n=n, who=who)), encoding="utf-8")
        assert invoke(folder, "ingest", str(folder / f"{who}.csv"), "--tz", "UTC").exit_code == 0
    assert invoke(folder, "forget", "--email", "jean@example.org", "--yes").exit_code == 0
    before, old = (folder / DATABASE).read_bytes(), (folder / "key").read_bytes()
    told = invoke(folder, "rotate-key").stderr
    assert '"anna.csv" --tz UTC' in told and '"jean.csv" --tz UTC' in told and "persons were forgotten" in told
    assert invoke(folder, "rotate-key").exit_code == 0  # the new key stays the same
    new = (folder / "key.new").read_bytes()
    assert new != old and (folder / "key.new").stat().st_mode & 0o777 == 0o600

    def under_new(*arguments: str) -> None:
        environment = {"KPIBAR_KEY_FILE": str(folder / "key.new"), "KPIBAR_DB": str(folder / NEW)}
        assert CliRunner().invoke(app, list(arguments), env=environment).exit_code == 0

    def refused() -> str:
        error = invoke(folder, "rotate-key", "--finish").exception
        assert isinstance(error, RotationIncomplete)
        assert (folder / DATABASE).read_bytes() == before and (folder / "key").read_bytes() == old
        return str(error)

    assert "it is not there" in refused()
    under_new("ingest", str(folder / "anna.csv"), "--tz", "UTC")
    assert "it lacks jean.csv" in refused()
    under_new("ingest", str(folder / "jean.csv"), "--tz", "UTC")
    assert "and nobody in this one" in refused()
    under_new("forget", "--email", "jean@example.org", "--yes")
    held = rows(folder / NEW)
    assert invoke(folder, "rotate-key", "--finish").exit_code == 0
    assert (folder / "key").read_bytes() == new and (folder / "key.old").read_bytes() == old
    assert not (folder / NEW).exists() and not (folder / "key.new").exists()
    assert rows(folder / DATABASE) == held and faults(folder / DATABASE) == []
    # A run that ended before the key took its place is ended by the next one.
    (folder / "key").rename(folder / "key.new")
    assert invoke(folder, "rotate-key", "--finish").exit_code == 0
    assert (folder / "key").read_bytes() == new
    assert "already ingested" in invoke(folder, "ingest", str(folder / "anna.csv")).stderr
