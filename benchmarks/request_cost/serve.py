"""`python -m benchmarks.request_cost.serve FD`: one process with finley and the bare views."""

import sys

import uvicorn

from benchmarks.request_cost.application import application
from finley.server.uvicorn import options


def main() -> None:
    uvicorn.run(application, **options(fd=int(sys.argv[1])))


if __name__ == "__main__":
    main()
