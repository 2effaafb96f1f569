"""Writes findings to the tables by difference."""
