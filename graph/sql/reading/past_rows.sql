-- Some relationships as they were at a moment of the past; those that did not exist are left out. The
-- ids and those of their events stand here as constants, because the tables of the past are views
-- through which no join finds a few rows quickly.
SELECT {columns}
FROM (
{live}
) AS live
WHERE live.user_id = {user_id}
