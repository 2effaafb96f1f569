"""Authentication and rate limits of API requests."""
