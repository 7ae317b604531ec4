"""HTTP/2 with prior knowledge gets frames that name the cure, with curl, httpx and h2 as judges; and no request of it
goes anywhere.
"""

from __future__ import annotations

import asyncio
import shutil

import h2.connection
import h2.errors
import h2.events
import httpx
import pytest

from tests.conftest import Stage
from tests.raw import RawApi, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def behind(stage: Stage) -> RawApi:
    api = await stage.api(OK)
    await stage.open({"/api": {"upstream": api.url, "provider": "none"}})
    return api


async def judged(wire: Wire) -> h2.events.ConnectionTerminated:
    """What a client of HTTP/2 makes of the answer, to its end."""
    client = h2.connection.H2Connection()
    client.initiate_connection()
    events = client.receive_data(await wire.rest())
    (last,) = [event for event in events if isinstance(event, h2.events.ConnectionTerminated)]
    return last


def begun() -> bytes:
    """Preface, settings and a request."""
    client = h2.connection.H2Connection()
    client.initiate_connection()
    fields = [(":method", "GET"), (":path", "/api/x"), (":scheme", "http"), (":authority", "localhost")]
    client.send_headers(1, fields, end_stream=True)
    return client.data_to_send()


@pytest.mark.parametrize("cut", [None, 1, 3, 16, 18, 23, 24, 30])
async def test_a_valid_end_that_says_what_to_do(stage: Stage, cut: int | None) -> None:
    api = await behind(stage)
    wire, sent = await stage.wire(), begun()
    await wire.send(sent[:cut])
    if cut is not None:
        await asyncio.sleep(0)
        await wire.send(sent[cut:])
    last = await judged(wire)
    assert last.error_code is h2.errors.ErrorCodes.HTTP_1_1_REQUIRED
    assert last.last_stream_id == 0
    assert b"switch that off" in (last.additional_data or b"")
    assert api.requests == []
    assert (await stage.ask("GET /api/x HTTP/1.1")).status == 200


async def test_httpx_says_that_the_server_ended_it(stage: Stage) -> None:
    await behind(stage)
    async with httpx.AsyncClient(http1=False, http2=True, trust_env=False) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="error_code:13"):
            await client.get(f"http://{stage.authority}/api/x")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
async def test_curl_says_so_at_once(stage: Stage) -> None:
    await behind(stage)
    words = ("-sSv", "--noproxy", "*", "--max-time", "20", "--http2-prior-knowledge", f"http://{stage.authority}/api/x")
    process = await asyncio.create_subprocess_exec("curl", *words, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    if process.returncode == 1:
        pytest.skip("this curl has no HTTP/2")
    assert process.returncode in (16, 55, 56, 92)
    assert b"GOAWAY, error=13" in said
