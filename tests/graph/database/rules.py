"""The rules that the database keeps: policies, grants, constraints, unique indexes, triggers.

`rules.txt` lists them. A rule that is gone, new or changed makes test_rules red. After a migration
write the list anew, and read what has changed in it:

    FINLEY_STATE=/tmp/rules manage.py shell -c \
        "from tests.graph.database import rules; rules.write()"
"""

from pathlib import Path

from django.core.management import call_command
from django.db import connections

from graph.database import role

LIST = Path(__file__).with_name("rules.txt")
QUERY = Path(__file__).with_name("rules.sql")


def kept() -> dict[str, str]:
    """The rules that the database has: the rule's line → the SQL statement that drops the rule."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(QUERY.read_text(), {"role": role.application_role()})
        return {" ".join(line.split()): statement for line, statement in cursor.fetchall()}


def listed() -> set[str]:
    """The lines of rules.txt."""
    return set(LIST.read_text().splitlines())


def write() -> int:
    """Migrate the database of FINLEY_STATE and write its rules to rules.txt. Return their
    number."""
    call_command("migrate", verbosity=0)
    lines = sorted(kept())
    LIST.write_text("\n".join(lines) + "\n")
    return len(lines)
