-- Every effect of a save, written down by the database itself as it happens.
CREATE TABLE audit_effects (
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    what text NOT NULL,
    key text NOT NULL
);
CREATE FUNCTION audit_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_effects (what, key)
    VALUES ('item', NEW.connection_id || ' ' || NEW.external_id || ' ' || NEW.content_hash);
    RETURN NULL;
END $$;
CREATE FUNCTION audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_effects (what, key)
    VALUES ('event', NEW.source || ' ' || NEW.external_id || ' ' || NEW.posting);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_item AFTER INSERT OR UPDATE OF content_hash, revision ON external_items
    FOR EACH ROW EXECUTE FUNCTION audit_item();
CREATE TRIGGER audit_event AFTER INSERT OR UPDATE OF content_hash ON raw_events
    FOR EACH ROW EXECUTE FUNCTION audit_event();
GRANT SELECT, INSERT ON audit_effects TO PUBLIC;
