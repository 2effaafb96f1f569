"""Rejected rows on a page and as a download."""

from finley.web import rejected_rows

CONTENT = "line,field,reason,text\r\n3,amount,no amount,'=Cab Company;-1\r\n"


def test_a_page_shows_the_row_as_the_file_has_it():
    assert rejected_rows.rows(CONTENT) == [("3", "amount", "no amount", "=Cab Company;-1")]


def test_no_spreadsheet_computes_the_download():
    assert b"'=Cab Company" in rejected_rows.safe(CONTENT)
