"""Readers of statements of banks and card companies: CAMT, MT940, OFX, QIF."""
