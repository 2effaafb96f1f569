"""`python -m benchmarks.otherbooks FOLDER`: write the other books, and truth.json."""

import argparse
from pathlib import Path

from benchmarks.otherbooks.charity import write


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.otherbooks",
        description="Write the books of a small charity with a workshop, and what is true of them.",
    )
    parser.add_argument("folder", type=Path, help="where to write; made if missing")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other books (1)")
    parser.add_argument("--months", type=int, default=26, help="how many, at least 6 (26)")
    parser.add_argument("--jitter", type=int, default=3, help="days off the agreed day (3)")
    options = parser.parse_args()
    books = write(options.folder, options.seed, months=options.months, jitter_days=options.jitter)
    for path in books.files:
        print(path)


if __name__ == "__main__":
    main()
