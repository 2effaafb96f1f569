"""The materialized view: its refresh, and the record of what changed since."""
