"""What the answers of one file show together: zeros where nobody answered, scores on a shorter scale, missing dates."""

from collections.abc import MutableMapping

from kpibar.database.store import Store

# So many dated answers for each without a date, in a source that dates its answers. So many scores of which none is
# above the middle of their scale were given on another one.
_ENOUGH = 20
# An NPS of so many scores has one above 5, or above 7; all of this as in model/40_surveys.sql.
_SHORT = "(count(score) >= 20 AND max(score) <= 5) OR (count(score) >= 50 AND max(score) <= 7)"
_OF_SOURCE = "source = (SELECT source FROM files WHERE file_id = ?)"


def count_odd_answers(store: Store, file_id: int, remarks: MutableMapping[tuple[str, str], int]) -> None:
    """Count the surveys a file brought that are no answers, on another scale than the one stated, or without a date.

    The model decides by all files of a source what it counts (model/40_surveys.sql); this tells of one file.
    """
    blank = "score = 0 AND answered_at IS NULL AND survey_id NOT LIKE 'ticket:%'"
    below = f"{blank} AND coalesce(scale_min > 0, FALSE)"
    with_date, loose = store.engine.rows(
        "SELECT count(*) FILTER (WHERE answered_at IS NOT NULL), count(*) FILTER (WHERE answered_at IS NULL) "
        f"FROM surveys WHERE score > 0 AND {_OF_SOURCE}",
        [file_id],
    )[0]
    no_answer = blank if with_date and _ENOUGH * loose <= with_date else below
    zeros, without_date = store.engine.rows(
        f"SELECT count(*) FILTER (WHERE {no_answer}), "
        "count(*) FILTER (WHERE answered_at IS NULL AND sent_at IS NULL) FROM surveys WHERE file_id = ?",
        [file_id],
    )[0]
    remarks["zero_unanswered", "answered_at"] += zeros
    remarks["survey_undated", ""] += without_date
    scales = store.engine.rows(
        "SELECT kind, scale_min, scale_max, count(score), max(score) FROM surveys WHERE file_id = ? "
        f"AND kind IN ('nps', 'csat') AND score IS NOT NULL AND NOT ({no_answer}) GROUP BY ALL",
        [file_id],
    )
    for kind, lowest, scale_end, scores, highest in scales:
        if kind == "nps" and highest <= 7 and _is_short(store, file_id, no_answer):
            remarks["nps_short_scale", f"{highest:g}"] += scores
        elif (
            kind == "csat"
            and scores >= _ENOUGH
            and scale_end is not None
            and highest <= ((lowest or 0) + scale_end) / 2
        ):
            remarks["scale_unused", f"{highest:g} on a scale to {scale_end:g}"] += scores


def _is_short(store: Store, file_id: int, no_answer: str) -> bool:
    """Whether no score of an NPS is high enough for its scale in any file of this file's source."""
    rows = store.engine.rows(
        f"SELECT {_SHORT} FROM surveys WHERE kind = 'nps' AND NOT ({no_answer}) AND {_OF_SOURCE}", [file_id]
    )
    return bool(rows[0][0])
