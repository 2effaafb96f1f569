"""Other libraries and ways with which benchmarks compare finley."""
