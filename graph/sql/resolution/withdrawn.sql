-- What is no longer found. A person's word stays.
DELETE FROM entity_resolutions AS known
WHERE known.user_id = %(user_id)s AND known.decided IN ('automatic', 'open')
    AND NOT EXISTS (
        SELECT FROM found_resolutions AS found
        WHERE least(found.kept_id, found.merged_id) = least(known.kept_id, known.merged_id)
            AND greatest(found.kept_id, found.merged_id) = greatest(known.kept_id, known.merged_id)
    )
