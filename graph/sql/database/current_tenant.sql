-- The tenant whom the transaction names; NULL, which no row's user_id equals, where it names none.
-- After SET LOCAL has ended the setting is '', not NULL. Plain enough for the planner to inline.
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('finley.user_id', true), '')::uuid
