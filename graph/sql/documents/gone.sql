UPDATE raw_events
SET data = data || jsonb_build_object('gone_at', now()), updated_at = now()
WHERE user_id = %(user_id)s AND source = %(source)s
    AND external_id = ANY (%(external_ids)s) AND posting = 1
    AND kind <> 'posting' AND NOT data ? 'gone_at'
