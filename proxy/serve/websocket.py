"""The pipe after a 101: bytes both ways, with backpressure (docs/traps.md 36). The API's text is searched for secrets.

Framing, extensions and pings are between the client and the API; no token is renewed in here.
"""

from __future__ import annotations

from proxy.plan.replies.frames import FrameError, Frames
from proxy.serve.upstream import Broken, Reply, Stalled
from proxy.wire.inbound.request import Request


class Pipe:
    """Hands the client's bytes to the API."""

    def __init__(self, request: Request, reply: Reply) -> None:
        self._client = request.connection
        self._api = reply.tunnel(self._client.resume_reading)

    def feed(self, data: bytes) -> None:
        self._api.write(data)
        if self._api.full:
            self._client.pause_reading()

    def close(self) -> None:
        """Sends what is waiting, then closes."""
        self._api.close()


async def tunnel(request: Request, reply: Reply, frames: Frames | None) -> None:
    """Until either side closes. `frames` take secrets out of what the API says; without them nothing is read."""
    pipe = Pipe(request, reply)
    client = request.connection
    request.last()
    client.become(pipe)
    try:
        while data := await reply.read():
            client.write(data if frames is None else frames.feed(data))
            await client.drain()
    except (Broken, Stalled, FrameError, ConnectionError):
        return
    finally:
        pipe.close()
