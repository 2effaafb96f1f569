"""Readers of tables in other formats than CSV: workbooks, Parquet, JSON."""
