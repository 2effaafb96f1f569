"""What happens in a tenant's books, as messages to the endpoints that the tenant has for it."""
