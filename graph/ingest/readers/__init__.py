"""Readers of files. Each format other than CSV has a module. `registry` recognises a file by its
content."""
