"""The graph's tables, entities and findings in Django admin."""

from graph.admin import entities, findings, tables

__all__ = ["entities", "findings", "tables"]
