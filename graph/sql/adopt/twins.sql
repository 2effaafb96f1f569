-- Which row in finley stands for each: itself, where it comes; for a folded one its kept one's.
UPDATE {staged} SET twin = id WHERE outcome IS NULL;
UPDATE {staged} AS folded SET twin = kept.twin
FROM {staged} AS kept
WHERE
    folded.outcome = {reason} AND kept.id = folded.twin AND kept.user_id = folded.user_id
    AND (kept.outcome IS NULL OR kept.outcome = {already})
