"""kpibar: helpdesk, telephony, shop, carrier and survey exports in, an auditable yearly barometer out.

`kpibar.ingest`, `kpibar.open`, `kpibar.read_report` and `kpibar.upgrade` are those of `kpibar.api`, imported when they
are asked for.
"""

# Not the one of `typing`, whose import would be most of what `import kpibar` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from kpibar.api import Database, Report, ingest, open, read_report, upgrade

__version__ = "0.1.0"
__all__ = ["DEFAULT_DATABASE", "Database", "Report", "__version__", "ingest", "open", "read_report", "upgrade"]
# The database where neither a command nor the settings name one.
DEFAULT_DATABASE = "kpibar.duckdb"


def __getattr__(name: str) -> object:
    if name in ("Database", "Report", "ingest", "open", "read_report", "upgrade"):
        from kpibar import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
