"""The image's health check: does the process on port 8000 answer `/healthz`? Exit code 0 or 1.

The request names the first of FINLEY_ALLOWED_HOSTS as its host, because Django refuses others.
"""

import os
import sys
from urllib.error import URLError
from urllib.request import Request, urlopen

ADDRESS = os.environ.get("HEALTHCHECK_ADDRESS", "http://127.0.0.1:8000")  # a test's own
SECONDS = 5


def main() -> None:
    first = os.environ.get("FINLEY_ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    host = "localhost" if first in {"", "*"} else first.lstrip(".")
    try:
        urlopen(Request(f"{ADDRESS}/healthz", headers={"Host": host}), timeout=SECONDS)  # noqa: S310
    except (URLError, OSError) as error:
        sys.exit(f"/healthz: {error}")


if __name__ == "__main__":
    main()
