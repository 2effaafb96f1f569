"""Readers: one module a file format beside CSV. `registry` recognises a file by its content."""
