"""`python -m finley.cli`: the command line without its script."""

import sys

from finley.cli.run import main

sys.exit(main())
