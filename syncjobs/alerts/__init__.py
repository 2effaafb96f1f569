"""Messages to people and programs: rules that write alerts, and the delivery of every message.

Other code sends a message with `messages.deliver` or `messages.publish`:

    messages.publish(user_id, "case.opened", {"case": str(case.id)}, key=f"case.opened:{case.id}")

Each call writes one `deliveries` row per endpoint in the caller's transaction, with a stable id.
After the commit, a worker's job delivers the messages that an endpoint waits for (`deliverer`). It
retries with growing waits, and writes a dead letter for a message that fails for good. A replay of
the dead letter makes the message wait again. PostgreSQL holds every message, so none is lost with
Redis or a worker. A message may arrive twice, with the same id. Webhooks are signed (`signatures`),
and go to public addresses only (`address_guard`).
"""
