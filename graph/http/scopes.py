"""What a token may let its bearer do: read, sync (and change connections), administer."""

READ, SYNC, ADMIN = "read", "sync", "admin"
SCOPES = (READ, SYNC, ADMIN)
