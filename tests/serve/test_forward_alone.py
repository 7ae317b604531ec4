"""A route on an address of its own: without its prefix, and nothing else is there."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.load import load
from tests.conftest import Stage
from tests.ports import free_port
from tests.raw import Message, RawApi, Wire


async def opened(stage: Stage, *headers: str, **route: Any) -> RawApi:
    """`/crm` at an API that answers with these headers, and beside it `/other`. `{api}` stands for its authority."""

    async def play(wire: Any) -> None:
        api.record(await wire.message())
        lines = "".join(f"{header.format(api=api.authority)}\r\n" for header in headers)
        await wire.send(f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode())

    api = await stage.playing(play)
    own = {"listen": f"127.0.0.1:{free_port()}", "upstream": f"{api.url}/v1", "provider": "baidu"}
    other = {"upstream": api.url, "provider": "oauth2"}
    await stage.open({"/crm": own | route, "/other": other})
    return api


def address(stage: Stage, route: str = "/crm") -> str:
    (listener,) = (door.listener for door in stage.service.doors if door.route == route)
    return listener.address


async def ask(stage: Stage, path: str, *headers: str, host: str = "") -> Message:
    where = address(stage)
    wire = await Wire.connect("127.0.0.1", int(where.rpartition(":")[2]))
    stage.stack.push_async_callback(wire.close)
    lines = "".join(f"{header}\r\n" for header in (f"Host: {host or where}", "Connection: close", *headers))
    await wire.send(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
    return await wire.message()


@pytest.mark.parametrize(
    ("asked", "got"),
    [("/x?a=1", "/v1/x?a=1"), ("/", "/v1/"), ("/crm/x", "/v1/crm/x"), ("/other/x", "/v1/other/x"),
     ("/-/status", "/v1/-/status"), ("//x", "/v1/x")],
)  # fmt: skip
async def test_every_path_there_is_one_of_the_api(stage: Stage, asked: str, got: str) -> None:
    api = await opened(stage)
    assert (await ask(stage, asked)).status == 200
    sent = api.requests[-1].start.split()[1]
    assert sent.replace("?access_token=", "&access_token=").partition("&access_token=")[0] == got
    assert stage.token("baidu") in sent


async def test_the_prefix_stays_on_the_main_listener(stage: Stage) -> None:
    api = await opened(stage)
    assert (await stage.ask("GET /crm/x HTTP/1.1")).status == 200
    assert api.requests[-1].start.startswith("GET /v1/x?")
    assert (await stage.ask("GET /x HTTP/1.1")).code == "no_route"
    assert (await stage.ask("GET /-/healthz HTTP/1.1")).status == 200


async def test_what_keeps_its_prefix_keeps_it_unasked(stage: Stage) -> None:
    api = await opened(stage, "Location: http://{api}/v1/crm/next", keep_prefix=True)
    reply = await ask(stage, "/x")
    assert api.requests[-1].start.startswith("GET /v1/crm/x?")
    assert reply.get("location") == f"http://{address(stage)}/next"


@pytest.mark.parametrize(
    ("header", "alone", "below"),
    [
        ("Location: http://{api}/v1/next", "http://{own}/next", "http://{main}/crm/next"),
        ("Location: /v1/next", "/next", "/crm/next"),
        ("Link: <http://{api}/v1/2>; rel=next", "<http://{own}/2>; rel=next", "<http://{main}/crm/2>; rel=next"),
    ],
)
async def test_links_follow_the_listener_that_was_used(stage: Stage, header: str, alone: str, below: str) -> None:
    await opened(stage, header)
    name, main = header.partition(":")[0], stage.url.removeprefix("http://")
    assert (await ask(stage, "/x")).get(name) == alone.format(own=address(stage))
    assert (await stage.ask("GET /crm/x HTTP/1.1")).get(name) == below.format(main=main)


async def test_its_guard_and_its_keys_are_those_of_the_proxy(stage: Stage) -> None:
    await opened(stage)
    assert (await ask(stage, "/x", host="evil.test")).code == "host_refused"
    assert (await ask(stage, "/x", "Origin: https://evil.test")).code == "origin_refused"


async def test_a_client_needs_the_route_and_counts_there_as_elsewhere(stage: Stage) -> None:
    keys = ("a-made-up-client-key-0", "a-made-up-client-key-1")
    port = free_port()
    routes = {
        "/crm": {"listen": f"127.0.0.1:{port}", "upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"},
        "/other": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"},
    }
    clients = [
        {"name": "a", "key": keys[0], "routes": ["/crm"], "rate": "2/h"},
        {"name": "b", "key": keys[1], "routes": ["/other"]},
    ]
    await stage.open(routes, clients=clients)
    assert (await ask(stage, "/echo")).status == 401
    assert (await ask(stage, "/echo", f"X-Api-Key: {keys[1]}")).code == "route_refused"
    assert (await ask(stage, "/echo", f"X-Api-Key: {keys[0]}")).status == 200
    assert (await stage.ask("GET /crm/echo HTTP/1.1", f"X-Api-Key: {keys[0]}")).status == 200
    assert (await ask(stage, "/echo", f"X-Api-Key: {keys[0]}")).status == 429


async def test_both_ways_share_a_brake(stage: Stage) -> None:
    await opened(stage)
    lane = stage.service.front.lanes["/crm"]
    assert lane.alone is not None
    assert lane.alone.brake is lane.brake
    assert stage.service.front.lanes["/other"].alone is None


async def test_a_reload_moves_no_address_and_a_route_that_is_gone_leaves_nothing_there(stage: Stage) -> None:
    await opened(stage)
    before, path = address(stage), stage.folder / "config.yaml"
    written = path.read_text()
    path.write_text(written.replace(before, f"127.0.0.1:{free_port()}").replace("/other", "/others"))
    await stage.service.replace(load(path, environ={}), {})
    assert address(stage) == before
    assert (await ask(stage, "/x")).status == 200
    path.write_text(written.replace("/crm:", "/new:"))
    await stage.service.replace(load(path, environ={}), {})
    assert (await ask(stage, "/x")).code == "no_route"
    assert stage.service.loaded.config.routes["/new"].listen is None, "it has one after a restart"
