"""The graph's tables, entities and findings in Django admin."""

from graph.admin import entities, findings, layers, tables

__all__ = ["entities", "findings", "layers", "tables"]
