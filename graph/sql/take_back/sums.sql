-- The sums of the rows that go, by the kinds of both parties, what they record and currency.
SELECT
    payer.party_kind AS payer_kind, payee.party_kind AS payee_kind, payee.records, payee.currency,
    sum(abs(payee.amount)) AS amount, count(*) AS rows
FROM gone_flows AS gone
JOIN relationship_instances AS flow ON flow.user_id = %(user_id)s AND flow.id = gone.id
JOIN raw_events AS payee ON payee.user_id = flow.user_id AND payee.id = flow.target_event_id
JOIN raw_events AS payer ON payer.user_id = flow.user_id AND payer.id = flow.source_event_id
GROUP BY payer.party_kind, payee.party_kind, payee.records, payee.currency
ORDER BY amount DESC, payee.currency
