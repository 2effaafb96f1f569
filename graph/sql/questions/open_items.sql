-- What is owed and not settled by that day, and money that moved and is not used up: a row an item.
-- Obligations count once (a row that was published twice is one), payments once for all their views.
-- Every step joins by equal keys, so that it can be hashed: nothing is looked up in a loop. Without
-- "loose" only what is owed is told, and the steps about payments of their own are left out.
WITH party AS MATERIALIZED (
    SELECT id, kind, name, kind IN ('department', 'account', 'project', 'clearing') AS own
    FROM normalized_entities
    WHERE user_id = %(user_id)s AND merged_into_id IS NULL
),
flow AS MATERIALIZED (
    SELECT
        id, payment_group_id, kind, currency, amount, document_ref, source_event_id,
        target_event_id, source_entity_id, target_entity_id, occurred_at
    FROM tenant_relationships
    WHERE
        user_id = %(user_id)s AND edge_class = 'flow' AND amount > 0
        AND kind IN ('obligation', 'claim', 'payment')
        AND occurred_at < (%(today)s::date + 1)::timestamp AT TIME ZONE 'UTC'
),
between_parties AS NOT MATERIALIZED (
    SELECT
        flow.*,
        payee.id AS payee_id, payee.own AS to_own, payee.kind AS payee_kind,
        payer.id AS payer_id, payer.own AS from_own, payer.kind AS payer_kind
    FROM flow
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
    JOIN flow AS paid ON paid.target_event_id = link.target_event_id AND paid.kind = 'payment'
    WHERE link.relationship_type = 'settles' AND link.allocated IS NOT NULL
),
side AS NOT MATERIALIZED (
    SELECT source_event_id AS event_id, id, payment_group_id FROM flow
    UNION ALL
    SELECT target_event_id, id, payment_group_id FROM flow
),
taken_back AS MATERIALIZED (
    SELECT
        later.id AS later_id, later.payment_group_id AS later_group,
        first.id AS first_id, first.payment_group_id AS first_group
    FROM link
    JOIN side AS later ON later.event_id = link.source_event_id
    JOIN side AS first ON first.event_id = link.target_event_id
    WHERE link.relationship_type = 'reversal'
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
),
dealt AS MATERIALIZED (
    SELECT
        party_id, bool_or(direction = 'payable') AS we_pay,
        bool_or(direction = 'receivable') AS we_are_paid
    FROM owed
    WHERE NOT is_credit
    GROUP BY party_id
),
payment AS MATERIALIZED (
    SELECT DISTINCT ON (flow.payment_group_id)
        flow.*, from_own AS we_paid,
        CASE WHEN from_own THEN payee_id ELSE payer_id END AS party_id
    FROM between_parties AS flow
    WHERE kind = 'payment' AND from_own <> to_own
    ORDER BY flow.payment_group_id, flow.payment_group_id = flow.id DESC, flow.id
),
spent AS MATERIALIZED (
    SELECT payment_group_id, sum(allocated) FILTER (WHERE same_currency) AS amount
    FROM settled
    GROUP BY payment_group_id
),
explained AS MATERIALIZED (
    SELECT later_group AS payment_group_id FROM taken_back
    UNION
    SELECT first_group FROM taken_back
),
loose AS (
    SELECT
        payment.*, posting.source, coalesce(spent.amount, 0) AS used,
        CASE
            WHEN spent.payment_group_id IS NOT NULL THEN 'overpayment'
            WHEN payment.we_paid AND dealt.we_pay OR NOT payment.we_paid AND dealt.we_are_paid
                THEN 'payment_without_invoice'
            ELSE 'refund'
        END AS item,
        CASE WHEN payment.we_paid THEN 'receivable' ELSE 'payable' END AS direction
    FROM payment
    JOIN dealt ON dealt.party_id = payment.party_id
    JOIN posting ON posting.id = payment.target_event_id
    LEFT JOIN spent ON spent.payment_group_id = payment.payment_group_id
    LEFT JOIN explained ON explained.payment_group_id = payment.payment_group_id
    WHERE
        %(loose)s AND explained.payment_group_id IS NULL
        -- a settlement in another currency is stated, not netted: nothing is left of it here
        AND (spent.payment_group_id IS NULL OR spent.amount IS NOT NULL)
),
item_at AS (
    SELECT
        owed.id,
        CASE WHEN is_credit THEN 'credit_note' WHEN kind = 'claim' THEN 'claim' ELSE 'invoice' END
            AS item,
        direction, party_id, currency, occurred_at, due_on, document_ref, source, owed.amount,
        coalesce(used.amount, 0) AS used
    FROM owed
    LEFT JOIN used ON used.id = owed.id
    UNION ALL
    SELECT
        id, item, direction, party_id, currency, occurred_at, NULL, document_ref, source, amount,
        used
    FROM loose
),
item AS (
    SELECT *, (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM item_at
    WHERE amount > used
)
SELECT
    item.id::text AS id, item.item, item.direction, item.currency, item.day, item.due_on,
    party.id::text AS party_id, party.name AS party, item.document_ref, item.source,
    item.amount::numeric(20, 4) AS amount, item.used::numeric(20, 4) AS settled,
    (item.amount - item.used)::numeric(20, 4) AS open,
    %(today)s::date - coalesce(item.due_on, item.day) AS days_overdue
FROM item
JOIN party ON party.id = item.party_id
WHERE
    (%(parties)s::uuid[] IS NULL OR item.party_id = ANY (%(parties)s::uuid[]))
ORDER BY coalesce(item.due_on, item.day), item.id
