"""The questions of the API, one module each."""
