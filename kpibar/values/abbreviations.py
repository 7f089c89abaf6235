"""Letters behind a time that stand for an offset: CET and CEST for one each; CST has several, the zone tells which."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

# Minutes east of UTC. Each stands for this offset only; WET, MEZ and the like are those of Europe.
_CERTAIN = {
    "wet": 0, "west": 60, "cet": 60, "cest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180, "msk": 180,
    "edt": -240, "pdt": -420, "akst": -540, "akdt": -480, "nst": -210, "ndt": -150, "hst": -600, "brt": -180,
    "aest": 600, "aedt": 660, "awst": 480, "acst": 570, "acdt": 630, "nzst": 720, "nzdt": 780, "jst": 540, "kst": 540,
    "sast": 120, "hkt": 480,
}  # fmt: skip
# Each is used with several offsets: Eastern time of America and of Australia, British and Bangladesh time, India and
# Ireland and Israel. They are read where the zone of the column uses them.
AMBIGUOUS = ("est", "cst", "cdt", "mst", "mdt", "pst", "bst", "ist", "ast", "adt", "sst", "gst", "wat", "cat", "eat")


@lru_cache(maxsize=64)
def offsets(zone: str) -> Mapping[str, int]:
    """The minutes east of UTC of each abbreviation, in small letters, that has one meaning in a column of this zone."""
    own = {}
    for month in (1, 7):
        moment = datetime(2025, month, 15, 12, tzinfo=ZoneInfo(zone))
        offset = moment.utcoffset()
        name = (moment.tzname() or "").lower()
        if offset is not None and name.isalpha() and name not in ("utc", "gmt", "z"):
            own[name] = int(offset.total_seconds()) // 60
    return _CERTAIN | own
