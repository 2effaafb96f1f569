"""Other libraries and methods with which the graph benchmark compares finley."""
