"""The tenant's composite foreign key, for migrations.

`FOREIGN KEY (user_id, x_id) REFERENCES … (user_id, id)` keeps every reference within one tenant.
Django cannot declare it. In the model the field is a ForeignKey without a constraint
(`graph.models.tenant_row.no_constraint_fk`).
"""

from typing import Literal

from django.db.migrations.operations import RunSQL

OnDelete = Literal["CASCADE", "SET NULL"]


def tenant_foreign_key(table: str, column: str, to: str, on_delete: OnDelete = "CASCADE") -> RunSQL:
    """Return the migration operation that adds the key from `table.column` to the table `to`.

    With "SET NULL", deletion empties the column alone, and keeps user_id (PostgreSQL 15).
    """
    name = f"{table}_{column}_tenant_fkey"
    action = f"SET NULL ({column})" if on_delete == "SET NULL" else on_delete
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (user_id, {column}) "
        f"REFERENCES {to} (user_id, id) ON DELETE {action}",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
