-- The lines of a file on which these rows of a source stand, for each publication.
SELECT event.external_id, place.entry ->> 'publication', (place.entry ->> 'line')::bigint
FROM raw_events AS event
CROSS JOIN LATERAL jsonb_array_elements(event.provenance) AS place (entry)
WHERE event.user_id = %(user_id)s AND event.source = %(source)s AND event.posting = 1
    AND event.external_id = ANY (%(ids)s) AND place.entry ->> 'file' = %(file)s
