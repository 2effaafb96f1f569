"""A person's files: received in pieces, read by a worker, imported when the person confirms."""
