"""Checks payments that are not made yet against the books."""
