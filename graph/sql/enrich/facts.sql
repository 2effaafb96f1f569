-- A fact layer becomes what is given: new rows, changed rows, and those no longer so deleted.
WITH known AS MATERIALIZED (
    SELECT * FROM {table} WHERE user_id = %(user_id)s
), gone AS (
    DELETE FROM {table} AS fact
    USING known
    WHERE
        fact.id = known.id
        AND NOT EXISTS (SELECT FROM given_facts AS given WHERE given.relationship_id = known.relationship_id)
    RETURNING fact.id
), changed AS (
    UPDATE {table} AS fact
    SET {changes}
    FROM given_facts AS given
    JOIN known ON known.relationship_id = given.relationship_id
    WHERE fact.id = known.id AND ({given}) IS DISTINCT FROM ({known})
    RETURNING fact.id
), added AS (
    INSERT INTO {table} (user_id, relationship_id, {names})
    SELECT %(user_id)s, given.relationship_id, {given}
    FROM given_facts AS given
    WHERE NOT EXISTS (SELECT FROM known WHERE known.relationship_id = given.relationship_id)
    RETURNING id
)
SELECT
    (SELECT count(*) FROM added), (SELECT count(*) FROM changed), (SELECT count(*) FROM gone)
