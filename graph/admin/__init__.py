"""The admin pages of the graph's tables, entities and findings."""

from graph.admin import entities, findings, layer_tables, tables

__all__ = ["entities", "findings", "layer_tables", "tables"]
