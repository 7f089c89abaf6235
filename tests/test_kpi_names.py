"""A KPI is found by its id or by its title in either language; a name that is neither is told what is like it."""

import pytest

from kpibar.config import Settings
from kpibar.kpis.catalogue import catalogue
from kpibar.kpis.errors import KpiUnknown

KNOWN = catalogue(Settings())


@pytest.mark.parametrize(
    "name", ["late_share", "Livraisons en retard", "livraisons EN retard", " Late  deliveries", "late-deliveries"]
)
def test_an_id_or_a_title_finds_the_kpi(name: str) -> None:
    assert KNOWN.find(name).id == "late_share"
    assert [kpi.id for kpi in KNOWN.select((name,))] == ["late_share"]


def test_accents_tell_no_titles_apart() -> None:
    assert KNOWN.find("delai commande-livraison") is KNOWN.find("Délai commande-livraison")


def test_every_title_finds_its_kpi() -> None:
    for kpi in KNOWN.kpis:
        if not kpi.hidden:
            assert {KNOWN.find(title).id for title in kpi.title.values()} == {kpi.id}


def test_settings_name_kpis_by_their_id_alone() -> None:
    with pytest.raises(KpiUnknown):
        KNOWN.get("Late deliveries")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("livraison en retard", '"livraison en retard"; did you mean late_share (Livraisons en retard)?'),
        ("livraison", "did you mean late_share (Livraisons en retard) or lead_time"),
        ("wismo", "did you mean wismo_rate or"),
        ("zzz", "known: abandon_rate"),
    ],
)
def test_a_name_that_is_none_is_told_what_is_like_it(name: str, advice: str) -> None:
    with pytest.raises(KpiUnknown) as raised:
        KNOWN.find(name)
    assert advice in str(raised.value)
