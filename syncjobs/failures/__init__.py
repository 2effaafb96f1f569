"""Dead letters: recorded, grouped, replayed, settled."""
