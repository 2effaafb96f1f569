"""`manage.py mcp` on a given database: over_stdio DATABASE [ARGUMENTS]"""

import sys

import django
from django.core.management import call_command
from django.db import connections

if __name__ == "__main__":
    django.setup()
    for alias in connections:
        connections[alias].settings_dict["NAME"] = sys.argv[1]
    call_command("mcp", *sys.argv[2:])
