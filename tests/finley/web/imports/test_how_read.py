"""How a file is read, in sentences."""

import pytest

from finley.web.words import how_read


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("date <- 'Posting date' (9 of 10 parse: %Y-%m-%d; confidence 0.79)",
         "The date is in the column “Posting date”: 9 of 10 cells can be read; 79 % sure."),
        ("document_ref <- 'Invoice'", "The document number is in the column “Invoice”."),
        ("payee <- vendor 'Supplier' or else 'Shop'",
         "The payee: vendor “Supplier” or else “Shop”."),
        ("currency <- GBP", "The currency: GBP."),
        ("direction: positive: the payer pays the payee; confidence 0.90",
         "Direction: positive: the payer pays the payee; 90 % sure."),
        ("not sure: two dates", "Not sure: two dates."),
    ],
)  # fmt: skip
def test_a_line_becomes_a_sentence(line, sentence):
    assert how_read.sentence(line) == sentence


def test_each_role_has_its_first_column():
    lines = [
        "date <- 'Day' (1 of 1 parse; confidence 1.00)",
        "payee <- vendor 'Name'",
        "date <- 'X'",
    ]
    assert how_read.columns(lines) == {"date": "Day", "payee": "Name"}
