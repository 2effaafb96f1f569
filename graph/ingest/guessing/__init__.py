"""Guesses how a table without a known format is read, and says what is not sure."""
