-- Open pairs that are no longer found. What a person has judged stays.
DELETE FROM duplicate_transactions AS known
WHERE
    known.user_id = %(user_id)s AND known.status = 'open'
    AND NOT EXISTS (
        SELECT FROM found_duplicates AS found
        WHERE
            found.relationship_id = known.relationship_id
            AND found.original_relationship_id = known.original_relationship_id
    )
