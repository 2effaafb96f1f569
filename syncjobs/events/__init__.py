"""Messages to a tenant's endpoints about what happens in the tenant's books."""
