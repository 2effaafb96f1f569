"""Endpoints of what people decide: about cases, pairs of parties and predictions."""
