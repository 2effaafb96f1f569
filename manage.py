#!/usr/bin/env python
"""finley's command line: `manage.py help` lists the commands."""

import sys

from finley.commandline import main

if __name__ == "__main__":
    main(sys.argv)
