"""Rows and documents into a tenant's tables, each once."""
