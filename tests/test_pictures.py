"""A report as PDF and as a picture for a slide: SVG by kpibar itself, PDF and PNG by a browser of the machine.

What needs a browser is skipped where there is none; what is said then is tested everywhere.
"""

import json
import os
import re
import stat
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kpibar.measure.report import Barometer
from kpibar.render.document import from_document
from kpibar.render.formats import is_report, is_report_file
from kpibar.render.html import browser, slide
from kpibar.render.html.errors import BrowserFailed, BrowserMissing
from kpibar.render.html.slide import HEIGHT, WIDTH, to_svg
from kpibar.render.html.writer import to_html
from kpibar.render.numbers import LANGUAGES
from tests.report_files import retitle, sample_report
from tests.support import REPOSITORY, kpibar

AT = "2026-01-15T08:30:00Z"
HOSTILE = "\"></text><script>alert(1)</script><image href='http://evil.example'/>\ufffe\u202e]]>&"
SPACE = "{http://www.w3.org/2000/svg}"


def _has_browser() -> bool:
    try:
        browser.find_browser("PDF")
    except BrowserMissing:
        return False
    return True


needs_browser = pytest.mark.skipif(
    not _has_browser(), reason="NO CHROMIUM, CHROME OR EDGE HERE: PDF and PNG are not tested"
)


@pytest.fixture(scope="module")
def sample() -> Barometer:
    return from_document(json.loads((REPOSITORY / "tests/golden/report.json").read_text(encoding="utf-8")))


def texts(picture: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(picture).iter(f"{SPACE}text")]


# The picture


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_picture_has_the_cards_and_needs_nothing_else(sample: Barometer, lang: str) -> None:
    picture = to_svg(sample, lang)
    root = ElementTree.fromstring(picture)
    assert (root.get("width"), root.get("height")) == (str(WIDTH), str(HEIGHT)) == ("1280", "720")
    assert len(picture.encode()) < 20_000 and is_report(picture)
    assert not re.search(r"url\(|@import|<script|href|\son\w+=|var\(", picture)
    assert picture.count("http") == 1, "the name of SVG"
    assert not {one.tag for one in root.iter()} & {f"{SPACE}{tag}" for tag in ("image", "a", "foreignObject", "use")}
    late = "8.8%" if lang == "en" else "8,8\u00a0%"
    assert late in texts(picture) and len(list(root.iter(f"{SPACE}g"))) == 8


def test_a_picture_stays_within_its_frame(sample: Barometer) -> None:
    """The corner of each card and its size, and the foot of each text, in 1280 by 720."""
    root = ElementTree.fromstring(to_svg(sample, "fr"))
    for card in root.iter(f"{SPACE}g"):
        x, y = map(int, re.findall(r"\d+", card.get("transform") or ""))
        frame = card[0]
        assert x >= 40 and x + int(frame.get("width") or 0) <= WIDTH - 40
        assert y + int(frame.get("height") or 0) <= HEIGHT - 32
    sentences = [text for text in root.iter(f"{SPACE}text") if text.get("class") == "sentence"]
    assert sentences and max(int(text.get("y") or 0) for text in sentences) < 232


def test_names_of_others_are_text_in_a_picture() -> None:
    report = retitle(sample_report(), {"late_share": HOSTILE, "wismo_rate": "W" * 90})
    picture = to_svg(report.barometer, "en")
    shown = texts(picture)
    assert any(text.startswith('"></text><script>') and text.endswith("…") and len(text) == 30 for text in shown)
    assert "W" * 29 + "…" in shown
    assert "<script" not in picture and "<image" not in picture and "\u202e" not in picture and "\ufffe" not in picture


def test_a_report_without_headlines_has_cards_of_what_it_has(sample: Barometer) -> None:
    from dataclasses import replace

    rows = tuple(row for row in sample.rows if row.kpi.id in ("nps", "transfer_rate"))
    picture = to_svg(replace(sample, rows=rows), "en")
    assert picture.count("<g ") == 2 and "Net Promoter Score" in texts(picture)
    empty = to_svg(replace(sample, rows=()), "en")
    assert empty.count("<g ") == 0 and ElementTree.fromstring(empty) is not None


def test_the_colours_of_a_picture_are_those_of_the_page() -> None:
    colours = slide._colours()
    assert set(colours) >= {"page", "panel", "rule", "ink", "quiet", "past", "better", "worse"}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", value) for value in colours.values())


# The browser


def program(folder: Path, text: str) -> str:
    path = folder / "browser"
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_browser_is_run_without_window_network_or_the_profile_of_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in writes down how it was called, and makes the file that it is asked for."""
    made = (
        'for word in "$@"; do case "$word" in --print-to-pdf=*) '
        'printf %s "%PDF-1.4" > "${word#--print-to-pdf=}"; esac; done\n'
    )
    said = f'printf "%s\\n" "$@" "HOME=$HOME" > {tmp_path}/call\n'
    monkeypatch.setenv(browser.VARIABLE, program(tmp_path, said + made))
    data = browser.to_pdf("<p>page</p>")
    (tmp_path / "a.pdf").write_bytes(data)
    assert data.startswith(b"%PDF-1.4") and browser.is_own_pdf(tmp_path / "a.pdf")
    (tmp_path / "b.pdf").write_bytes(data + b"a remark of somebody")
    assert not browser.is_own_pdf(tmp_path / "b.pdf") and not is_report_file(tmp_path / "b.pdf")
    words = (tmp_path / "call").read_text(encoding="utf-8").splitlines()
    assert "--headless" in words and "--host-resolver-rules=MAP * ~NOTFOUND" in words
    assert ("--no-sandbox" in words) == (os.geteuid() == 0)
    profile = next(word.partition("=")[2] for word in words if word.startswith("--user-data-dir="))
    assert words[-1] == f"HOME={Path(profile).parent}" and words[-2].startswith("file://")
    assert not Path(profile).parent.exists(), "all of it is removed"


@pytest.mark.parametrize(
    ("text", "why"),
    [("exit 0\n", "it wrote nothing"), ("exit 3\n", "it ended with code 3"), (None, "it cannot be started")],
)
def test_a_browser_that_fails_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, why: str
) -> None:
    path = program(tmp_path, text or "")
    if text is None:
        Path(path).write_bytes(b"\x7fELF no program")
    monkeypatch.setenv(browser.VARIABLE, path)
    with pytest.raises(BrowserFailed, match=f"made no PNG: {why}.*; try again, or name another"):
        browser.to_png("<svg/>", 10, 10)


def test_a_browser_that_does_not_end_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "_SECONDS", 1)
    monkeypatch.setenv(browser.VARIABLE, program(tmp_path, f"sleep 60 & echo $! > {tmp_path}/pid\nwait\n"))
    start = time.monotonic()
    with pytest.raises(BrowserFailed, match="it did not end within 1 seconds"):
        browser.to_pdf("<p>page</p>")
    assert time.monotonic() - start < 20
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    until = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("name", "advice"), [("x.pdf", "print it with any browser"), ("x.png", "or write barometer.svg")]
)
def test_without_a_browser_nothing_is_computed_nor_written(folder: Path, name: str, advice: str) -> None:
    done = kpibar("report", "-o", "a.json", "-o", name, folder=folder, KPIBAR_BROWSER="no-such-browser")
    assert done.returncode == 1 and done.stdout == "" and list(folder.iterdir()) == []
    assert "needs Chromium, Chrome or Edge, and none was found; install one" in done.stderr and advice in done.stderr
    assert "Traceback" not in done.stderr


@needs_browser
def test_a_page_becomes_a_pdf_and_a_picture_a_png(sample: Barometer, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(browser.to_pdf(to_html(sample, "fr", AT)))
    (tmp_path / "a.png").write_bytes(browser.to_png(to_svg(sample, "fr"), WIDTH, HEIGHT))
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    head = (tmp_path / "a.png").read_bytes()[:24]
    size = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    assert head.startswith(b"\x89PNG") and size == (2 * WIDTH, 2 * HEIGHT)
    for name in ("a.pdf", "a.png"):
        assert is_report_file(tmp_path / name)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1])
        assert not is_report_file(tmp_path / name), "whoever changed it keeps it"


@needs_browser
@pytest.mark.long
def test_the_command_writes_a_pdf_and_replaces_its_own_only(folder: Path) -> None:
    (folder / "good.csv").write_text("contact_id,created_at,channel\n1,2025-03-01 10:00:00,email\n", encoding="utf-8")
    assert kpibar("ingest", "good.csv", "--tz", "UTC", folder=folder).returncode == 0
    for _ in range(2):
        done = kpibar("report", "-o", "a.pdf", "-o", "a.svg", "-o", "a.png", folder=folder)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert stat.S_IMODE((folder / "a.pdf").stat().st_mode) == 0o600
    (folder / "other.pdf").write_bytes(b"%PDF-1.4\nmine\n%%EOF\n")
    refusal = kpibar("report", "-o", "other.pdf", folder=folder)
    assert refusal.returncode == 2 and "a file that kpibar did not write" in refusal.stderr
