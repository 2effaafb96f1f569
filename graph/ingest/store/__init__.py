"""Stores rows and documents in a tenant's tables, each once."""
