-- Another file may come in the same transaction.
DROP TABLE incoming, staged, final, known_content, known_file
