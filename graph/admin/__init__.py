"""The admin pages of the graph's tables, entities and findings."""

from graph.admin import entities, judged_findings, layer_tables, table_admin

__all__ = ["entities", "judged_findings", "layer_tables", "table_admin"]
