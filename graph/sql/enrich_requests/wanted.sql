-- The tenant's books have changed, in this transaction.
INSERT INTO enrichments (user_id, wanted_at)
VALUES (%(user_id)s, clock_timestamp())
ON CONFLICT (user_id) DO UPDATE
SET wanted_at = greatest(clock_timestamp(), enrichments.wanted_at)
