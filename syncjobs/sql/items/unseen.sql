-- What a full sync did not see is gone at the provider.
UPDATE external_items
SET deleted_at = now(), updated_at = now()
WHERE connection_id = %(connection)s AND deleted_at IS NULL AND generation <> %(generation)s
RETURNING external_id
