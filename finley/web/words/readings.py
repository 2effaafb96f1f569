"""Two readings of a file, of which a person has to choose one, for a page."""

from typing import Any

from graph.ingest.guessing.side_by_side import WIDTH

INDENT = 4  # of a line that has both readings, in the text for a terminal
Reading = dict[str, Any]


def of(question: str, titles: dict[tuple[str, str], str]) -> list[list[Reading]]:
    """The readings in the text that `side_by_side.question` returns: for each doubt a list with
    two of them, each with its `title` and the first `rows` as texts.

    `titles` has the words for a choice, by its name and value, such as ("direction", "out"). A
    choice without words has its name and value.
    """
    doubts: list[list[Reading]] = []
    for line in question.splitlines():
        if line.startswith("- "):
            doubts.append([])
        elif doubts and line.startswith(" " * INDENT):
            text = line[INDENT:]
            cells = (text[:WIDTH].rstrip(), text[WIDTH:].strip())
            if doubts[-1]:
                for reading, cell in zip(doubts[-1], cells, strict=True):
                    reading["rows"] += [cell.replace(" -> ", " → ")] if cell else []
            else:
                doubts[-1] = [{"title": _title(cell, titles), "rows": []} for cell in cells]
    return doubts


def _title(option: str, titles: dict[tuple[str, str], str]) -> str:
    """`--direction out` in words."""
    name, _, value = option.removeprefix("--").partition(" ")
    name = name.replace("-", "_")
    return titles.get((name, value), f"{titles.get((name, ''), name)}: {value}")
