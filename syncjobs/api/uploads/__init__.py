"""Endpoints of uploaded files."""
