"""Scores the nine layers: compares the rows that enrichment wrote with the truth about the
books."""
