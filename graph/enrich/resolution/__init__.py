"""Finds the entities that are one party."""
