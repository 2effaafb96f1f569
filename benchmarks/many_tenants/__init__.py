"""Seeded books of many tenants, written to bare tables: the data of the graph benchmarks."""
