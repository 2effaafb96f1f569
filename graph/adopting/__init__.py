"""Takes over the replaced system's tables: reads, checks, merges and selects rows, then writes
them."""
