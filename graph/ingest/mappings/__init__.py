"""Mappings: ready ones, those of a tenant, and the account that a file is of."""
