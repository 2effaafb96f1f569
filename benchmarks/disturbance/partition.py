"""A TCP proxy in front of a Unix socket that simulates a cut network: while it is cut, no bytes
arrive and no connection ends."""

import asyncio
import threading
from pathlib import Path

CHUNK = 65_536


class Partition:
    """The proxy: it listens on a port of the loopback and forwards to the Unix socket, unless it is
    cut."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.port = 0
        self._pass: asyncio.Event
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, name="partition", daemon=True).start()
        self._ready.wait(10)

    def cut(self) -> None:
        """Cut the network: hold back bytes in both directions, and leave new connections without an
        answer."""
        self._loop.call_soon_threadsafe(self._pass.clear)

    def heal(self) -> None:
        """End the cut: new connections work again. Connections that the cut interrupted are reset,
        as by a router."""
        self._loop.call_soon_threadsafe(self._reset)

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._pass.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._pass = asyncio.Event()
        self._pass.set()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        self._writers.add(writer)
        try:
            await self._pass.wait()
            far_reader, far_writer = await asyncio.open_unix_connection(str(self.target))
            self._writers.add(far_writer)
            ends.append(far_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, far_writer))
                group.create_task(self._forward(far_reader, writer))
        except* OSError:
            pass  # if one end closes, the other is closed, too
        finally:
            for end in ends:
                self._writers.discard(end)
                end.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._pass.wait()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
