UPDATE duties
SET lease_until = now() + make_interval(secs => %(lease)s)
WHERE name = ANY (%(names)s) AND worker = %(worker)s AND lease_until IS NOT NULL
