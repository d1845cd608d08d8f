from decimal import Decimal

import pytest

from processors.importers.csv_cells import read_cell


@pytest.mark.parametrize(
    ("cell", "kind", "decimal", "value"),
    [
        ("1,234,567.50", "number", ".", Decimal("1234567.50")),
        ("1.234.567,50", "number", ",", Decimal("1234567.50")),
        ("1\u202f234,5", "number", ",", Decimal("1234.5")),
        ("-0.125", "number", ".", Decimal("-0.125")),
        ("1,250", "integer", ".", 1250),
        ("+7", "integer", ".", 7),
        ("Yes", "boolean", ".", True),
        ("0", "boolean", ".", False),
        ("Consideration", "enum", ".", "consideration"),
        ("1772357400125", "timestamp", ".", 1_772_357_400_125),
        ("2026-03-01T09:30:00Z", "timestamp", ".", "2026-03-01T09:30:00Z"),
        ("1,250", "string", ".", "1,250"),
    ],
)
def test_a_cell_becomes_what_the_field_holds(cell: str, kind: str, decimal: str, value: object) -> None:
    assert read_cell(cell, kind, decimal) == value


@pytest.mark.parametrize(
    ("cell", "kind", "decimal"),
    [
        ("1,5", "number", "."),
        ("1.2.3", "number", "."),
        ("1,23,456", "number", "."),
        ("12 Seats", "integer", "."),
        ("7.5", "integer", "."),
        ("٣", "integer", "."),
        ("1e3", "number", "."),
        ("NaN", "number", "."),
        ("maybe", "boolean", "."),
        ("9" * 30, "integer", "."),
    ],
)
def test_a_cell_that_is_something_else_is_refused(cell: str, kind: str, decimal: str) -> None:
    with pytest.raises(ValueError, match=r"is not a|is neither yes nor no"):
        read_cell(cell, kind, decimal)
