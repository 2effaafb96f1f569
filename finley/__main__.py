"""`python -m finley COMMAND`: manage.py for an installed finley."""

import sys

from finley.commandline import main

main(["python -m finley", *sys.argv[1:]])
