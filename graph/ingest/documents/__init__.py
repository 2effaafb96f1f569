"""Reads the facts about money in the text of a mail or a file."""
