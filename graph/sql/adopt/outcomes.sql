-- What becomes of a layer's rows.
UPDATE {staged} AS old SET outcome = CASE
    WHEN told.is_known THEN {already}
    WHEN NOT told.is_attached THEN 'it is about no relationship that is there'
    WHEN NOT {only} THEN 'its status leaves it out'
    ELSE {beaten}
END
FROM (
    SELECT
        staged.nr, bool_and(new.known) AS is_known, count(new.nr) > 0 AS is_new,
        count(attached.nr) > 0 AS is_attached
    FROM {staged} AS staged
    LEFT JOIN {new} AS new ON new.nr = staged.nr
    LEFT JOIN (SELECT DISTINCT nr FROM {attached_table}) AS attached ON attached.nr = staged.nr
    GROUP BY staged.nr
) AS told
WHERE old.outcome IS NULL AND told.nr = old.nr AND (told.is_known OR NOT told.is_new)
