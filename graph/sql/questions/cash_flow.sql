-- Sums of the counted payments (cash_flow_counted.sql) by month and currency.
SELECT
    to_char(counted.month, 'YYYY-MM') AS month,
    counted.currency,
    party.id::text AS party_id,
    party.name AS party,
    coalesce(sum(amount) FILTER (WHERE counts AND comes_in), 0)::numeric(20, 4) AS money_in,
    coalesce(sum(amount) FILTER (WHERE counts AND goes_out), 0)::numeric(20, 4) AS money_out,
    count(*) FILTER (WHERE counts AND comes_in) AS payments_in,
    count(*) FILTER (WHERE counts AND goes_out) AS payments_out,
    coalesce(sum(amount) FILTER (WHERE is_transfer AND from_own), 0)::numeric(20, 4)
        AS transferred,
    coalesce(sum(amount) FILTER (WHERE NOT counts AND comes_in), 0)::numeric(20, 4)
        AS off_statement_in,
    coalesce(sum(amount) FILTER (WHERE NOT counts AND goes_out), 0)::numeric(20, 4)
        AS off_statement_out,
    count(*) FILTER (WHERE NOT counts AND NOT is_transfer) AS off_statement_payments
FROM counted
LEFT JOIN normalized_entities AS party
    ON %(by)s = 'party' AND party.user_id = %(user_id)s AND party.id = counted.party
GROUP BY counted.month, counted.currency, party.id, party.name
ORDER BY counted.month, counted.currency, party.name, party.id
