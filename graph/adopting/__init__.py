"""Adopts the tables of the replaced system: reads, checks, merges and selects rows, then writes
them."""
