"""Detectors of links between events."""
