"""kpibar: helpdesk, telephony, shop, carrier and survey exports in, an auditable yearly barometer out.

`kpibar.ingest` and `kpibar.open` are those of `kpibar.api`, which is imported when they are asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpibar.api import Database, Report, ingest, open

__version__ = "0.1.0"
__all__ = ["Database", "Report", "__version__", "ingest", "open"]


def __getattr__(name: str) -> Any:
    if name in ("Database", "Report", "ingest", "open"):
        from kpibar import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
