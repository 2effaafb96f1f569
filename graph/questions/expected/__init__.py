"""What is expected: the occurrences of recurring series from today on."""
