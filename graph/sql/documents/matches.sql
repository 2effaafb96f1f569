-- The entity of the sender's name. Of several the one of the most events: the ledger's own, rather
-- than one of a single mail.
WITH named AS (
    SELECT DISTINCT party_normalized, party_identity
    FROM staged_documents
    WHERE is_new_party AND party_name <> ''
), namesakes AS (
    SELECT named.party_identity, entity.id, entity.kind, entity.identity
    FROM named
    JOIN normalized_entities AS entity
        ON split_part(entity.identity, ' [', 1) = named.party_normalized
    WHERE entity.user_id = %(user_id)s AND entity.kind IN ('vendor', 'customer', 'employee')
    UNION
    -- A long identity is cut and hashed: it does not begin with the whole name.
    SELECT named.party_identity, entity.id, entity.kind, entity.identity
    FROM named
    JOIN normalized_entities AS entity ON entity.identity = named.party_identity
    WHERE entity.user_id = %(user_id)s AND entity.kind = 'vendor'
), counted AS (
    SELECT
        namesakes.party_identity, namesakes.id, namesakes.kind, namesakes.identity,
        count(match.id) AS events,
        count(*) OVER (PARTITION BY namesakes.party_identity) AS of_one_name
    FROM namesakes
    LEFT JOIN entity_matches AS match
        ON match.user_id = %(user_id)s AND match.entity_id = namesakes.id
    GROUP BY namesakes.party_identity, namesakes.id, namesakes.kind, namesakes.identity
), chosen AS (
    SELECT DISTINCT ON (party_identity) party_identity, id, of_one_name
    FROM counted
    ORDER BY party_identity, events DESC, kind = 'vendor' DESC, identity COLLATE "C"
)
INSERT INTO entity_matches (user_id, event_id, entity_id, confidence, reason)
SELECT
    %(user_id)s, document.event_id, chosen.id,
    -- A name that somebody claims who was not verified weighs less.
    round(
        CASE WHEN of_one_name = 1 THEN 0.9 ELSE 0.6 END
        * CASE document.provenance -> 0 ->> 'sender'
            WHEN 'failed' THEN 0.5
            WHEN 'unverified' THEN 0.8
            ELSE 1
        END,
        2
    ),
    CASE WHEN of_one_name = 1 THEN 'document: same name'
    ELSE format('document: of %%s parties of this name the one of the most events', of_one_name) END
    || CASE document.provenance -> 0 ->> 'sender'
        WHEN 'failed' THEN '; the mail failed the check of its sender''s domain'
        WHEN 'unverified' THEN '; nothing proves who sent the mail'
        ELSE ''
    END
FROM staged_documents AS document
JOIN chosen ON chosen.party_identity = document.party_identity
WHERE document.is_new_party AND document.party_name <> ''
ON CONFLICT DO NOTHING
