"""Tables in other forms than CSV: workbooks, Parquet, JSON."""
