"""The admin pages of the graph's tables, entities and findings."""

from graph.admin import entities, findings, layers, tables

__all__ = ["entities", "findings", "layers", "tables"]
