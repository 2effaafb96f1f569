-- Whether questions can be answered: the view is there and was refreshed.
SELECT
    to_regclass('tenant_relationships') IS NOT NULL
    AND EXISTS (SELECT FROM view_refreshes)
