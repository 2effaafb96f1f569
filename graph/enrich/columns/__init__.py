"""Payments as columns, and columns derived from them."""
