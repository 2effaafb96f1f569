"""Readers of files in formats other than CSV: statements, tables, e-invoices and journals.

Each format has a module, which says whether a file's content fits it and yields the file's rows.
`registry` has all formats in the order in which they are tried; a file's suffix decides nothing.
"""
