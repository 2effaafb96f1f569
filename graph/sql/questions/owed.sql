-- Behind flows.sql: what is owed by that day (`owed`), and how much of it is used up (`used`).
-- Obligations count once (a row that was published twice is one), payments once for all their views.
-- Every step joins by equal keys, so that it can be hashed: nothing is looked up in a loop.
, party AS MATERIALIZED (
    SELECT id, kind, name, kind IN ('department', 'account', 'project', 'clearing') AS own
    FROM normalized_entities
    WHERE user_id = %(user_id)s AND merged_into_id IS NULL
),
billing AS NOT MATERIALIZED (
    SELECT * FROM flow
    WHERE
        amount > 0 AND kind IN ('obligation', 'claim', 'payment')
        AND occurred_at < (%(today)s::date + 1)::timestamp AT TIME ZONE 'UTC'
),
between_parties AS NOT MATERIALIZED (
    SELECT
        flow.*,
        payee.id AS payee_id, payee.own AS to_own, payee.kind AS payee_kind,
        payer.id AS payer_id, payer.own AS from_own, payer.kind AS payer_kind
    FROM billing AS flow
    JOIN party AS payer ON payer.id = flow.source_entity_id
    JOIN party AS payee ON payee.id = flow.target_entity_id
),
posting AS NOT MATERIALIZED (
    SELECT id, posting, due_on, source
    FROM raw_events
    WHERE user_id = %(user_id)s AND kind = 'posting'
),
owed AS MATERIALIZED (
    -- a negative row turns its money round: its payer's posting is the second one
    SELECT
        flow.*, posting.due_on, posting.source, posting.posting = 2 AS is_credit,
        -- which way the money is to go: a purchase's credit note is to come in
        CASE WHEN from_own AND NOT to_own THEN 'payable'
            WHEN to_own AND NOT from_own OR payer_kind = 'customer' THEN 'receivable'
            ELSE 'payable' END AS direction,
        CASE WHEN from_own AND NOT to_own THEN payee_id
            WHEN to_own AND NOT from_own THEN payer_id
            WHEN payee_kind IN ('vendor', 'customer') THEN payee_id
            ELSE payer_id END AS party_id
    FROM between_parties AS flow
    JOIN posting ON posting.id = flow.source_event_id
    WHERE flow.kind <> 'payment' AND flow.payment_group_id = flow.id
),
link AS NOT MATERIALIZED (
    SELECT source_event_id, target_event_id, relationship_type, allocated
    FROM relationship_instances
    WHERE
        user_id = %(user_id)s AND relationship_type IN ('settles', 'reversal')
        AND deleted_at IS NULL
),
settled AS MATERIALIZED (
    SELECT
        owed.id, paid.payment_group_id, link.allocated,
        paid.currency = owed.currency AS same_currency
    FROM link
    JOIN owed ON owed.target_event_id = link.source_event_id
    JOIN billing AS paid ON paid.target_event_id = link.target_event_id AND paid.kind = 'payment'
    WHERE link.relationship_type = 'settles' AND link.allocated IS NOT NULL
),
owed_side AS NOT MATERIALIZED (
    SELECT source_event_id AS event_id, id, currency, amount, is_credit FROM owed
    UNION ALL
    SELECT target_event_id, id, currency, amount, is_credit FROM owed
),
credited AS MATERIALIZED (
    SELECT credit.id AS credit_id, invoice.id AS invoice_id, credit.amount
    FROM link
    JOIN owed_side AS credit ON credit.event_id = link.source_event_id AND credit.is_credit
    JOIN owed_side AS invoice
        ON invoice.event_id = link.target_event_id AND NOT invoice.is_credit
        AND invoice.currency = credit.currency
    WHERE link.relationship_type = 'reversal'
),
used AS MATERIALIZED (
    SELECT id, sum(amount) AS amount
    FROM (
        SELECT id, allocated AS amount FROM settled WHERE same_currency
        UNION ALL
        SELECT invoice_id, amount FROM credited
        UNION ALL
        SELECT credit_id, amount FROM credited
    ) AS part
    GROUP BY id
)
