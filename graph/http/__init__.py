"""What every HTTP endpoint shares: problem responses, token scopes, idempotency keys."""
