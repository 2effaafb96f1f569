"""Files that people upload: received in pieces, read by a worker, imported after confirmation."""
