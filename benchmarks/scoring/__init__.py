"""Scores of the nine layers: what was found in the tables against what is true of the books."""
