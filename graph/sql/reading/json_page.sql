-- A page of relationships as JSON, and where it ends. `page` selects their ids and times, at most one
-- more than the page has, or, of few rows, all of them in any order.
SELECT
    unchanged_since(%s, %s, %s, %s, %s) AS unchanged,
    cardinality(page.ids) AS size,
    CASE WHEN cardinality(page.ids) <= %s THEN {written} END AS rows,
    page.times[%s] AS last_at,
    page.ids[%s] AS last_id
FROM (
    SELECT
        coalesce(array_agg(id ORDER BY occurred_at DESC, id DESC), '{{}}') AS ids,
        array_agg(occurred_at ORDER BY occurred_at DESC, id DESC) AS times
    FROM (SELECT id, occurred_at FROM tenant_relationships WHERE {where} {limit} LIMIT %s) AS rows
) AS page
