"""A second table in the same file is never read under the header of the first."""

from pathlib import Path

import pytest

from kpibar.read.errors import HeaderMoved
from tests.intake import take, take_text, write
from tests.workbooks import xlsx

FIRST = "order_ref,ordered_at,value,country,currency"


def table(header: str, name: str, end: str, rows: int = 40) -> str:
    return "".join(f"{line}\n" for line in (header, *(f"{name}{n},2025-03-01,5,{end}" for n in range(rows))))


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "second",
    [
        "order_ref,ordered_at,value,currency,country",
        "Order_Ref,Ordered_At,Value,Currency,Country",
        " order ref , ordered at , value , currency , country ",
        "\ufefforder_ref,ordered_at,value,currency,country",
        "order_ref,ordered_at,value,currency,brand",
        "order_ref,ordered_at,value,country,currency,brand",
        "order_ref,ordered_at,value,currency",
        '"order_ref","ordered_at","value","currency","colour"',
    ],
)
def test_a_second_table_with_other_columns_refuses_the_file(folder: Path, second: str) -> None:
    text = table(FIRST, "A", "FR,EUR") + table(second, "B", "EUR,FR")
    error = take(folder, write(folder, "two.csv", text))[0].error
    assert isinstance(error, HeaderMoved)
    assert "two.csv:42: a second header" in str(error)


@pytest.mark.sample(1)
@pytest.mark.parametrize("again", [FIRST, FIRST.title(), "\ufeff" + FIRST])
def test_the_header_again_is_rejected_and_the_records_below_it_are_read(folder: Path, again: str) -> None:
    counts = take_text(folder, table(FIRST, "A", "FR,EUR") + table(again, "B", "FR,EUR")).counts
    assert (counts.added, counts.rejected) == (80, 1)


@pytest.mark.long
@pytest.mark.parametrize("line", ["C1,soon,value,country,x", "C1,2025-13-01,country,FR,EUR", "C1,value,country,20,25"])
def test_a_record_that_holds_such_words_is_rejected_alone(folder: Path, line: str) -> None:
    assert (
        take_text(folder, table(FIRST, "A", "FR,EUR") + line + "\n" + "D1,2025-03-01,5,FR,EUR\n").counts.rejected == 1
    )


ABOVE = "order_ref,ordered_at,value,sku,colour\nA1,2025-03-01,5,x,red\nA2,2025-03-01,5,x,red\n"


def test_a_table_above_that_names_fewer_columns_is_no_preamble(folder: Path) -> None:
    error = take(folder, write(folder, "two.csv", ABOVE + table(FIRST, "B", "FR,EUR")))[0].error
    assert isinstance(error, HeaderMoved)
    assert "two.csv:4: a second header" in str(error)
    rows = [line.split(",") for line in (ABOVE + table(FIRST, "B", "FR,EUR")).splitlines()]
    assert isinstance(take(folder, write(folder, "two.xlsx", xlsx(rows)))[0].error, HeaderMoved)


def test_words_above_a_table_are_a_preamble(folder: Path) -> None:
    said = "Report,Orders\nOrdered at,2025-03-01\nValue,all\n\n"
    assert take_text(folder, said + table(FIRST, "B", "FR,EUR")).counts.added == 40
