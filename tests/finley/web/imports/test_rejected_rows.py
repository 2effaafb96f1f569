"""Rejected rows as a download."""

from finley.web import rejected_rows

CONTENT = "line,field,reason,text\r\n3,amount,no amount,'=Cab Company;-1\r\n"


def test_no_spreadsheet_computes_the_download():
    assert b"'=Cab Company" in rejected_rows.safe(CONTENT)
