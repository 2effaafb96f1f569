"""Lets networkx run its functions on finley's graphs: finley as a networkx backend."""
