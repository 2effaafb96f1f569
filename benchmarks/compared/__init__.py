"""Other libraries and other ways with which the graph benchmark compares the service."""
