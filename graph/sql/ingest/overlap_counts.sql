SELECT
    count(*) FILTER (WHERE is_here) AS shared,
    count(*) FILTER (WHERE is_here AND is_elsewhere) AS shared_elsewhere,
    count(*) FILTER (WHERE NOT is_here) AS gone,
    count(*) FILTER (WHERE renamed_line IS NOT NULL) AS renamed,
    coalesce(max(fresh), 0) AS fresh,
    coalesce(max(fresh_within), 0) AS fresh_within,
    coalesce(bool_or(NOT is_elsewhere), false) AS same_file,
    coalesce(min(file), '') AS file
FROM overlap
