"""The command `wismo`: contacts that ask where an order is, and what lateness has to do with them."""

from typing import Annotated

import typer

from kpibar.cli.completion import complete_brand
from kpibar.cli.console import announce, emit
from kpibar.cli.options import (
    READING_WAIT,
    Color,
    ColorOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    LangOption,
    Palette,
    PaletteOption,
    WaitOption,
    choose_language,
)


def wismo(
    year: Annotated[int | None, typer.Option(help="Year to answer for.", show_default="the last with data")] = None,
    brand: Annotated[str | None, typer.Option(help="Only this brand.", autocompletion=complete_brand)] = None,
    lang: LangOption = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
    palette: PaletteOption = Palette.default,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Print when customers ask where their order is, how often by how late it is, and what late orders have beyond
    orders of the same carrier that came on time: contacts, their share and, where kpibar.toml states it, their cost.

    Example: kpibar wismo --year 2025
    """
    from kpibar.answers.wismo import answer
    from kpibar.cli.outputs import screen_of
    from kpibar.config import load
    from kpibar.measure.barometer import open_current
    from kpibar.render.answers.wismo import wismo_json, wismo_text

    settings = load(config)
    with open_current(settings.database_path(db), settings, wait, announce) as store:
        result = answer(store, settings, year, brand)
    language = choose_language(lang, settings)
    emit(wismo_json(result) if json else wismo_text(result, language, screen_of(color, palette)), None)
