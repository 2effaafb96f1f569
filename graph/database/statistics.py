"""What PostgreSQL's planner knows of the graph's tables."""

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.sql import SQL, Identifier

from graph import sql


def analyze_stale(connection: BaseDatabaseWrapper) -> None:
    """ANALYZE the tables that have changed much since they were last analyzed, as the owner.

    Right after an import nothing is known of the new rows, and plans are 100 times slower.
    """
    tables = [
        model._meta.db_table
        for model in apps.get_app_config("graph").get_models()
        if model._meta.managed
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql.read("database/stale_statistics"), [tables])
        for (table,) in cursor.fetchall():
            cursor.execute(SQL("ANALYZE {}").format(Identifier(table)))
