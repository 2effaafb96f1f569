-- Of what there is one of, finley's own stays.
UPDATE {new} AS new SET known = true FROM {table} AS known WHERE ({known_one}) = ({new_one})
