-- Deletes the expired tokens of the user whose token has this digest, and no other: the one way in
-- which the application's role deletes tokens.
CREATE OR REPLACE FUNCTION expired_tokens_forgotten(wanted text) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
WITH gone AS (
    DELETE FROM finley_apitoken AS token
    USING finley_apitoken AS shown
    WHERE shown.digest = wanted AND token.user_id = shown.user_id AND token.expiry < now()
    RETURNING token.digest
)
SELECT count(*)::integer FROM gone
$$;
REVOKE ALL ON FUNCTION expired_tokens_forgotten(text) FROM PUBLIC
