-- What is owed and not settled by that day, and money that moved and is not used up: a row an item.
-- `own` are the tenant's own parties; whom it deals with is an item's party. Obligations count once
-- (a row that was published twice is one), payments once for all their views.
WITH party AS MATERIALIZED (
    SELECT id, kind, name, kind IN ('department', 'account', 'project', 'clearing') AS own
    FROM normalized_entities
    WHERE user_id = %(user_id)s AND merged_into_id IS NULL
),
flow AS MATERIALIZED (
    SELECT
        flow.id, flow.payment_group_id, flow.kind, flow.currency, flow.amount, flow.document_ref,
        flow.source_event_id, flow.target_event_id,
        (flow.occurred_at AT TIME ZONE 'UTC')::date AS day,
        payee.id AS payee_id, payee.own AS to_own, payee.kind AS payee_kind,
        payer.id AS payer_id, payer.own AS from_own, payer.kind AS payer_kind
    FROM tenant_relationships AS flow
    JOIN party AS payer ON payer.id = flow.source_entity_id
    JOIN party AS payee ON payee.id = flow.target_entity_id
    WHERE
        flow.user_id = %(user_id)s AND flow.edge_class = 'flow' AND flow.amount > 0
        AND flow.kind IN ('obligation', 'claim', 'payment')
        AND (flow.occurred_at AT TIME ZONE 'UTC')::date <= %(today)s
),
owed AS MATERIALIZED (
    -- a negative row turns its money round: its payer's posting is the second one
    SELECT
        flow.*, event.due_on, event.source, event.posting = 2 AS is_credit,
        CASE WHEN (event.posting = 2) = (from_own OR payee_kind = 'customer')
            THEN 'receivable' ELSE 'payable' END AS direction,
        CASE WHEN from_own AND NOT to_own THEN payee_id
            WHEN to_own AND NOT from_own THEN payer_id
            WHEN payee_kind IN ('vendor', 'customer') THEN payee_id
            ELSE payer_id END AS party_id
    FROM flow
    JOIN raw_events AS event
        ON event.user_id = %(user_id)s AND event.id = flow.source_event_id
    WHERE flow.kind <> 'payment' AND flow.payment_group_id = flow.id
),
settled AS MATERIALIZED (
    SELECT
        link.source_event_id AS invoice_event, link.allocated, paid.payment_group_id,
        paid.currency
    FROM relationship_instances AS link
    JOIN flow AS paid ON paid.target_event_id = link.target_event_id AND paid.kind = 'payment'
    WHERE
        link.user_id = %(user_id)s AND link.relationship_type = 'settles'
        AND link.deleted_at IS NULL AND link.allocated IS NOT NULL
),
taken_back AS MATERIALIZED (
    SELECT source_event_id AS later_event, target_event_id AS first_event
    FROM relationship_instances
    WHERE
        user_id = %(user_id)s AND relationship_type = 'reversal' AND deleted_at IS NULL
),
credited AS MATERIALIZED (
    SELECT credit.id AS credit_id, invoice.id AS invoice_id, credit.amount
    FROM taken_back
    JOIN owed AS credit
        ON taken_back.later_event IN (credit.source_event_id, credit.target_event_id)
    JOIN owed AS invoice
        ON taken_back.first_event IN (invoice.source_event_id, invoice.target_event_id)
        AND invoice.currency = credit.currency
    WHERE credit.is_credit AND NOT invoice.is_credit
),
invoice AS (
    SELECT
        owed.*,
        coalesce((
            SELECT sum(settled.allocated) FROM settled
            WHERE settled.invoice_event = owed.target_event_id AND settled.currency = owed.currency
        ), 0) + coalesce((
            SELECT sum(credited.amount) FROM credited
            WHERE owed.id IN (credited.invoice_id, credited.credit_id)
        ), 0) AS used
    FROM owed
),
dealt AS MATERIALIZED (
    SELECT DISTINCT party_id, direction = 'payable' AS we_pay FROM owed WHERE NOT is_credit
),
payment AS MATERIALIZED (
    SELECT DISTINCT ON (flow.payment_group_id)
        flow.*, from_own AS we_paid,
        CASE WHEN from_own THEN payee_id ELSE payer_id END AS party_id
    FROM flow
    WHERE kind = 'payment' AND from_own <> to_own
    ORDER BY flow.payment_group_id, flow.payment_group_id = flow.id DESC, flow.id
),
spent AS (
    SELECT payment_group_id, sum(allocated) AS used, count(*) AS links
    FROM settled
    GROUP BY payment_group_id
),
loose AS (
    SELECT
        payment.*, event.source, coalesce(spent.used, 0) AS used,
        CASE
            WHEN dealt.we_pay <> payment.we_paid THEN 'refund'
            WHEN spent.used > 0 THEN 'overpayment'
            ELSE 'payment_without_invoice'
        END AS item,
        CASE WHEN payment.we_paid THEN 'receivable' ELSE 'payable' END AS direction
    FROM payment
    JOIN dealt ON dealt.party_id = payment.party_id
    JOIN raw_events AS event
        ON event.user_id = %(user_id)s AND event.id = payment.target_event_id
    LEFT JOIN spent ON spent.payment_group_id = payment.payment_group_id
    WHERE
        NOT EXISTS (
            SELECT FROM dealt AS usual
            WHERE
                usual.party_id = payment.party_id AND usual.we_pay = payment.we_paid
                AND dealt.we_pay <> payment.we_paid
        )
        AND coalesce(spent.links, 0) = CASE WHEN spent.used > 0 THEN spent.links ELSE 0 END
        AND NOT EXISTS (
            SELECT FROM taken_back JOIN flow AS member
                ON taken_back.later_event IN (member.source_event_id, member.target_event_id)
                OR taken_back.first_event IN (member.source_event_id, member.target_event_id)
            WHERE member.payment_group_id = payment.payment_group_id
        )
),
item AS (
    SELECT
        id, CASE WHEN is_credit THEN 'credit_note' WHEN kind = 'claim' THEN 'claim' ELSE 'invoice' END
            AS item,
        direction, party_id, currency, day, due_on, document_ref, source, amount, used
    FROM invoice
    WHERE amount > used
    UNION ALL
    SELECT
        id, item, direction, party_id, currency, day, NULL, document_ref, source, amount, used
    FROM loose
    WHERE amount > used
)
SELECT
    item.id::text AS id, item.item, item.direction, item.currency, item.day, item.due_on,
    party.id::text AS party_id, party.name AS party, item.document_ref, item.source,
    item.amount::numeric(20, 4) AS amount, item.used::numeric(20, 4) AS settled,
    (item.amount - item.used)::numeric(20, 4) AS open,
    %(today)s - coalesce(item.due_on, item.day) AS days_overdue
FROM item
JOIN party ON party.id = item.party_id
WHERE %(parties)s::uuid[] IS NULL OR item.party_id = ANY (%(parties)s::uuid[])
ORDER BY coalesce(item.due_on, item.day), item.id
