"""Writes detectors' results to the tables, as the difference from what is stored."""
