"""The command `order`: what happened to one order, as the customer lived it."""

from typing import Annotated

import typer

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


def order(
    reference: Annotated[
        str, typer.Argument(metavar="NUMBER", help="The number of an order or of a parcel.", show_default=False)
    ],
    brand: Annotated[str | None, typer.Option(help="Of this brand, where several have the number.")] = None,
    json: JsonOption = False,
    lang: LangOption = None,
    color: ColorOption = Color.auto,
    palette: PaletteOption = Palette.default,
    db: DatabaseOption = None,
    wait: WaitOption = READING_WAIT,
    config: ConfigOption = None,
) -> None:
    """Print what happened to one order: promise, messages, parcels, contacts, and the KPIs that count it.

    Example: kpibar order 608428726
    """
    from kpibar.answers.orders.story import stories
    from kpibar.cli.outputs import screen_of
    from kpibar.config import load
    from kpibar.measure.barometer import open_current
    from kpibar.render.answers.order import order_json, order_text

    settings = load(config)
    with open_current(settings.database_path(db), settings, wait, announce) as store:
        answer = stories(store, settings, reference, brand)
    language = choose_language(lang, settings)
    emit(order_json(reference, answer) if json else order_text(answer, language, screen_of(color, palette)), None)
