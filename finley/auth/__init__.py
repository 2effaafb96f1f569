"""Authentication of API requests and their rate limits."""
