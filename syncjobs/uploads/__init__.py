"""Files that people upload in pieces. A worker reads a file; it is imported after a
confirmation."""
