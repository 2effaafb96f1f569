"""Computes the nine layers, the links and the merged entities from a tenant's books."""
