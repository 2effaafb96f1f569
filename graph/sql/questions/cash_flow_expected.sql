-- Behind expected_counted.sql: the predictions that count and are pending or overdue, seen from the
-- chosen parties (`expected`). Each payment once, whichever sources' series expect it; none of books
-- that are too old.
, expected AS (
    SELECT DISTINCT ON (counting.payment_group_id)
        counting.*, target.id IS NOT NULL AS comes_in
    FROM counting
    LEFT JOIN own AS source ON source.id = counting.source_entity_id
    LEFT JOIN own AS target ON target.id = counting.target_entity_id
    WHERE
        counting.status IN ('pending', 'overdue') AND counting.expected_from IS NOT NULL
        AND (counting.stale_from IS NULL OR counting.stale_from > %(today)s)
        AND (source.id IS NULL) <> (target.id IS NULL)
    ORDER BY
        counting.payment_group_id, counting.payment_group_id = counting.id DESC, counting.id
)
