-- The lease goes on; no row: this attempt is not the newest any more.
UPDATE project_tasks
SET lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(task)s AND fence = %(fence)s AND status = 'RUNNING'
