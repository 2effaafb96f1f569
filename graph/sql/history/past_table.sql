CREATE VIEW as_of.{table} WITH (security_invoker) AS
SELECT {columns}
FROM public.{table} AS present
WHERE NOT EXISTS (SELECT FROM as_of.undone({name}) AS undone WHERE undone.id = present.id)
UNION ALL
SELECT {past_columns}
FROM as_of.undone({name}) AS undone
CROSS JOIN LATERAL jsonb_populate_record(NULL::public.{table}, undone.before) AS past
WHERE undone.before IS NOT NULL
