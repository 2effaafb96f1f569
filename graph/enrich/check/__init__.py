"""Payments that are not made yet, held against the books."""
