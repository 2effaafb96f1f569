"""Reads files and documents into the rows of a tenant's books."""
