-- Which of these signatures name no function. A look into the catalogue's cache, without a scan.
SELECT signature FROM unnest(%s::text[]) AS signature
WHERE to_regprocedure(signature) IS NULL
