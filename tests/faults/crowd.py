"""Clients that hold connections and say next to nothing: `python -m tests.faults.crowd PORT`.

They come again when they are sent away. One line on the output says that all are there.
"""

import asyncio
import sys
from contextlib import suppress

IDLE, SLOW_HEADERS, SLOW_BODIES = 300, 50, 50
_PAUSE_SECONDS = 0.5
_HEAD = b"POST /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
_SLOW_HEADER = _HEAD + b"X-Slow: "
_SLOW_BODY = _HEAD + b"Content-Length: 1000\r\n\r\n"


async def _client(port: int, begin: bytes, piece: bytes, there: asyncio.Semaphore) -> None:
    while True:
        with suppress(OSError):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begin)
            there.release()
            while not writer.is_closing():
                await asyncio.sleep(_PAUSE_SECONDS)
                writer.write(piece)
                await writer.drain()
        await asyncio.sleep(_PAUSE_SECONDS)


async def _main(port: int) -> None:
    there = asyncio.Semaphore(0)
    kinds = ((IDLE, b"", b""), (SLOW_HEADERS, _SLOW_HEADER, b"a"), (SLOW_BODIES, _SLOW_BODY, b" "))
    clients = [
        asyncio.create_task(_client(port, begin, piece, there))
        for count, begin, piece in kinds
        for _ in range(count)
    ]
    for _ in clients:
        await there.acquire()
    sys.stdout.write("there\n")
    sys.stdout.flush()
    await asyncio.gather(*clients)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
