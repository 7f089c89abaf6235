"""Settings that changed since a file was read are said by report and status, which refuse what ingest refuses."""

import json
from pathlib import Path

import pytest

from kpibar.config import load
from kpibar.database.store import open_store
from kpibar.errors import ConfigInvalid
from kpibar.layouts.errors import LayoutInvalid, LayoutUnknown
from kpibar.load.ingest import ingest
from kpibar.load.outcome import Options
from kpibar.render.listings import status_json, status_text
from kpibar.render.terminal import Screen, render
from kpibar.status import database_status
from tests.support import AS_OF, ingest_tables, report, settings

CONTACTS = (
    "contact_id,created_at,channel,reason_raw\n1,2025-03-03 10:00:00,email,C01\n2,2025-03-04 10:00:00,email,C02\n"
)
ORDERS = "order_ref,ordered_at\n1,2025-03-01 10:00:00\n"
LAYOUT = """name = "tool"
fills = "contacts"
detect = ["ticket", "opened", "via"]
[select]
contact_id = 'text("ticket")'
created_at = 'instant("opened")'
channel = 'enum("via", "channel")'
[enum.channel]
mail = "{channel}"
"""
TOOL = "ticket,opened,via\n9,2025-03-05 10:00:00,mail\n"


def codes(folder: Path) -> dict[str, str]:
    config = load(folder / "kpibar.toml")
    found = report(folder, config)
    text = render(found, "en", Screen())
    with open_store(folder / "test.duckdb", write=False) as store:
        held = database_status(store, config)
    listed = {one["setting"]: ", ".join(one["files"]) for one in json.loads(status_json(held))["settings_changed"]}
    said = {note.code: str(note.values["files"]) for note in found.notes if note.code.endswith("_changed")}
    assert {f"{setting}_changed": files for setting, files in listed.items()} == said
    assert ("again" in text) == ("again" in status_text(held)) == bool(said)
    return said


@pytest.mark.long
def test_each_setting_that_changed_names_its_files_until_they_are_read_again(folder: Path) -> None:
    (folder / "layouts").mkdir()
    layout = folder / "layouts" / "tool.toml"
    layout.write_text(LAYOUT.replace("{channel}", "email"), encoding="utf-8")
    exports = {"c.csv": CONTACTS, "o.csv": ORDERS, "t.csv": TOOL}
    ingest_tables(folder, exports, settings(folder), AS_OF)
    assert codes(folder) == {}
    settings(folder, "[targets]\nlate_share = 0.1\n")
    assert codes(folder) == {}
    settings(folder, '[reasons]\nC01 = "wismo"\n')
    assert codes(folder) == {"reasons_changed": "c.csv, t.csv"}
    settings(folder, '[hours]\nmonday = "09:00-18:00"\n')
    assert codes(folder) == {"hours_changed": "c.csv, t.csv"}
    settings(folder, "[layouts.kpibar-orders]\ncountry = \"'FR'\"\n")
    assert codes(folder) == {"layout_changed": "o.csv"}
    settings(folder)
    layout.write_text(LAYOUT.replace("{channel}", "chat"), encoding="utf-8")
    assert codes(folder) == {"layout_changed": "t.csv"}
    layout.unlink()
    assert codes(folder) == {"layout_changed": "t.csv"}
    layout.write_text(LAYOUT.replace("{channel}", "chat"), encoding="utf-8")
    config = settings(folder, '[reasons]\nC01 = "wismo"\n')
    with open_store(folder / "test.duckdb", write=True) as store:
        ingest(store, [folder / name for name in exports], config, Options(as_of=AS_OF))
    assert codes(folder) == {}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("more", "layout", "error"),
    [
        ('[reasons]\nC01 = "wizmo"\n', "", ConfigInvalid),
        ("[layouts.nowhere]\ncountry = \"'FR'\"\n", "", LayoutUnknown),
        ("", 'name = "tool"\n', LayoutInvalid),
    ],
)
def test_report_and_status_refuse_the_settings_that_ingest_refuses(
    folder: Path, more: str, layout: str, error: type[Exception]
) -> None:
    ingest_tables(folder, {"c.csv": CONTACTS}, settings(folder), AS_OF)
    if layout:
        (folder / "layouts").mkdir()
        (folder / "layouts" / "tool.toml").write_text(layout, encoding="utf-8")
    config = settings(folder, more)
    with open_store(folder / "test.duckdb", write=False) as store, pytest.raises(error) as by_status:
        database_status(store, config)
    with pytest.raises(error) as by_report:
        report(folder, config)
    with open_store(folder / "test.duckdb", write=True) as store, pytest.raises(error) as by_ingest:
        ingest(store, [folder / "c.csv"], config, Options())
    assert str(by_report.value) == str(by_status.value) == str(by_ingest.value)
