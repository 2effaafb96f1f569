-- What a tenant's version does not tell of what the check reads: people's decisions on parties,
-- and when its books changed last (in what no graph shows: words, bank accounts).
SELECT
    (SELECT wanted_at FROM enrichments WHERE user_id = %(user_id)s),
    count(*),
    max(decided_at)
FROM entity_resolutions
WHERE user_id = %(user_id)s AND decided IN ('merge', 'apart')
