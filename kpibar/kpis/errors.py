"""What is wrong with a KPI of the settings, in words."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from kpibar.brands import fold
from kpibar.errors import UsageError, list_names, suggest_names


class KpiUnknown(UsageError):
    """A KPI that is not in the catalogue; `titles` are those of each that is, by its id."""

    def __init__(self, name: str, titles: Mapping[str, Sequence[str]]) -> None:
        folds = {fold(title): (id, title) for id, texts in titles.items() for title in texts}
        asked = fold(name)
        like = get_close_matches(asked, folds, n=3, cutoff=0.75) or [text for text in folds if asked and asked in text]
        if get_close_matches(name, titles, n=1, cutoff=0.5) or not like:
            advice = suggest_names(name, list(titles))
        else:
            first_title = {folds[text][0]: folds[text][1] for text in reversed(like[:3])}
            names = " or ".join(f"{id} ({title})" for id, title in reversed(first_title.items()))
            advice = f"; did you mean {names}?"
        super().__init__(f'no KPI is called "{name}"{advice}')


class KpiInvalid(UsageError):
    """A KPI definition is not valid."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: not a valid KPI: {why}")


class TargetInvalid(UsageError):
    """A target that cannot be meant in its KPI's unit."""

    def __init__(self, kpi: str, target: float, why: str) -> None:
        super().__init__(f"[targets] of kpibar.toml: {kpi} = {target:g}: {why}")


class FamilyUnknown(UsageError):
    """A family that is not in the catalogue."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        super().__init__(f'no family is called "{name}"; known: {list_names(names)}')
