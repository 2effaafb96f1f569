"""Endpoints about people: their session, members of a tenant, tokens."""
