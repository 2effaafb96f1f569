"""Journals of postings: DATEV, beancount, hledger and ledger."""
