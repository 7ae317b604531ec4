"""SDKs that go on to the URLs of a reply, on routes that say `rewrite: json`: all that they ask arrives through the
proxy, with the real credential. Run as test_sdks.py is.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest

from tests.conftest import Stage
from tests.raw import RawApi, Wire
from tests.sdks.test_sdks import PYTHON, called, judged
from tests.wire.outbound.test_dial import Names

pytestmark = pytest.mark.skipif(not PYTHON, reason="the vendors' SDKs are not installed here: `make sdks` runs these")


class Vendor(NamedTuple):
    """`pages` are JSON or text by path, of whichever host; `hosts`: which is asked, in order."""

    provider: dict[str, Any]
    host: str
    pages: dict[str, Any]
    result: str
    hosts: list[str]


GITHUB = "https://api.github.com"
VENDORS = {
    "github_objects": Vendor(
        {"use": "github-token", "token": "real-secret"},
        "api.github.com",
        {
            "/repos/o/r": {
                "url": f"{GITHUB}/repos/o/r",
                "full_name": "o/r",
                "owner": {"login": "o", "url": f"{GITHUB}/users/o", "type": "User"},
            },
            "/users/o": {"login": "o", "url": f"{GITHUB}/users/o", "name": "Owner"},
            "/repos/o/r/releases/1": {
                "id": 1,
                "url": f"{GITHUB}/repos/o/r/releases/1",
                "upload_url": "https://uploads.github.com/repos/o/r/releases/1/assets{?name,label}",
            },
            "/repos/o/r/releases/1/assets": {"name": "asset.txt", "url": f"{GITHUB}/repos/o/r/releases/assets/1"},
            "/repos/o/r/branches": [{"name": "main"}],
        },
        "Owner ['main'] asset.txt",
        ["api.github.com"] * 2 + ["uploads.github.com"] + ["api.github.com"] * 2,
    ),
    "replicate_stream": Vendor(
        {"use": "replicate", "api_token": "real-secret"},
        "api.replicate.com",
        {
            "/v1/models/meta/llama/predictions": {
                "id": "p",
                "model": "meta/llama",
                "version": "v",
                "status": "starting",
                "input": {},
                "output": None,
                "logs": "",
                "urls": {
                    "get": "https://api.replicate.com/v1/predictions/p",
                    "stream": "https://stream.replicate.com/v1/files/p",
                },
            },
            "/v1/files/p": (
                'event: output\nid: 1\ndata: see "https://api.replicate.com/v1"\n\nevent: done\nid: 2\ndata: {}\n\n'
            ),
        },
        'see "http://api.replicate.com/v1"',
        ["api.replicate.com", "stream.replicate.com"],
    ),
    "slack_upload": Vendor(
        {"use": "slack", "token": "real-secret"},
        "slack.com",
        {
            "/api/files.getUploadURLExternal": {
                "ok": True,
                "upload_url": "https://files.slack.com/upload/v1/x",
                "file_id": "F1",
            },
            "/upload/v1/x": "OK - 7",
            "/api/files.completeUploadExternal": {"ok": True, "files": [{"id": "F1"}]},
        },
        "True",
        ["slack.com", "files.slack.com", "slack.com"],
    ),
}


async def served(stage: Stage, vendor: Vendor) -> RawApi:
    async def play(wire: Wire) -> None:
        while True:
            request = await wire.message()
            api.record(request)
            port = (request.get("Host") or "").rpartition(":")[2]
            await wire.send(page(vendor.pages[request.target.partition("?")[0]], port))

    api = await stage.playing(play)
    stage.resolve = Names("127.0.0.1")
    return api


def page(content: Any, port: str) -> bytes:
    """Its URLs lead to the port that the request came to."""
    is_text = isinstance(content, str)
    kind, text = ("text/event-stream", content) if is_text else ("application/json", json.dumps(content))
    body = re.sub(r"https://([a-z.]+\.com)", rf"http://\1:{port}", text).encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("name", VENDORS)
async def test_all_that_it_asks_comes_through_the_proxy(name: str, stage: Stage) -> None:
    vendor = VENDORS[name]
    api = await served(stage, vendor)
    port = api.url.rpartition(":")[2]
    route = {"provider": "vendor", "plain_http": True, "private": True, "rewrite": "json"}
    upstream = {"upstream": f"http://{vendor.host}:{port}"}
    await stage.open({"/sdk": route | upstream}, providers={"vendor": vendor.provider})
    assert (await called(name, f"{stage.url}/sdk")).replace(f":{port}", "") == vendor.result
    assert [(request.get("Host") or "").partition(":")[0] for request in api.requests] == vendor.hosts
    for request in api.requests:
        await judged(name, request)
