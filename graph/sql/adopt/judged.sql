-- Rows that finley cannot hold, each with the first reason why.
UPDATE {staged} AS old SET outcome = CASE {reasons} END
WHERE outcome IS NULL AND ({any})
