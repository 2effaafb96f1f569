"""The faults of the chaos benchmark, and the audit of the syncs afterwards."""
