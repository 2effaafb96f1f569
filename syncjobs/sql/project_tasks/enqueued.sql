-- A task is enqueued in the caller's transaction. Nothing is returned: the application's role may
-- insert tasks and may not read them.
INSERT INTO project_tasks (
    id, path, args, kwargs, backend, queue, priority, run_after, max_tries, backoff, due_at,
    worker_ids, enqueued_at
)
VALUES (
    %(id)s, %(path)s, %(args)s, %(kwargs)s, %(backend)s, %(queue)s, %(priority)s, %(run_after)s,
    %(max_tries)s, %(backoff)s, coalesce(%(run_after)s, now()), '{}', %(enqueued_at)s
)
