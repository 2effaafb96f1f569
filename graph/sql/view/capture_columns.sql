-- Which of the watched columns an update wrote; none where all of a row may have changed, or came.
ALTER TABLE change_marks ADD COLUMN columns text[] NOT NULL DEFAULT '{}'
