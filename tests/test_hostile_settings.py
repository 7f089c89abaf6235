"""A layout or kpibar.toml of somebody else: what it tries is refused in words, and the pseudonym key stays."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from kpibar.cli.console import failure
from kpibar.config import Settings, load
from kpibar.database.engine import DuckDB, EngineError
from kpibar.database.key import Key, bind, padded_keys
from kpibar.database.store import open_store
from kpibar.errors import ConfigInvalid, KpibarError
from kpibar.kpis.catalogue import DIMENSIONS, Kpi, catalogue
from kpibar.kpis.compute import additive_cells, run_statement
from kpibar.kpis.errors import KpiInvalid
from kpibar.kpis.estimates import Window
from kpibar.kpis.facts import FACTS
from kpibar.kpis.time_cells import read_times, times_statement
from kpibar.layouts.errors import LayoutInvalid
from kpibar.layouts.layout import parse, shelf
from kpibar.layouts.settings import checked_settings
from kpibar.model.build import build
from kpibar.values.helpers import pseudonym
from tests.fragments import EXPRESSIONS
from tests.fragments import NAMES as TEXTS
from tests.intake import held, take_text, write
from tests.support import kpibar

DAY = "2025-03-01 10:00:00"
CONTACTS = f"contact_id,created_at,a\n1,{DAY},x\n"


def layout(brand: str = "'x'", *, keep: str = "", where: str = "", left: str = "", more: str = "") -> bytes:
    """A layout with an expression in one of its places."""
    top = f"keep = {json.dumps(keep)}\n" if keep else ""
    text = f"""name = "own"\nfills = "contacts"\ndetect = ["contact_id", "a"]\nzone = "UTC"\n{top}{more}[select]
contact_id = 'text("contact_id")'\ncreated_at = 'instant("created_at")'\nbrand = {json.dumps(brand)}
[also.surveys]\nwhere = {json.dumps(where or "TRUE")}\n[also.surveys.select]\nsurvey_id = 'text("contact_id")'
"""
    text += f'[[assert]]\nname = "x"\nleft = {json.dumps(left)}\nright = "1"\n' if left else ""
    return text.encode("utf-8")


def refusal(content: bytes) -> str:
    """What is said of a layout that is refused."""
    with pytest.raises(LayoutInvalid) as caught:
        parse(Path("own.toml"), content)
    return str(caught.value)


@pytest.mark.sample(40)
@pytest.mark.parametrize("fragment", [one for one in EXPRESSIONS if one], ids=lambda one: repr(one)[:40])
def test_what_is_no_expression_is_refused_wherever_a_layout_holds_one(fragment: str) -> None:
    places = {
        "[select] brand": {"brand": fragment},
        "keep": {"keep": fragment},
        "[also.surveys] where": {"where": fragment},
        '[[assert]] "x" left': {"left": fragment},
    }
    if fragment not in ("1, 2", "1)) + ((1"):  # further arguments, and another expression
        places["[select] brand: "] = {"brand": f'num(coalesce("a", {fragment}))'}
    for place, given in places.items():
        text = refusal(layout(**given))
        assert text.startswith("own.toml: not a valid layout: "), text
        assert place in text and len(text) < 600 and "\n" not in text, text


KPI = """
[kpis.mine]
title = {{ en = "x" }}
kind = "{kind}"
from = "contacts"
date = "created_on"
unit = "count"
hit = "TRUE"
against = "TRUE"
value = "1"
over = "channel"
"""
KINDS = {"where": "count", "hit": "rate", "against": "net", "value": "mean"}
NAMES = {
    "date": "count",
    "over": "mix",
    "cluster": "count",
    "from": "count",
    "gate": "count",
    "maturity_parameter": "count",
}


def own_kpi(folder: Path, name: str, text: str, kind: str) -> str:
    """What is said of an own KPI with a text in one of its fields."""
    lines = [line for line in KPI.format(kind=kind).splitlines() if not line.startswith(f"{name} = ")]
    path = write(folder, "kpibar.toml", "\n".join([*lines, f"{name} = {json.dumps(text)}"]))
    with pytest.raises(KpibarError) as caught:
        catalogue(load(path).settings)
    return str(caught.value)


@pytest.mark.sample(10)
@pytest.mark.parametrize("fragment", [one for one in EXPRESSIONS if one], ids=lambda one: repr(one)[:40])
def test_what_is_no_expression_is_refused_wherever_an_own_kpi_holds_one(folder: Path, fragment: str) -> None:
    for name, kind in KINDS.items():
        text = own_kpi(folder, name, fragment, kind)
        assert f"[kpis.mine] of kpibar.toml: not a valid KPI: {name}: " in text, text
        assert len(text) < 600 and "\n" not in text, text
    for name, kind in NAMES.items():
        text = own_kpi(folder, name, fragment, kind)
        assert len(text.replace(fragment, "")) < 2000 and "Traceback" not in text, text


@pytest.mark.parametrize(
    "column", ["person_key", "order_id", "contact_uid", "fact_contacts", "no_such", "coalesce(team, contact_uid)"]
)
def test_an_own_kpi_is_broken_down_by_a_column_of_many_records(folder: Path, column: str) -> None:
    assert "expected one of" in own_kpi(folder, "over", column, "mix")


OWN = """name = "own"\nfills = "contacts"\ndetect = ["contact_id", "a"]\nzone = "UTC"\n{top}
[select]\ncontact_id = 'text("contact_id")'\ncreated_at = 'instant("created_at")'\n{more}"""
# Where a layout takes a few words alone: any other is refused before a file is read.
LAYOUTS = {
    "zone": ('zone = "UTC"', "zone = {}"),
    "formats": ('zone = "UTC"', "formats = [{}]"),
    "decimal": ('zone = "UTC"', "decimal = {}"),
    "date_order": ('zone = "UTC"', "date_order = {}"),
    "fills": ('fills = "contacts"', "fills = {}"),
    "grain": ('zone = "UTC"', "grain = {}"),
    "a column": ("[select]", "[select]\n{} = 'text(\"a\")'"),
    "a table": ("[select]", "[also.{}]\nwhere = 'TRUE'\n[select]"),
    "a key": ("[select]", "{} = 1\n[select]"),
    "the name of an enum": ("[select]", '[select]\nteam = \'enum("a", "x")\'\n[enum.{}]\n[select]'),
}
SETTINGS = {
    "a reason": "[reasons]\nx = {}",
    "a layout": "[layouts.{}]\nbrand = \"'x'\"",
    "a column of a layout": "[layouts.kpibar-contacts]\n{} = \"'x'\"",
    "a numerator": "[kpis.mine]\ntitle = {{ en = 'x' }}\nkind = 'ratio'\nunit = 'count'\nnumerator = {}\n"
    "denominator = 'contacts'",
    "a denominator": "[kpis.mine]\ntitle = {{ en = 'x' }}\nkind = 'ratio'\nunit = 'count'\nnumerator = 'contacts'\n"
    "denominator = {}",
    "a KPI": "[kpis.{}]\ntitle = {{ en = 'x' }}\nkind = 'count'\nunit = 'count'\nfrom = 'contacts'\n"
    "date = 'created_on'",
    "a target": "[targets]\n{} = 1",
    "days": "[maturity_days]\n{} = 1",
    "a project": "project = {}",
    "a calling code": "country_calling_code = {}",
}


def refused_in_words(error: KpibarError) -> None:
    """What is said is one line, short, without control signs."""
    line = failure(error)
    assert len(line) < 1500 and not any(sign in line for sign in "\n\x00\x1b\u202e\u2028"), line


@pytest.mark.parametrize("place", LAYOUTS)
def test_what_is_no_word_of_a_layout_is_refused(place: str) -> None:
    before, after = LAYOUTS[place]
    for text in TEXTS:
        content = OWN.format(top="", more="").replace(before, after.format(json.dumps(text)), 1)
        with pytest.raises(LayoutInvalid) as caught:
            parse(Path("own.toml"), content.encode())
        refused_in_words(caught.value)


@pytest.mark.sample(4)
@pytest.mark.parametrize("place", SETTINGS)
def test_what_is_no_word_of_the_settings_is_refused(folder: Path, place: str) -> None:
    for text in TEXTS:
        if place in ("a KPI", "a project") and text in ("cell_0", "rowid"):  # words like any other
            continue
        content = SETTINGS[place].format(json.dumps(text))
        with pytest.raises(KpibarError) as caught:
            used = load(write(folder, "kpibar.toml", content))
            catalogue(used.settings)
            shelf(folder, used.settings.layouts)
            checked_settings(used)
        refused_in_words(caught.value)


def test_names_that_may_be_any_text_are_texts(folder: Path) -> None:
    """Titles, enum keys and words, formats, columns read, reasons, brands, rules: the records are what they were."""
    words = [text for text in TEXTS if "\x00" not in text]
    lines = "\n".join(f"{json.dumps(text)} = {json.dumps(text)}" for text in words)
    reasons = "\n".join(f'{json.dumps(text)} = "wismo"' for text in words)
    formats = ", ".join(json.dumps(f"%Y-%m-%d {text}") for text in words if "%" not in text)
    columns = [text for text in words if not any(sign < " " or sign in '"\u2028' for sign in text)]
    read = "".join(f', text("{name}")' for name in columns)
    top = f"title = {lines.split(' = ')[0]}\nfields = [{', '.join(map(json.dumps, words))}]\nformats = [{formats}]\n"
    own = OWN.format(
        top=top,
        more=f"""team = 'enum("a", "x")'\nqueue = {json.dumps(f'coalesce(text("a"){read})')}
[enum.x]\n{lines}\n[[assert]]\nname = {json.dumps(words[0])}\nleft = "1"\nright = "1"\n""",
    )
    write(folder, "layouts/own.toml", own)
    rules = "".join(f"[[files]]\nmatch = {json.dumps(text)}\nbrand = {json.dumps(text)}\n" for text in words)
    brands = "\n".join(f"{json.dumps(text)} = {json.dumps('B' + text)}" for text in words)
    conf = f'timezone = "UTC"\n[reasons]\n{reasons}\n[brands]\n{brands}\n{rules}'
    settings = load(write(folder, "kpibar.toml", conf))
    assert take_text(folder, CONTACTS + f'2,{DAY},"{words[0]}"\n', settings=settings).counts.added == 2
    assert held(folder, "SELECT contact_id, team, queue FROM contacts ORDER BY 1") == [
        ("1", "other", "x"), ("2", words[0], words[0]),
    ]  # fmt: skip


@pytest.mark.parametrize("entry", ["needs = [{}]", "group = {}"])
def test_a_column_that_a_layout_needs_and_a_file_lacks_is_named(folder: Path, entry: str) -> None:
    for text in ("no such column", TEXTS[2], TEXTS[4]):
        write(folder, "layouts/own.toml", OWN.format(top=entry.format(json.dumps(text)), more=""))
        with pytest.raises(KpibarError) as caught:
            take_text(folder, CONTACTS, layout="own")
        refused_in_words(caught.value)
        assert text in str(caught.value) and "Binder" not in str(caught.value)


@pytest.mark.long
def test_words_of_a_layout_are_no_code(folder: Path) -> None:
    """Texts that look like the marks and columns of the statements around them are stored as they are."""
    odd = ["t.h0", "{c0}", "{source}", "cell_0", "{0}", "'' || t.h0 || ''", "$key", "it''s; --"]
    columns = ["brand", "queue", "team", "lang"]
    for start in range(0, len(odd), len(columns)):
        words = dict(zip(columns, odd[start:], strict=False))
        text = 'name = "own"\nfills = "contacts"\ndetect = ["contact_id", "a"]\nzone = "UTC"\n[select]\n'
        text += (
            "contact_id = 'text(\"contact_id\")'\ncreated_at = 'instant(\"created_at\")'\ncustomer_key = 'pii(\"a\")'\n"
        )
        text += "".join(f"{name} = \"CASE WHEN '{word}' <> '' THEN '{word}' END\"\n" for name, word in words.items())
        write(folder, "layouts/own.toml", text)
        assert take_text(folder, CONTACTS).counts.added == 1
        row = held(folder, f"SELECT {', '.join(words)} FROM contacts")[0]
        assert row == tuple(word.replace("''", "'") for word in words.values())
        (folder / "test.duckdb").unlink()


def keys(secret: bytes) -> list[bytes]:
    """Every form in which a key may be written: whole or padded, as bytes, hexadecimal or base64."""
    found = []
    for one in (secret, *padded_keys(secret).values()):
        # The last signs of base64 depend on what follows.
        found += [one, one.hex().encode(), one.hex().upper().encode(), base64.b64encode(one)[:40]]
    return [one[:40] for one in found]


def test_the_key_never_leaves(folder: Path) -> None:
    """An export with identifiers is read, hostile layouts are tried; nothing that was written holds the key."""
    write(folder, "good.csv", f"contact_id,created_at,channel,customer\n1,{DAY},email,a@b.fr\n")
    write(folder, "bad.csv", CONTACTS)
    write(folder, "kpibar.toml", 'timezone = "UTC"\n')
    environment = {"KPIBAR_KEY_FILE": str(folder / "secret/key"), "TMPDIR": str(folder)}
    first = kpibar("ingest", "good.csv", "--db", "x.db", folder=folder, **environment)
    assert first.returncode == 0, first.stderr
    secret = (folder / "secret/key").read_bytes()
    said = [first]
    for attempt in ("hex(getvariable('key_inner'))", "E'\\'' || current_query() || '\\''", "$inner_0"):
        write(folder, "layouts/own.toml", layout(f'coalesce({attempt}, "a")'))
        said.append(kpibar("ingest", "bad.csv", "--db", "x.db", folder=folder, **environment))
        assert said[-1].returncode == 1
        assert said[-1].stderr.splitlines()[-1].startswith("kpibar: ") and "Traceback" not in said[-1].stderr
    (folder / "layouts/own.toml").unlink()
    write(folder, "kpibar.toml", 'timezone = "UTC"\n[layouts.kpibar-contacts]\nbrand = "getvariable(\'key_inner\')"\n')
    said.append(kpibar("ingest", "good.csv", "--db", "x.db", folder=folder, **environment))
    assert "[layouts.kpibar-contacts]" in said[-1].stderr
    written = [path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.parent.name != "secret"]
    written += [(run.stdout + run.stderr).encode() for run in said]
    for form in keys(secret):
        assert not any(form in content for content in written)


def test_no_statement_can_list_the_key(folder: Path) -> None:
    """Even SQL that is no expression finds no variable and no setting with the key."""
    secret = bytes(range(32))
    with open_store(folder / "x.duckdb", write=True) as store:
        bind(store, Key(folder / "key", secret))
        rows = store.engine.rows("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM duckdb_variables()")
        rows += store.engine.rows("SELECT name, value FROM duckdb_settings()")
        rows += store.engine.rows(f"SELECT current_query(), {pseudonym('NULL')}")
        with pytest.raises(EngineError) as caught:
            store.engine.rows(f"SELECT no_such_function({pseudonym('NULL')})")
        text = f"{rows}{caught.value}".encode()
    assert not any(form in text for form in keys(secret))


BAD_SETTINGS: dict[str, tuple[str | bytes, str]] = {
    "targets that are infinite": ("[targets]\nfrt_median = inf", "targets.frt_median"),
    "targets that are no number": ("[targets]\nfrt_median = nan", "targets.frt_median"),
    "shares that are no number": ("[reporting]\nmin_reason_coverage = nan", "reporting.min_reason_coverage"),
    "an infinite difference": ("[reporting]\npractical_points = inf", "reporting.practical_points"),
    "an infinite quantile": ('[kpis.x]\ntitle = { en = "x" }\nkind = "quantile"\nquantile = nan', "quantile"),
    "an integer of 5,000 digits": ("[reporting]\nmin_base = " + "9" * 5000, "a number or a date that cannot be read"),
    "an integer of 4,000 digits": ("[reporting]\nmin_base = " + "9" * 4000, "reporting.min_base"),
    "a target of 4,000 digits": ("[targets]\nfrt_median = " + "9" * 4000, "targets.frt_median"),
    "a threshold of 4,000 digits": ("[thresholds]\nservice_level_s = " + "9" * 4000, "thresholds.service_level_s"),
    "a day of 4,000 digits": ('[[files]]\nmatch = "*"\nfrom = ' + "9" * 4000, "files.0.from"),
    "a zone of files with a control sign": ('[[files]]\nmatch = "*"\ntimezone = "x\\u001b"', "timezone"),
    "a zone of files that is a path": ('[[files]]\nmatch = "*"\ntimezone = "/etc/passwd"', "timezone"),
    "a zone of files with a zero byte": ('[[files]]\nmatch = "*"\ntimezone = "a\\u0000b"', "timezone"),
    "a key of a megabyte": ("a." * 400_000 + "a = 1", "line 1 has a key of more than 50 parts"),
    "a quoted key of a megabyte": ('"a".' * 200_000 + "a = 1", "line 1 has a key of more than 50 parts"),
    "a table of a megabyte": ("[" + "a." * 400_000 + "a]", "line 1 has a key of more than 50 parts"),
    "many long keys": ("".join(f"[a{n}.{'a.' * 40}a]\n" for n in range(2_000)), "more than 50,000 points"),
    "a deep list": ("a = " + "[" * 200_000, "nested too deeply"),
    "a deep table": ("a = " + "{a=" * 200_000, "nested too deeply"),
    "20,000 own KPIs": ("".join(f"[kpis.k{n}]\n" for n in range(20_000)), "at most 300"),
    "20,000 files": ('[[files]]\nmatch = "*"\n' * 20_000, "at most 5000"),
    "two megabytes": ("#" * (2 << 20), "is larger than 1,024 KiB"),
    "bytes that are no text": (b"\xff\xfesecret", "line 1 is not UTF-8"),
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_settings_that_cost_or_say_too_much_are_refused_in_words(folder: Path, name: str) -> None:
    content, words = BAD_SETTINGS[name]
    path = write(folder, "kpibar.toml", content)
    with pytest.raises((ConfigInvalid, KpiInvalid)) as caught:
        catalogue(load(path).settings)
    text = str(caught.value)
    assert words in text and "kpibar.toml" in text and len(text) < 1200, text[:2000]
    assert "secret" not in text
    if "KPIs" not in name and "files" not in name and isinstance(content, str):
        with pytest.raises(LayoutInvalid):
            shelf_of(folder, content)


def shelf_of(folder: Path, content: str | bytes) -> None:
    """Read a layout with this text beside what every layout has."""
    write(folder, "layouts/own.toml", content)
    shelf(folder)


def test_a_layout_that_is_no_regular_file_is_refused(folder: Path) -> None:
    (folder / "layouts").mkdir()
    os.mkfifo(folder / "layouts/pipe.toml")
    with pytest.raises(LayoutInvalid, match="is not a regular file"):
        shelf(folder)


def test_the_layouts_of_the_package_are_layouts() -> None:
    for item in files("kpibar").joinpath("layouts").iterdir():
        if item.name.endswith(".toml"):
            assert parse(Path(item.name), item.read_bytes()).name == item.name.removesuffix(".toml")


@pytest.mark.long
def test_own_kpis_may_name_the_columns_of_the_fact_tables(folder: Path) -> None:
    with open_store(folder / "x.duckdb", write=True) as store:
        build(store, Settings().thresholds, ())
        for table, columns in FACTS.items():
            named = f"SELECT column_name FROM information_schema.columns WHERE table_name = 'fact_{table}'"
            assert {name for (name,) in store.engine.rows(named)} == columns
            assert DIMENSIONS[table] <= columns


def test_a_statement_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    """Whatever an expression costs: an own KPI that works for longer than its limit is refused by name."""
    slow = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range = -b.range"
    kpi = Kpi("mine", "own", {}, "count", "count", "none", {}, "", own=True)
    with open_store(tmp_path / "x.duckdb", write=True) as store:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("kpibar.kpis.compute._SECONDS", 0.3)
            with pytest.raises(KpiInvalid, match=r"\[kpis.mine\].*took longer than 0.3 seconds"):
                run_statement(store.engine, kpi, slow.replace("= -", "< -"))
        assert store.engine.rows("SELECT 1") == [(1,)]


@pytest.mark.parametrize("kind", ["median", "quantile", "mean"])
@pytest.mark.parametrize("value", ["CAST('nan' AS DOUBLE)", "-CAST('inf' AS DOUBLE)", "1 / 0", "ln(0)"])
def test_values_of_an_own_kpi_that_are_not_finite_are_said(few: DuckDB, folder: Path, kind: str, value: str) -> None:
    text = KPI.format(kind=kind).replace('value = "1"', f'value = "{value}"')
    kpi = catalogue(load(write(folder, "kpibar.toml", text)).settings).get("mine")
    window = Window(date(2025, 1, 1), date(2025, 12, 31))
    with pytest.raises(KpiInvalid, match=r"mine.*is not a finite number"):
        if kpi.additive:
            additive_cells(few, [kpi], [window])
        else:
            read_times(few, kpi, times_statement(kpi, [window], None, None), 1)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """A fact table of two contacts."""
    engine = DuckDB(tmp_path_factory.mktemp("few") / "few.duckdb", read_only=False)
    engine.run(
        "CREATE TABLE fact_contacts AS "
        "SELECT DATE '2025-03-01' AS created_on, 'x' AS brand, 'email' AS channel FROM range(2)"
    )
    yield engine
    engine.close()
