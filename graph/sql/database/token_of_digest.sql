-- Whose API token has this digest: the one way in which the application's role reads tokens and users.
-- It runs as its owner and answers for one digest, which nobody knows who does not hold the token: so
-- neither addresses nor digests can be listed. No password is among its columns.
CREATE OR REPLACE FUNCTION token_of_digest(wanted text)
RETURNS TABLE (
    token_key text, name text, scopes text[], created timestamptz, expiry timestamptz,
    user_id uuid, email text, first_name text, last_name text, is_active boolean,
    is_staff boolean, is_superuser boolean, date_joined timestamptz, last_login timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
SELECT
    token.token_key, token.name, token.scopes, token.created, token.expiry,
    token.user_id, owner.email, owner.first_name, owner.last_name, owner.is_active,
    owner.is_staff, owner.is_superuser, owner.date_joined, owner.last_login
FROM finley_apitoken AS token
JOIN finley_user AS owner ON owner.id = token.user_id
WHERE token.digest = wanted
$$;
REVOKE ALL ON FUNCTION token_of_digest(text) FROM PUBLIC
