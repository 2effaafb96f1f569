-- By their ids, and by what their ids begin with: from the prefix up to the next text after it.
WITH named AS (
    SELECT id FROM external_items
    WHERE connection_id = %(connection)s AND external_id = ANY (%(ids)s)
    UNION
    SELECT item.id
    FROM unnest(%(from)s::text[], %(to)s::text[]) AS below (first, beyond)
    JOIN external_items AS item
        ON item.connection_id = %(connection)s
        AND item.external_id ~>=~ below.first AND item.external_id ~<~ below.beyond
)
UPDATE external_items AS item
SET deleted_at = now(), updated_at = now()
FROM named
WHERE item.id = named.id AND item.deleted_at IS NULL
RETURNING item.external_id
