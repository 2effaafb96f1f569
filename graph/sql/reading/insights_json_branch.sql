    IF layer = '{layer}' THEN
        RETURN (
            SELECT coalesce(json_agg({insight} ORDER BY array_position(ids, row.id)), '[]')::text
            FROM (
                SELECT * FROM tenant_relationships WHERE user_id = tenant AND id = ANY (ids)
            ) AS row
            LEFT JOIN {table} AS layer_row
                ON layer_row.user_id = tenant AND layer_row.id = row.{id_column}
            LEFT JOIN normalized_entities AS source
                ON source.user_id = tenant AND source.id = row.source_entity_id
            LEFT JOIN normalized_entities AS target
                ON target.user_id = tenant AND target.id = row.target_entity_id
        );
    END IF;
