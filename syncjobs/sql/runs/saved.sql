-- The last word of every save: this start is the newest and runs, or nothing of the save stands.
UPDATE sync_runs
SET progress = %(progress)s, lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(run)s AND fence = %(fence)s AND status = 'running'
