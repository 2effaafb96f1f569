-- Ended messages, but for those of which a dead letter tells that somebody may still replay, and those
-- whose key says that an endpoint was told of something that is still found: it would be told again.
DELETE FROM deliveries
WHERE id IN (
    SELECT id
    FROM deliveries
    WHERE
        ended_at < now() - make_interval(days => %(days)s)
        AND NOT EXISTS (
            SELECT FROM job_failures
            WHERE job_failures.id = deliveries.failure_id AND job_failures.status IN ('open', 'replaying')
        )
        AND NOT starts_with(key, 'price.risen:')
        AND NOT EXISTS (
            SELECT FROM payment_cases AS found
            WHERE
                found.state = 'open'
                AND found.id = CASE
                    WHEN starts_with(deliveries.key, 'double_payment:')
                    THEN split_part(deliveries.key, ':', 2)::uuid
                END
        )
        AND NOT EXISTS (
            SELECT FROM predicted_relationships AS found
            WHERE
                found.status IN ('pending', 'overdue')
                AND found.id = CASE
                    WHEN starts_with(deliveries.key, 'overdue_receipt:')
                    THEN split_part(deliveries.key, ':', 2)::uuid
                END
                AND found.expected_to::text = split_part(deliveries.key, ':', 3)
        )
        AND NOT EXISTS (
            SELECT FROM sync_connections AS found
            WHERE
                found.id = CASE
                    WHEN starts_with(deliveries.key, 'no_success:')
                    THEN split_part(deliveries.key, ':', 2)::uuid
                END
                AND extract(epoch FROM coalesce(found.last_synced_at, found.created_at))::bigint::text
                    = split_part(deliveries.key, ':', 3)
        )
    LIMIT %(limit)s
)
