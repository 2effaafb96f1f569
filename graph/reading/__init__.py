"""Reads of the view, corrected by what changed since: rows, pages, Arrow tables, graphs."""
