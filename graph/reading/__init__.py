"""Reads the view and applies the changes since its last refresh: rows, pages, Arrow tables,
graphs."""
