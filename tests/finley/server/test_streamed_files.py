"""Static files over ASGI: read in threads, a piece at a time, without Django's warning."""

import asyncio
from io import BytesIO

from django.http import FileResponse

from finley.server.handler import read_in_threads

CONTENT = bytes(range(256)) * 40


def test_a_file_is_sent_whole_in_pieces():
    answer = FileResponse(BytesIO(CONTENT))
    answer.block_size = 4096
    read_in_threads(answer)
    assert answer.is_async

    async def pieces() -> list[bytes]:
        return [piece async for piece in answer]

    sent = asyncio.run(pieces())  # warnings are errors
    assert [len(piece) for piece in sent] == [4096, 4096, 2048]
    assert b"".join(sent) == CONTENT
