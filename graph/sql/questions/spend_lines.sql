-- The rows that spending counts (line), and the sources whose texts are a small vocabulary that repeats
-- (vocabulary): texts of other sources are no categories.
WITH party AS MATERIALIZED (
    SELECT id, kind, name, kind IN ('department', 'account', 'employee', 'project') AS own,
        kind IN ('department', 'project') AS is_department
    FROM normalized_entities
    WHERE user_id = %(user_id)s AND merged_into_id IS NULL
),
line AS MATERIALIZED (
    SELECT
        flow.id, flow.payment_group_id, flow.kind, flow.currency, flow.amount, flow.occurred_at,
        flow.target_event_id, flow.temporal_pattern_id,
        payer.own AS from_own, payee.own AS to_own,
        payer.id AS payer_id, payee.id AS payee_id, payer.kind AS payer_kind,
        payee.kind AS payee_kind,
        CASE WHEN payer.is_department THEN payer.name WHEN payee.is_department THEN payee.name END
            AS department,
        event.source, nullif(btrim(event.description), '') AS words,
        CASE WHEN %(by)s = 'category' THEN (
            SELECT btrim(event.data ->> title.name)
            FROM unnest(%(titles)s::text[]) WITH ORDINALITY AS title (name, place)
            WHERE btrim(event.data ->> title.name) <> ''
            ORDER BY title.place LIMIT 1
        ) END AS titled
    FROM tenant_relationships AS flow
    JOIN party AS payer ON payer.id = flow.source_entity_id
    JOIN party AS payee ON payee.id = flow.target_entity_id
    JOIN raw_events AS event
        ON event.user_id = %(user_id)s AND event.id = flow.target_event_id
    WHERE
        flow.user_id = %(user_id)s AND flow.edge_class = 'flow' AND flow.amount > 0
        AND flow.occurred_at < (%(today)s::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND flow.kind IN ('payment', 'fee', 'obligation', 'claim')
),
vocabulary AS MATERIALIZED (
    SELECT source
    FROM line
    WHERE %(by)s = 'category' AND words IS NOT NULL AND titled IS NULL
    GROUP BY source
    HAVING count(DISTINCT words) <= %(most_words)s
        AND count(*) >= %(repeated)s * count(DISTINCT words)
)
