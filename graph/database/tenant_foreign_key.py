"""The tenant's composite foreign key, for migrations.

It holds every reference within one tenant: `FOREIGN KEY (user_id, x_id) REFERENCES … (user_id,
id)`. Django cannot state it; the model's field is a plain ForeignKey without a constraint
(`graph.models.tenant_row.no_constraint_fk`).
"""

from typing import Literal

from django.db.migrations.operations import RunSQL

OnDelete = Literal["CASCADE", "SET NULL"]


def tenant_foreign_key(table: str, column: str, to: str, on_delete: OnDelete = "CASCADE") -> RunSQL:
    """The migration operation that adds the key from `table.column` to the table `to`.

    "SET NULL" empties the column alone, not user_id (PostgreSQL 15).
    """
    name = f"{table}_{column}_tenant_fkey"
    action = f"SET NULL ({column})" if on_delete == "SET NULL" else on_delete
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (user_id, {column}) "
        f"REFERENCES {to} (user_id, id) ON DELETE {action}",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
