-- Where finley has computed a tenant's layers from its books they are better, and its own.
UPDATE {staged} AS old SET outcome = 'finley has computed the layers of this tenant itself'
FROM enrichments AS known
WHERE old.outcome IS NULL AND known.user_id = old.user_id AND known.done_for IS NOT NULL
