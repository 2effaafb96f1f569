-- The row was read in this publication of this file, too.
UPDATE raw_events AS event
SET provenance = event.provenance || place.entries, updated_at = now()
FROM (
    SELECT
        external_id,
        jsonb_agg(
            jsonb_build_object('file', %(file)s::text, 'publication', publication, 'line', line)
            ORDER BY line
        ) AS entries
    FROM (
        SELECT DISTINCT ON (staged.external_id, publication)
            staged.external_id, publication, line
        FROM staged
        JOIN raw_events AS known
            ON known.user_id = %(user_id)s AND known.source = %(source)s
            AND known.external_id = staged.external_id AND known.posting = 1
        WHERE NOT known.provenance @> jsonb_build_array(
            jsonb_build_object('file', %(file)s::text, 'publication', publication)
        )
        ORDER BY staged.external_id, publication, line
    ) AS unseen
    GROUP BY external_id
) AS place
WHERE event.user_id = %(user_id)s AND event.source = %(source)s
    AND event.external_id = place.external_id
