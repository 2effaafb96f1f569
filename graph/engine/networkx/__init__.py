"""finley as a networkx backend."""
