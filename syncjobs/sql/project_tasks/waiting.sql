-- Tasks whose next attempt could have started some seconds ago.
SELECT id, fence, due_at
FROM project_tasks
WHERE status = 'READY' AND due_at < now() - make_interval(secs => %(age)s)
ORDER BY priority DESC, due_at, id
LIMIT %(limit)s
