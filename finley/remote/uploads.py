"""Sends a file of books to the server, as the pages do: in pieces that are repeated if need be."""

import time
from pathlib import Path
from typing import Any

from .problem_error import QuestionFailed
from .session import Session

LOOK_EVERY = 0.5  # seconds
AT_WORK = frozenset({"receiving", "reading", "importing", "taking_back"})


def send(session: Session, path: Path) -> dict[str, Any]:
    """Send the file. Return the upload, which a worker reads next."""
    upload: dict[str, Any] = session.post(
        "uploads/", {"name": path.name, "size": path.stat().st_size}
    )
    size = upload["piece_bytes"]
    with path.open("rb") as file:
        for number in upload["missing"]:
            file.seek(number * size)
            session.request(
                "PUT",
                f"uploads/{upload['id']}/pieces/{number}/",
                content=file.read(size),
                headers={"Content-Type": "application/octet-stream"},
            )
    return upload


def settled(session: Session, upload_id: str, wait: float) -> dict[str, Any]:
    """Return the upload when no worker is at it. Raises QuestionFailed after `wait` seconds."""
    until = time.monotonic() + wait
    while True:
        upload: dict[str, Any] = session.get(f"uploads/{upload_id}/")
        if upload["state"] not in AT_WORK:
            return upload
        if time.monotonic() > until:
            raise QuestionFailed(f"The upload {upload_id} is {upload['state']} after {wait:g} s.")
        time.sleep(LOOK_EVERY)
