"""The tools, in modules by what they ask about."""
