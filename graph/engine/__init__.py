"""Graph algorithms on Arrow columns, without Django or a database; networkx's backend."""
