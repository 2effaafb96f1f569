"""Pages of sums, and of the rows behind each of them."""
