"""Job failures: records, groups, replays and settles them."""
