-- Another import may be taken back in the same transaction.
DROP TABLE IF EXISTS held, gone_events, gone_flows, parties_left, nameless
