-- A changed document: what its own party and its receipt made of it is withdrawn, no person's match.
DELETE FROM entity_matches AS known
USING staged_documents AS document
WHERE document.outcome = 'updated'
    AND known.user_id = %(user_id)s
    AND known.event_id = document.event_id
    AND (known.reason LIKE 'receipt:%%' OR (document.is_new_party AND known.reason LIKE 'document:%%'))
