"""Mappings of files: ready formats, a tenant's saved mappings, and the account that a file is
about."""
