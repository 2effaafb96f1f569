-- The rules that our tables have for each row, as SQL over their columns.
SELECT conname, pg_get_expr(conbin, conrelid)
FROM pg_constraint
WHERE conrelid = %(table)s::regclass AND contype = 'c'
ORDER BY conname
