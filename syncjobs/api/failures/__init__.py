"""Endpoints of dead letters, for staff."""
