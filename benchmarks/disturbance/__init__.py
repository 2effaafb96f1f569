"""What the chaos benchmark breaks, and the audit of what the syncs did meanwhile."""
