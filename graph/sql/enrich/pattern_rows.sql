-- A pattern layer's rows become what is given: new ones and changed ones. Those no longer so go
-- later, when no relationship points at them any more.
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS given ({fields})
), known AS MATERIALIZED (
    SELECT * FROM {table} WHERE user_id = %(user_id)s
), changed AS (
    UPDATE {table} AS pattern
    SET {changes}
    FROM given
    JOIN known ON known.key = given.key
    WHERE pattern.id = known.id AND ({given}) IS DISTINCT FROM ({known})
    RETURNING pattern.id
), added AS (
    INSERT INTO {table} (user_id, key, {names})
    SELECT %(user_id)s, given.key, {given}
    FROM given
    WHERE NOT EXISTS (SELECT FROM known WHERE known.key = given.key)
    RETURNING id
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed)
