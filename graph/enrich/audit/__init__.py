"""Finds what auditors look for in addition to double payments: reasons to look, never
accusations."""
