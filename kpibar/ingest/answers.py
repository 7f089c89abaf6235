"""What the answers of one file show together: zeros where nobody answered, scores on a shorter scale, missing dates."""

from collections.abc import MutableMapping

from kpibar.store import Store

# So many scores of which none is above the middle of their scale were given on another one.
_ENOUGH = 20
# An NPS of so many scores has one above 5, or above 7.
_NPS = "(count(score) >= 20 AND max(score) <= 5) OR (count(score) >= 50 AND max(score) <= 7)"


def count_odd_answers(store: Store, file_id: int, remarks: MutableMapping[tuple[str, str], int]) -> None:
    """Count the surveys a file brought that are no answers, on another scale than the one stated, or without a date.

    The model decides by all files of a source what it counts (model/40_surveys.sql); this tells of one file.
    """
    blank = "score = 0 AND answered_at IS NULL AND survey_id NOT LIKE 'ticket:%'"
    dated, loose, zeros, undated = store.engine.rows(
        "SELECT count(*) FILTER (WHERE score <> 0 AND answered_at IS NOT NULL), "
        "count(*) FILTER (WHERE score <> 0 AND answered_at IS NULL), "
        f"count(*) FILTER (WHERE {blank}), count(*) FILTER (WHERE answered_at IS NULL AND sent_at IS NULL) "
        "FROM surveys WHERE file_id = ?",
        [file_id],
    )[0]
    if dated and _ENOUGH * loose <= dated:
        remarks["zero_unanswered", "answered_at"] += zeros
    remarks["survey_undated", ""] += undated
    scales = store.engine.rows(
        f"SELECT kind, scale_min, scale_max, count(score), max(score), {_NPS} FROM surveys "
        f"WHERE file_id = ? AND score IS NOT NULL AND NOT ({blank}) GROUP BY ALL",
        [file_id],
    )
    for kind, least, most, scores, highest, short in scales:
        if kind == "nps" and short:
            remarks["nps_short_scale", f"{highest:g}"] += scores
        elif scores >= _ENOUGH and most is not None and highest <= ((least or 0) + most) / 2:
            remarks["scale_unused", f"{highest:g} on a scale to {most:g}"] += scores
