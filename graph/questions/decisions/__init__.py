"""People's decisions: on cases of double payments, on pairs of parties, on expected payments."""
