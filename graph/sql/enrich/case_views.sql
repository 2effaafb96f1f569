-- The other rows of payments: views of a payment by other sources, and the payments that settle an
-- obligation alone. `of_group` is the group whose case they belong to.
SELECT coalesce(view.canonical_id, view.id)::text AS of_group, view.id::text AS relationship, true AS same
FROM relationship_instances AS view
WHERE
    view.user_id = %(user_id)s AND view.deleted_at IS NULL AND view.edge_class = 'flow'
    AND (view.canonical_id = ANY (%(groups)s::uuid[]) OR view.id = ANY (%(groups)s::uuid[]))
UNION
SELECT invoice.id::text, coalesce(payment.canonical_id, payment.id)::text, false
FROM relationship_instances AS invoice
JOIN relationship_instances AS link
    ON link.user_id = %(user_id)s AND link.source_event_id = invoice.target_event_id
    AND link.relationship_type = 'settles' AND link.deleted_at IS NULL
JOIN relationship_instances AS payment
    ON payment.user_id = %(user_id)s AND payment.target_event_id = link.target_event_id
    AND payment.edge_class = 'flow' AND payment.deleted_at IS NULL
WHERE invoice.user_id = %(user_id)s AND invoice.id = ANY (%(groups)s::uuid[])
