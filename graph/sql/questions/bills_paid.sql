-- The bills that each of these payments settles, with the part of each that it pays. Another
-- sighting of the payment may be the one that settles them.
SELECT payment.id, link.allocated
FROM tenant_relationships AS payment
JOIN tenant_relationships AS sighting
    ON sighting.user_id = %(user_id)s AND sighting.payment_group_id = payment.payment_group_id
JOIN relationship_instances AS link
    ON link.user_id = %(user_id)s AND link.target_event_id = sighting.target_event_id
    AND link.relationship_type = 'settles' AND link.deleted_at IS NULL
WHERE
    payment.user_id = %(user_id)s AND payment.id = ANY (%(relationships)s::uuid[])
    AND sighting.edge_class = 'flow' AND link.allocated > 0
ORDER BY payment.id, link.allocated DESC
