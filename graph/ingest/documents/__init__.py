"""Reads what a mail or a file says about money from its text."""
