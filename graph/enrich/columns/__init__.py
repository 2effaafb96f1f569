"""Payments as columns, and what is derived from them."""
