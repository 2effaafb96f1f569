"""Pages of the graph: all of it, or the surroundings of a party."""
