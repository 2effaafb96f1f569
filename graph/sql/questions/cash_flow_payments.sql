-- The counted payments (cash_flow_counted.sql) behind one sum of cash_flow.sql, the newest first.
SELECT counted.id::text AS id, counted.currency, counted.amount, counted.comes_in
FROM counted
WHERE
    counted.currency = %(currency)s
    AND CASE %(way)s
        WHEN 'in' THEN counts AND comes_in
        WHEN 'out' THEN counts AND goes_out
        ELSE NOT counts AND NOT is_transfer
    END
ORDER BY counted.occurred_at DESC, counted.id
