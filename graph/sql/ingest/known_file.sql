-- Whether this file was imported before: then a row that is new in it is a change.
CREATE TEMPORARY TABLE known_file ON COMMIT DROP AS
SELECT EXISTS (
    SELECT FROM raw_events
    WHERE
        user_id = %(user_id)s AND source = %(source)s
        AND provenance @> jsonb_build_array(jsonb_build_object('file', %(file)s::text))
) AS known
