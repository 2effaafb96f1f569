"""The materialized view: its refresh, and the change records since then."""
