"""Routes the ORM to the database alias of the current role."""

from typing import Any

from graph.database.role import is_owner


class TwoRoles:
    """Routes by role, not by model. Both aliases are the same database."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        """The alias of the current role. A related object is read with the role that read its
        instance."""
        if (instance := hints.get("instance")) is not None and instance._state.db:
            return str(instance._state.db)
        return "owner" if is_owner() else "default"

    db_for_write = db_for_read

    def allow_relation(self, obj1: object, obj2: object, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
