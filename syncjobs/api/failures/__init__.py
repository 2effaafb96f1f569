"""Dead letters over HTTP, for staff."""
