-- The sources whose texts are categories (of spend_lines.sql).
SELECT source FROM vocabulary
