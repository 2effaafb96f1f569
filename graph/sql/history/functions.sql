-- The number of this transaction among those that changed the tenant's rows.
CREATE OR REPLACE FUNCTION public.recorded_transaction(tenant uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    server CONSTANT bigint := (SELECT system_identifier FROM pg_control_system());
    number bigint;
BEGIN
    INSERT INTO recorded_transactions (user_id, xid, cluster)
    VALUES (tenant, pg_current_xact_id(), server)
    ON CONFLICT (user_id, xid, cluster) DO NOTHING
    RETURNING id INTO number;
    IF number IS NULL THEN
        SELECT id INTO number FROM recorded_transactions
        WHERE user_id = tenant AND xid = pg_current_xact_id() AND cluster = server;
    END IF;
    RETURN number;
END
$$;
REVOKE ALL ON FUNCTION public.recorded_transaction(uuid) FROM PUBLIC;
-- Fires at the transaction's end. A later transaction that waited for a row of this one is stamped
-- later. The clock may have been set back, so a tenant's stamps grow in any case.
CREATE OR REPLACE FUNCTION public.recorded_at_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE recorded_transactions SET recorded_at = greatest(clock_timestamp(), (
        SELECT max(recorded_at) + interval '1 microsecond'
        FROM recorded_transactions WHERE user_id = NEW.user_id
    )) WHERE id = NEW.id AND recorded_at IS NULL;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION public.recorded_at_end() FROM PUBLIC
