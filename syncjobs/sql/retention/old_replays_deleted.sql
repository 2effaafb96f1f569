-- Bulk replays that ended, their items with them.
DELETE FROM replay_batches
WHERE id IN (
    SELECT id FROM replay_batches
    WHERE ended_at < now() - make_interval(days => %(days)s)
    LIMIT %(limit)s
)
