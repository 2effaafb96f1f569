-- Rows that are known rows with other words take over their keys.
UPDATE incoming
SET external_id = pair.known
FROM unnest(%(new)s::text[], %(known)s::text[]) AS pair (new, known)
WHERE incoming.external_id = pair.new
