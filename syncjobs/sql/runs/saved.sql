-- The last word of every save: this start is the newest and runs, or nothing of the save stands.
UPDATE sync_runs
SET
    progress = %(progress)s,
    log = CASE WHEN jsonb_array_length(log) < %(lines)s THEN log ELSE log - 0 END
        || to_jsonb(to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || %(line)s::text),
    lease_until = now() + make_interval(secs => %(lease)s)
WHERE id = %(run)s AND fence = %(fence)s AND status = 'running'
