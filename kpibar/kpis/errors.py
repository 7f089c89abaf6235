"""What is wrong with a KPI of the settings, in words."""

from collections.abc import Iterable

from kpibar.errors import UsageError, list_names, suggest_names


class KpiUnknown(UsageError):
    """A KPI id that is not in the catalogue."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        super().__init__(f'no KPI is called "{name}"{suggest_names(name, list(names))}')


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
