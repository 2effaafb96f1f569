SELECT outcome, count(*) FROM {staged} GROUP BY outcome ORDER BY count(*) DESC, outcome
