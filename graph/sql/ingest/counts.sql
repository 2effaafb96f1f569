SELECT
    count(*) FILTER (WHERE outcome = 'stored'),
    count(*) FILTER (WHERE outcome = 'updated'),
    count(*) FILTER (WHERE outcome = 'unchanged')
FROM staged
