"""The REST API of a tenant's graph: views that parse, call a question and respond."""
