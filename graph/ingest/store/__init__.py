"""Stores rows and documents in a tenant's tables. Each is stored once."""
