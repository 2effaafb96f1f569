UPDATE incoming
SET external_id = overlap.external_id
FROM overlap
WHERE incoming.line = overlap.renamed_line
