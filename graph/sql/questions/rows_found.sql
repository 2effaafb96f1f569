-- Money flows of which an event's text has all the words (or whose number in the books is the whole
-- text), whose amount is one of some, or that are of some days. Each way has the newest `most` events
-- (NULL: all); a row without an id says that there are as many, so that some may be left out. The
-- tenant's events are read once, whole: an index of words would cost each import more than it saves
-- a search. PostgreSQL leaves out the conditions of an empty list, because the parameters are
-- constants. Numbers are compared first, by LIKE, which is quicker than ILIKE.
WITH scanned AS MATERIALIZED (
    SELECT id, occurred_at, by_words, by_amount, by_day
    FROM (
        SELECT
            id,
            occurred_at,
            transaction_ref = %(text)s OR (
                cardinality(%(likes)s::text[]) > 0
                AND (
                    cardinality(%(numbers)s::text[]) = 0
                    OR concat_ws(' ', description, document_ref, party_name)
                    LIKE ALL (%(numbers)s::text[])
                )
                AND concat_ws(' ', description, document_ref, party_name)
                ILIKE ALL (%(likes)s::text[])
                AND (
                    cardinality(%(forms)s::text[]) = 0
                    OR concat_ws(' ', description, document_ref, party_name)
                    ~* ALL (%(forms)s::text[])
                )
            ) AS by_words,
            cardinality(%(amounts)s::numeric[]) > 0
            AND coalesce(amount = ANY (%(amounts)s::numeric[]), false) AS by_amount,
            NOT isempty(%(days)s::tstzmultirange)
            AND occurred_at <@ %(days)s::tstzmultirange AS by_day
        FROM raw_events
        WHERE user_id = %(user_id)s AND kind = 'posting'
    ) AS event
    WHERE by_words OR by_amount OR by_day
),
found AS (
    (
        SELECT id, occurred_at, 'words' AS way
        FROM scanned WHERE by_words ORDER BY occurred_at DESC, id DESC LIMIT %(most)s
    )
    UNION ALL
    (
        SELECT id, occurred_at, 'amount' AS way
        FROM scanned WHERE by_amount ORDER BY occurred_at DESC, id DESC LIMIT %(most)s
    )
    UNION ALL
    (
        SELECT id, occurred_at, 'day' AS way
        FROM scanned WHERE by_day ORDER BY occurred_at DESC, id DESC LIMIT %(most)s
    )
),
flows AS (
    SELECT relationship.id, found.occurred_at, found.way
    FROM found
    JOIN relationship_instances AS relationship
        ON relationship.user_id = %(user_id)s AND relationship.target_event_id = found.id
    WHERE relationship.edge_class = 'flow' AND relationship.deleted_at IS NULL
    UNION ALL
    SELECT relationship.id, found.occurred_at, found.way
    FROM found
    JOIN relationship_instances AS relationship
        ON relationship.user_id = %(user_id)s AND relationship.source_event_id = found.id
    WHERE relationship.edge_class = 'flow' AND relationship.deleted_at IS NULL
)
SELECT way, id, max(occurred_at) AS newest_at FROM flows GROUP BY way, id
UNION ALL
SELECT way, NULL, NULL FROM found GROUP BY way HAVING count(*) >= %(most)s
ORDER BY newest_at DESC, id DESC
