"""Statements of banks and card companies: CAMT, MT940, OFX, QIF."""
