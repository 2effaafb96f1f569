-- An attempt ends without an end of its task, and does not count: its worker was told to stop.
UPDATE project_tasks
SET
    status = 'READY', lease_until = NULL, tries = tries - 1, due_at = now(),
    worker_ids = trim_array(worker_ids, 1)
WHERE id = %(task)s AND fence = %(fence)s AND status = 'RUNNING'
