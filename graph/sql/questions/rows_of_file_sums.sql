-- The sums of a file's rows in the books, by the kinds of both parties, what they record and currency.
SELECT
    payer.party_kind AS payer_kind, payee.party_kind AS payee_kind, payee.records, payee.currency,
    sum(abs(payee.amount)) AS amount, count(*) AS rows
FROM raw_events AS payee
JOIN relationship_instances AS flow
    ON flow.user_id = payee.user_id AND flow.target_event_id = payee.id
    AND flow.edge_class = 'flow' AND flow.deleted_at IS NULL
JOIN raw_events AS payer
    ON payer.user_id = flow.user_id AND payer.id = flow.source_event_id
WHERE
    payee.user_id = %(user_id)s AND payee.source = ANY (%(sources)s)
    AND payee.provenance @> ANY (%(files)s::jsonb[])
GROUP BY payer.party_kind, payee.party_kind, payee.records, payee.currency
ORDER BY amount DESC, payee.currency
