"""Pages of sums, and pages of the rows that each sum counts."""
