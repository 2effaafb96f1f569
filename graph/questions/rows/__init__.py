"""Questions about single rows of the books: what they record, and the rows of a case."""
