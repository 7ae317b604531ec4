"""SDKs that drop or refuse a path, on a route with an address of its own; and those that insist on https, which trust
this machine's authority by the variables of `keyless exec` alone. Run as test_sdks.py is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from typing import Any, NamedTuple

import pytest

from proxy.cli.exec import roots
from proxy.config.presets import presets
from proxy.process.lending.offering import offer
from proxy.process.lending.variables import variables
from tests.conftest import Stage
from tests.ports import free_port
from tests.raw import Wire
from tests.sdks.test_sdks import CONVERSED, NODE, PYTHON, REAL, SDKS, TOKENS, Sdk, answer, called, judged
from tests.wire.outbound.test_dial import Names

pytestmark = pytest.mark.skipif(not PYTHON, reason="the vendors' SDKs are not installed here: `make sdks` runs these")
of_node = pytest.mark.skipif(not NODE or shutil.which("node") is None, reason="Node's SDKs are not installed here")


def takes_no_path(sdk: Sdk) -> bool:
    return any("root" in row.needs for row in presets()[sdk.provider["use"]].sdk)


NO_PATH = {name: sdk for name, sdk in SDKS.items() if takes_no_path(sdk)}
OTHER = {"/other": {"upstream": "http://127.0.0.1:9", "provider": "none"}}
"""So that what comes by the main listener without the prefix would not arrive."""


def own_url(stage: Stage, prefix: str = "/sdk") -> str:
    (url,) = (door.listener.url for door in stage.service.doors if door.route == prefix)
    return url


@pytest.mark.parametrize("name", NO_PATH)
async def test_where_no_path_is_taken_an_address_of_its_own_does(name: str, stage: Stage) -> None:
    sdk = NO_PATH[name]
    api = await stage.api(*sdk.replies)
    stage.resolve = Names("127.0.0.1")
    upstream = api.url.replace("127.0.0.1", sdk.host)
    route = {"upstream": upstream, "provider": "vendor", "plain_http": True, "private": True, "listen": free_address()}
    await stage.open({"/sdk": route} | OTHER, providers={"vendor": sdk.provider})
    assert await called(name, own_url(stage)) == sdk.result
    assert len(api.requests) == len(sdk.replies)
    for request in api.requests:
        await judged(name, request)


async def test_so_does_one_with_a_stand_in(stage: Stage) -> None:
    provider, sold, reply, result, _ = TOKENS["lark"]
    issuer, api = await stage.api(answer(json.dumps(sold))), await stage.api(reply)
    route = {"upstream": api.url, "provider": "vendor", "stand_in": True, "listen": free_address()}
    bought = provider | {"request": {"url": f"{issuer.url}/token"}}
    await stage.open({"/sdk": route} | OTHER, providers={"vendor": bought})
    assert await called("lark", own_url(stage)) == result
    await judged("lark", api.requests[0])


@of_node
async def test_so_does_nodes_stripe(stage: Stage) -> None:
    api = await stage.api(*SDKS["stripe_api"].replies)
    route = {"upstream": api.url, "provider": "vendor", "listen": free_address()}
    await stage.open({"/sdk": route} | OTHER, providers={"vendor": SDKS["stripe_api"].provider})
    assert await called("stripe_node", own_url(stage)) == 0
    assert api.requests[0].get("Authorization") == f"Bearer {REAL[1]}"


# ---------------------------------------------------------------------------------------------- TLS


class Insisting(NamedTuple):
    """`alone`: it takes no path either, so that its route has an address of its own."""

    sdk: Sdk
    alone: bool = False
    route: dict[str, Any] | None = None


STATIC = {"scheme": "static", "token": REAL[1]}
QUERIED = {"totalSize": 0, "done": True, "records": []}
UPLOADED = {"name": "测试", "id": "id:a", "client_modified": "2026-01-01T00:00:00Z", "rev": "a1c10ce0dd78"}
UPLOADED |= {"server_modified": "2026-01-01T00:00:00Z", "size": 7}
INSISTING = {
    "dropbox_files": Insisting(
        Sdk(
            {"use": "dropbox", "app_key": "k", "app_secret": "s", "refresh_token": "r"},
            (answer('{"result": "hi"}'), answer(json.dumps(UPLOADED))),
            "hi 测试",
            host="api.dropboxapi.com",
        ),
        route={"hosts": True, "plain_http": True, "private": True},
    ),
    "bedrock_key": Insisting(
        Sdk(
            {"use": "bedrock-api-key", "api_key": REAL[1], "region": "eu-west-1"},
            (answer(json.dumps(CONVERSED)),),
            "hi",
        )
    ),
    "salesforce": Insisting(Sdk(STATIC, (answer(json.dumps(QUERIED)),), 0), alone=True),
    "azure_bearer": Insisting(Sdk(STATIC, (answer('{"things": 3}'),), 3)),
}


@pytest.mark.parametrize("name", INSISTING)
async def test_who_insists_on_https_gets_it_and_trusts_it(name: str, stage: Stage) -> None:
    sdk, alone, more = INSISTING[name]
    issuer, api = await stage.api(answer(json.dumps({"access_token": REAL[1]}))), await stage.api(*sdk.replies)
    stage.resolve = Names("127.0.0.1")
    bought = {"token_url": f"{issuer.url}/token"} if "refresh_token" in sdk.provider else {}
    route = {"upstream": api.url.replace("127.0.0.1", sdk.host)} | (more or {})
    url = await opened(stage, route, sdk.provider | bought, alone=alone)
    assert await called(name, url, **given(stage)) == sdk.result
    assert len(api.requests) == len(sdk.replies)
    for request in api.requests:
        await judged(name, request)


@of_node
async def test_openais_realtime_over_wss(stage: Stage) -> None:
    api = await stage.playing(created)
    url = await opened(stage, {"upstream": api.url}, {"use": "openai", "api_key": REAL[1]}, alone=True)
    assert await called("openai_realtime", url, **given(stage)) == "sess_1"


async def created(wire: Wire) -> None:
    """A WebSocket with one event in it, for who has the real key."""
    request = await wire.head()
    assert request.get("Authorization") == f"Bearer {REAL[1]}"
    assert request.target == "/v1/realtime?model=gpt-realtime"
    digest = hashlib.sha1(f"{request.get('Sec-WebSocket-Key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode())
    accepted = base64.b64encode(digest.digest())
    event = json.dumps({"type": "session.created", "event_id": "e", "session": {"id": "sess_1"}}).encode()
    await wire.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n",
        bytes([0x81, len(event)]) + event,
    )
    await wire.rest()


async def opened(stage: Stage, route: dict[str, Any], provider: dict[str, Any], *, alone: bool) -> str:
    """Its address with TLS; the main listener has one without besides."""
    listen = ["http://127.0.0.1:0", "https://127.0.0.1:0"]
    own = {"listen": f"https://{free_address()}"} if alone else {}
    routes = {"/sdk": route | {"provider": "vendor"} | own}
    await stage.open(routes | OTHER, providers={"vendor": provider}, listen=listen, tls="local")
    return own_url(stage) if alone else f"{stage.service.doors[1].listener.url}/sdk"


def given(stage: Stage) -> dict[str, str]:
    """What `keyless exec` would, and nothing else."""
    roots.write(os.environ)
    told = offer(stage.service.loaded, stage.service.doors, ["/sdk"])
    return variables(told, "kls_made-up", {}) | roots.variables(os.environ)


def free_address() -> str:
    return f"127.0.0.1:{free_port()}"
