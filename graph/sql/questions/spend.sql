-- What was paid (or came in), each payment once, by what it is grouped by and the period (of
-- spend_lines.sql).
-- A payment that settles other payments (a card company's bill for purchases that are payments
-- themselves) is left out: its purchases are there. The department and the category of a payment
-- that only a statement tells are those of its view in the ledger, or of the invoice it settles.
-- A category is what a column says that is one by its title. Without such a column it is the row's text
-- if the texts of its source are a small vocabulary that repeats; other texts are no categories.
, flow AS MATERIALIZED (
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
