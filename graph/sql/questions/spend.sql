-- What was paid (or came in), each payment once, by what it is grouped by and the period.
-- A payment that settles other payments (a card company's bill for purchases that are payments
-- themselves) is left out: its purchases are there. The department and the category of a payment
-- that only a statement tells are those of its view in the ledger, or of the invoice it settles.
-- A category is what a column says that is one by its title. Without such a column it is the row's text
-- if the texts of its source are a small vocabulary that repeats; other texts are no categories.
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
),
flow AS MATERIALIZED (
    SELECT
        line.*,
        coalesce(line.titled, CASE WHEN vocabulary.source IS NOT NULL THEN line.words END) AS category
    FROM line
    LEFT JOIN vocabulary ON vocabulary.source = line.source
),
settles AS MATERIALIZED (
    SELECT invoice.id, invoice.kind, invoice.department, invoice.category,
        payment.payment_group_id, link.allocated
    FROM relationship_instances AS link
    JOIN flow AS invoice ON invoice.target_event_id = link.source_event_id
    JOIN flow AS payment ON payment.target_event_id = link.target_event_id
    WHERE
        link.user_id = %(user_id)s AND link.relationship_type = 'settles'
        AND link.deleted_at IS NULL
),
of_ledger AS MATERIALIZED (
    SELECT DISTINCT ON (payment_group_id) payment_group_id, department, category
    FROM (
        SELECT payment_group_id, department, category, 0 AS rank, 0 AS allocated, id FROM flow
        WHERE department IS NOT NULL
        UNION ALL
        SELECT payment_group_id, department, category, 1, allocated, id FROM settles
        WHERE department IS NOT NULL
    ) AS stated
    ORDER BY payment_group_id, rank, allocated DESC NULLS LAST, id
),
collected AS MATERIALIZED (
    SELECT DISTINCT payment_group_id FROM settles WHERE kind IN ('payment', 'fee')
),
transfer AS MATERIALIZED (
    -- what counts as a transfer between own accounts is not spent, whoever else tells it
    SELECT id FROM tenant_relationships
    WHERE user_id = %(user_id)s AND edge_class = 'flow' AND kind = 'transfer'
),
once AS (
    SELECT DISTINCT ON (flow.payment_group_id) flow.*
    FROM flow
    LEFT JOIN collected ON collected.payment_group_id = flow.payment_group_id
    LEFT JOIN transfer ON transfer.id = flow.payment_group_id
    WHERE
        flow.kind = ANY (%(kinds)s::text[]) AND collected.payment_group_id IS NULL
        AND transfer.id IS NULL
        AND CASE %(direction)s
            -- an employee is on our side where a company card pays a shop, not where wages come in
            WHEN 'out' THEN from_own AND (NOT to_own OR payee_kind = 'employee')
            ELSE to_own AND payee_kind <> 'employee' AND NOT from_own
        END
    ORDER BY flow.payment_group_id, flow.payment_group_id = flow.id DESC, flow.id
)
SELECT
    once.id::text AS id,
    CASE %(by)s
        WHEN 'party' THEN party.name
        WHEN 'department' THEN coalesce(of_ledger.department, once.department)
        ELSE coalesce(of_ledger.category, once.category)
    END AS name,
    CASE WHEN %(by)s = 'party' THEN party.id END::text AS party_id,
    once.currency, once.amount, once.temporal_pattern_id::text AS series, party.name AS party,
    (once.occurred_at AT TIME ZONE 'UTC')::date AS day
FROM once
JOIN party
    ON party.id = CASE WHEN %(direction)s = 'out' THEN once.payee_id ELSE once.payer_id END
LEFT JOIN of_ledger ON of_ledger.payment_group_id = once.payment_group_id
WHERE %(parties)s::uuid[] IS NULL OR party.id = ANY (%(parties)s::uuid[])
ORDER BY day, once.id
