INSERT INTO {table} ({columns}) SELECT {values} FROM {staged} AS old WHERE outcome IS NULL
