"""The end of a pipe: what the producer held is free before the reader sees the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from graph.export.pipe import Pipe


def slowly_closed(pieces: Iterator[bytes], steps: list[str]) -> Pipe:
    @contextmanager
    def make() -> Iterator[Iterator[bytes]]:
        yield pieces
        time.sleep(0.05)
        steps.append("closed")

    def ended() -> None:
        time.sleep(0.05)
        steps.append("slot free")

    return Pipe(make, 5, ended)


def test_a_reader_at_the_end_can_start_the_next_export():
    steps: list[str] = []
    pipe = slowly_closed(iter([b"one", b"two"]), steps)
    assert pipe.read() == b"onetwo"
    assert pipe.read() == b""
    assert steps == ["closed", "slot free"]


def test_a_reader_of_an_error_can_try_again():
    def broken() -> Iterator[bytes]:
        raise ValueError("the database has gone away")
        yield b""

    steps: list[str] = []
    pipe = slowly_closed(broken(), steps)
    with pytest.raises(ValueError, match="gone away"):
        pipe.read()
    assert steps == ["slot free"]
