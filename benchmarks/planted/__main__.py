"""`python -m benchmarks.planted FOLDER`: write the planted books, and truth.json."""

import argparse
from pathlib import Path

from benchmarks.planted.planted_books import write


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted",
        description="Write books with planted cases, and what is true of them.",
    )
    parser.add_argument("folder", type=Path, help="where to write; made if missing")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other books (1)")
    options = parser.parse_args()
    books = write(options.folder, options.seed)
    (options.folder / "truth.json").write_text(books.truth.to_json())
    for path in books.files:
        print(path)


if __name__ == "__main__":
    main()
