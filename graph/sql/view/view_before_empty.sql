CREATE TEMPORARY TABLE view_before (id uuid, content bigint) ON COMMIT DROP
