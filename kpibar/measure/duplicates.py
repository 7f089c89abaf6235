"""Contact records that the model counts with another one: further legs of a call, tickets opened for a call."""

from collections.abc import Sequence

from kpibar.database.store import Store
from kpibar.kpis.compute import of_brand, within
from kpibar.kpis.estimates import Window

# Code of a note and the records of fact tables it counts.
_RECORDS = {
    "call_legs": "SELECT source, contact_id FROM fact_call_legs WHERE place > 1",
    "case_tickets": "SELECT DISTINCT source, contact_id FROM fact_call_tickets WHERE evidence = 'case'",
    "phone_tickets": "SELECT source, contact_id FROM fact_call_tickets WHERE evidence = 'time' AND NOT separate",
    "phone_tickets_separate": "SELECT source, contact_id FROM fact_call_tickets WHERE separate",
    "shared_number": "SELECT source, contact_id FROM fact_calls WHERE shared_number",
}


def duplicates(store: Store, windows: Sequence[Window] = (), brand: str | None = None) -> tuple[tuple[str, int], ...]:
    """Numbers of contact records that are counted with another one, by the code of their note; zeros left out.

    Without windows those of all years. Beside them the numbers of those that might be, but are not: tickets that the
    settings count beside their calls, calls of numbers that several callers share.
    """
    days = within("c.created_on", windows) if windows else "TRUE"
    statements = (
        f"SELECT '{code}', count(*) FROM contacts c JOIN ({records}) d ON d.source = c.source "
        f"AND d.contact_id = c.contact_id WHERE {days}{of_brand(brand, or_none=True)}"
        for code, records in _RECORDS.items()
    )
    numbers = {str(code): int(count) for code, count in store.engine.rows(" UNION ALL ".join(statements))}
    return tuple((code, numbers[code]) for code in _RECORDS if numbers[code])
