"""What can go wrong where a browser of this machine turns a page into paper or a picture."""

from kpibar.errors import KpibarError


class BrowserMissing(KpibarError):
    """A PDF or a PNG needs a browser of the Chromium kind, and this machine has none."""

    def __init__(self, kind: str) -> None:
        other = "write barometer.html and print it with any browser" if kind == "PDF" else "write barometer.svg"
        super().__init__(
            f"a {kind} needs Chromium, Chrome or Edge, and none was found; install one (apt-get install chromium), "
            f"name it in KPIBAR_BROWSER, or {other}"
        )


class BrowserFailed(KpibarError):
    """The browser ended without what it was asked for, or did not end."""

    def __init__(self, browser: str, kind: str, why: str) -> None:
        super().__init__(
            f"{browser} made no {kind}: {why}; try again, or name another Chromium, Chrome or Edge in KPIBAR_BROWSER"
        )
