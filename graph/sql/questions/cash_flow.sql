-- The answer's parts as arrays of JSON, amounts as texts: sums of the counted payments by month and
-- currency (cash_flow_counted.sql), what is owed by month of the due day (owed.sql), and the
-- predictions that count with their evidence (cash_flow_expected.sql).
, month_sum AS (
    SELECT
        to_char(counted.month, 'YYYY-MM') AS month,
        counted.currency,
        party.id AS party_id,
        party.name AS party,
        coalesce(sum(amount) FILTER (WHERE counts AND comes_in), 0)::numeric(20, 4)::text
            AS money_in,
        coalesce(sum(amount) FILTER (WHERE counts AND goes_out), 0)::numeric(20, 4)::text
            AS money_out,
        count(*) FILTER (WHERE counts AND comes_in) AS payments_in,
        count(*) FILTER (WHERE counts AND goes_out) AS payments_out,
        coalesce(sum(amount) FILTER (WHERE is_transfer AND from_own), 0)::numeric(20, 4)::text
            AS transferred,
        coalesce(sum(amount) FILTER (WHERE NOT counts AND comes_in), 0)::numeric(20, 4)::text
            AS off_statement_in,
        coalesce(sum(amount) FILTER (WHERE NOT counts AND goes_out), 0)::numeric(20, 4)::text
            AS off_statement_out,
        count(*) FILTER (WHERE NOT counts AND NOT is_transfer) AS off_statement_payments
    FROM counted
    LEFT JOIN normalized_entities AS party
        ON %(by)s = 'party' AND party.user_id = %(user_id)s AND party.id = counted.party
    GROUP BY counted.month, counted.currency, party.id, party.name
    ORDER BY counted.month, counted.currency, party.name, party.id
),
open_item AS (
    SELECT
        owed.direction, owed.currency, owed.amount - coalesce(used.amount, 0) AS open,
        coalesce(owed.due_on, (owed.occurred_at AT TIME ZONE 'UTC')::date) AS due_on,
        owed.due_on < %(today)s AS is_overdue  -- NULL: no due day is stated
    FROM owed
    JOIN party ON party.id = owed.party_id
    LEFT JOIN used ON used.id = owed.id
    WHERE
        NOT owed.is_credit AND owed.amount > coalesce(used.amount, 0)
        AND (%(parties)s::uuid[] IS NULL OR owed.party_id = ANY (%(parties)s::uuid[]))
),
obligation AS (
    SELECT
        direction, currency, to_char(due_on, 'YYYY-MM') AS due_month,
        sum(open)::numeric(20, 4)::text AS open,
        coalesce(sum(open) FILTER (WHERE is_overdue), 0)::numeric(20, 4)::text AS overdue
    FROM open_item
    GROUP BY direction, currency, to_char(due_on, 'YYYY-MM')
    ORDER BY direction COLLATE "C", currency COLLATE "C", due_month
),
prediction AS (
    SELECT
        expected.id, expected.currency, expected.amount_low::text AS amount_low,
        expected.amount_high::text AS amount_high, expected.expected_from, expected.expected_to,
        expected.status, expected.stale_from, expected.comes_in, predicted.evidence
    FROM expected
    JOIN predicted_relationships AS predicted
        ON predicted.user_id = %(user_id)s AND predicted.id = expected.predicted_relationship_id
    ORDER BY expected.expected_from, expected.id
)
SELECT
    (SELECT '[' || coalesce(string_agg(row_to_json(month_sum)::text, ','), '') || ']' FROM month_sum) AS months,
    (SELECT '[' || coalesce(string_agg(row_to_json(obligation)::text, ','), '') || ']' FROM obligation) AS obligations,
    (SELECT '[' || coalesce(string_agg(row_to_json(prediction)::text, ','), '') || ']' FROM prediction) AS expected
