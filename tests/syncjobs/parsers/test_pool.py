"""The worker's child processes for parsing: kept, and ended when they are worn."""

import asyncio

from syncjobs.parsers.parser_process import MOST_RESIDENT_KB
from syncjobs.parsers.pool import Parsers


def test_a_parser_is_kept_by_a_worker_that_is_large_itself(tmp_path):
    """`ru_maxrss` of a child begins at its parent's peak: it says nothing of the child."""
    path = tmp_path / "page.pdf"
    path.write_bytes(b"%PDF-1.7 no invoice in it")
    ballast = bytearray(MOST_RESIDENT_KB * 1024 + 2**20)
    ballast[:: 4 * 1024] = b"x" * len(ballast[:: 4 * 1024])  # each page is resident

    async def processes() -> list[set[int]]:
        parsers = Parsers()
        seen = []
        try:
            for _ in range(2):
                await parsers.of("a tenant").run("holds_invoice", 5, path=str(path))
                seen.append({process.pid for process in parsers._idle})
        finally:
            await parsers.close()
        return seen

    first, second = asyncio.run(processes())
    assert first
    assert first == second
