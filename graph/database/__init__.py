"""How tenants are kept apart in PostgreSQL: transactions, row security, grants, deadlines."""
