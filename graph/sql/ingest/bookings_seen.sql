-- A booking that another form has stated already: it was read here, too.
WITH pairs AS (
    SELECT incoming.line, incoming.publication, pair.source, pair.external_id
    FROM incoming
    JOIN unnest(%(incoming)s::text[], %(sources)s::text[], %(known)s::text[])
        AS pair (incoming_id, source, external_id) ON pair.incoming_id = incoming.external_id
), place AS (
    SELECT
        source, external_id,
        jsonb_agg(DISTINCT jsonb_build_object(
            'file', %(file)s::text, 'publication', publication, 'line', line
        ) || CASE WHEN %(upload)s = '' THEN '{}'
        ELSE jsonb_build_object('upload', %(upload)s::text) END) AS entries
    FROM pairs
    GROUP BY source, external_id
)
UPDATE raw_events AS event
SET provenance = event.provenance || place.entries, updated_at = now()
FROM place
WHERE event.user_id = %(user_id)s AND event.source = place.source
    AND event.external_id = place.external_id AND NOT event.provenance @> place.entries
