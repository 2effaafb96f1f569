-- A party that no row names any more goes, too, unless a person decided about it or another one is
-- merged into it.
CREATE TEMPORARY TABLE nameless ON COMMIT DROP AS
SELECT party.id
FROM parties_left AS party
WHERE NOT EXISTS (
        SELECT FROM entity_matches AS match
        WHERE match.user_id = %(user_id)s
            AND (match.entity_id = party.id OR match.original_entity_id = party.id)
    )
    AND NOT EXISTS (
        SELECT FROM normalized_entities AS other
        WHERE other.user_id = %(user_id)s AND other.merged_into_id = party.id
            AND other.id NOT IN (SELECT id FROM parties_left)
    )
    AND NOT EXISTS (
        SELECT FROM entity_resolutions AS pair
        WHERE pair.user_id = %(user_id)s AND pair.decided IN ('merge', 'apart')
            AND party.id IN (pair.kept_id, pair.merged_id)
    );
DELETE FROM entity_resolutions
WHERE user_id = %(user_id)s
    AND (
        kept_id IN (SELECT id FROM nameless) OR merged_id IN (SELECT id FROM nameless)
    );
DELETE FROM normalized_entities
WHERE user_id = %(user_id)s AND id IN (SELECT id FROM nameless)
