"""The tools, one module per subject."""
