-- What is owed and not settled by that day (owed.sql), and money that moved and is not used up: a row
-- an item.
, dealt AS MATERIALIZED (
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
side AS NOT MATERIALIZED (
    SELECT source_event_id AS event_id, id, payment_group_id FROM billing
    UNION ALL
    SELECT target_event_id, id, payment_group_id FROM billing
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
        explained.payment_group_id IS NULL
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
