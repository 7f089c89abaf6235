"""Reproducers of the errors of the search for an order; see `tests.reproducers`."""

from pathlib import Path

from kpibar.answers import errors
from tests.intake import write
from tests.reproducers import Case, reproduces, run, said

TWO_BRANDS = "order_ref,ordered_at,brand\n90001,2025-03-01 10:00:00,Anne\n90001,2025-03-02 10:00:00,Bert\n"


def ingest_orders(folder: Path) -> None:
    write(folder, "orders.csv", TWO_BRANDS)
    assert run(folder, "ingest", "orders.csv", "--tz", "UTC").returncode == 0


@reproduces(errors.OrderUnknown)
def a_number_that_nobody_has(folder: Path) -> Case:
    return said("order 90001", 'has the number "90001"', "no known number is like it", "kpibar status")


@reproduces(errors.OrderUnknown)
def a_number_with_a_wrong_digit(folder: Path) -> Case:
    ingest_orders(folder)
    return said("order 90007", 'has the number "90007"', "did you mean 90001?")


@reproduces(errors.OrderAmbiguous)
def a_number_of_two_brands(folder: Path) -> Case:
    ingest_orders(folder)
    return said("order 90001", "90001 of Anne, 90001 of Bert", '--brand "Anne" or --brand "Bert"')


@reproduces(errors.OrderOfOtherBrand)
def a_number_of_other_brands(folder: Path) -> Case:
    ingest_orders(folder)
    return said("order 90001 --brand Zoé", 'is of brand "Zoé"', 'brands of that number: "Anne", "Bert"')


@reproduces(errors.ReferenceUnusable)
def an_empty_number(folder: Path) -> Case:
    return Case(("order", " "), ("no number of an order: it is empty", "as it stands in a shop's export"))


@reproduces(errors.ReferenceUnusable)
def a_number_of_signs(folder: Path) -> Case:
    return Case(("order", "--", "--"), ("neither a letter nor a digit", "give one"))


@reproduces(errors.ReferenceUnusable)
def a_number_without_end(folder: Path) -> Case:
    return Case(("order", "7" * 5000), ("it has 5000 signs, 100 at most", "give one"))


@reproduces(errors.ReferenceUnusable)
def a_number_of_bytes(folder: Path) -> Case:
    return Case(("order", "12\udcff"), ("it holds bytes that are no text", "give one"))
