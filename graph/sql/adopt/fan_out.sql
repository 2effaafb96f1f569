-- How many relationships there are to see, and how many rows the old tables joined give for them.
SELECT count(*), coalesce(sum({product}), 0)::bigint
FROM (
    SELECT DISTINCT twin FROM old_relationship_instances
    WHERE twin IS NOT NULL AND deleted_at IS NULL
) AS relationship
{joins}
