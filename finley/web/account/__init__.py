"""Pages about a person: sign-in, members, the second factor, all data of the tenant."""
