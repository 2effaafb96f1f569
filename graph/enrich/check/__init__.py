"""Checks payments against the books before they are made."""
