"""A refused token is renewed and the request sent once more, unseen by the client."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from tests.conftest import STYLES, Stage
from tests.raw import Message, RawApi, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope"
MIB = 1024 * 1024


async def behind(stage: Stage, *replies: bytes, refused: list[Any] | None = None, **route: Any) -> RawApi:
    api = await stage.api(*replies)
    provider = {
        "scheme": "oauth2",
        "token_url": f"{stage.sandbox.url}/oauth2/token",
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
    }
    if refused is not None:
        provider["refused"] = refused
    routes = {prefix: {"upstream": api.url, "provider": "p", **route} for prefix in ("/api", "/other")}
    await stage.open(routes, providers={"p": provider})
    return api


# ------------------------------------------------------------------------------------------- it works


@pytest.mark.parametrize("style", STYLES)
async def test_fifty_clients_and_a_voided_token_cost_one_mint(stage: Stage, style: str) -> None:
    await stage.open()
    stage.sandbox.void()
    replies = await asyncio.gather(*(stage.call(f"/{style}/echo", "POST", data=b"x" * n) for n in range(50)))
    assert [reply.status for reply in replies] == [200] * 50
    assert [reply.json()["body"]["length"] for reply in replies] == list(range(50))
    assert stage.mints(style) == 2
    voided = sum(call.generation == 1 for call in stage.sandbox.requests if call.style == style)
    assert sum(reply.get("X-Keyless-Attempts") == "2" for reply in replies) == voided > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, MIB])
async def test_trap_29_the_same_bytes_and_length_go_again(stage: Stage, method: str, size: int) -> None:
    body = bytes(range(251)) * (size // 251) + bytes(size % 251)
    api = await behind(stage, NO, OK)
    reply = await stage.ask(f"{method} /api/x?y HTTP/1.1", f"Content-Length: {size}", "X-Own: 1", body=body)
    assert (reply.status, reply.get("X-Keyless-Attempts")) == (200, "2")
    first, second = api.requests
    assert first.body == second.body == body
    assert first.get("Content-Length") == second.get("Content-Length") == str(size)
    assert first.start == second.start == f"{method} /x?y HTTP/1.1"
    assert [header for header in first.headers if header[0] != "Authorization"] == [
        header for header in second.headers if header[0] != "Authorization"
    ]
    assert first.get("Authorization") != second.get("Authorization")


async def test_trap_29_a_chunked_body_goes_again(stage: Stage) -> None:
    api = await behind(stage, NO, OK)
    chunks = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    reply = await stage.ask("POST /api/x HTTP/1.1", "Transfer-Encoding: chunked", body=chunks)
    assert reply.get("X-Keyless-Attempts") == "2"
    assert [request.body for request in api.requests] == [b"hello world"] * 2
    assert [request.all("Transfer-Encoding") for request in api.requests] == [["chunked"]] * 2


async def test_trap_32_a_network_retry_leaves_the_replay_its_turn(stage: Stage) -> None:
    """Two budgets: the pooled connection dies under a request, whose retry is refused, and is replayed all the same."""
    connections = 0

    async def play(wire: Wire) -> None:
        nonlocal connections
        connections += 1
        first = connections == 1
        api.record(await wire.message())
        await wire.send(OK if first else NO)
        api.record(await wire.message())
        if not first:
            await wire.send(OK)

    api = await stage.playing(play)
    keys = {"client_id": "sandbox-key", "client_secret": "sandbox-secret"}
    provider = {"scheme": "oauth2", "token_url": f"{stage.sandbox.url}/oauth2/token", **keys}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    assert (await stage.ask("GET /api/warm HTTP/1.1")).status == 200
    reply = await stage.ask("GET /api/x HTTP/1.1")
    assert (reply.status, reply.get("X-Keyless-Attempts")) == (200, "2")
    assert [request.start.split()[1] for request in api.requests] == ["/warm", "/x", "/x", "/x"]
    assert stage.mints("oauth2") == 2


async def test_nothing_of_a_good_exchange_is_marked(stage: Stage) -> None:
    await behind(stage, OK)
    reply = await stage.ask("GET /api HTTP/1.1")
    assert not [name for name, _ in reply.headers if name.startswith("X-Keyless")]


# ------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_trap_30_a_body_over_the_cap_is_not_replayed_nor_cut(stage: Stage, framing: str) -> None:
    body = b"x" * (MIB + 1)
    api = await behind(stage, NO, OK)
    header = f"Content-Length: {len(body)}" if framing == "length" else "Transfer-Encoding: chunked"
    sent = body if framing == "length" else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    reply = await stage.ask("POST /api/x HTTP/1.1", header, body=sent)
    assert (reply.status, reply.body) == (401, b"nope")
    assert reply.get("X-Keyless-Replay") == "skipped; reason=body_too_large"
    assert [len(request.body) for request in api.requests] == [len(body)]
    assert (await stage.ask("GET /api/x HTTP/1.1")).status == 200
    assert stage.mints() == 2
    assert api.requests[0].get("Authorization") != api.requests[1].get("Authorization")


async def test_trap_30_a_body_that_outgrows_the_cap_during_the_renewal_is_not_cut(stage: Stage) -> None:
    """The API refuses early and reads on; when the new token is there, the body's beginning is gone."""
    refused, rest = asyncio.Event(), asyncio.Event()

    async def play(wire: Wire) -> None:
        api.record(await wire.head())
        await wire.send(NO)
        refused.set()
        await wire.some(MIB + 8)
        rest.set()

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    stage.sandbox.gate.clear()
    wire = await stage.wire()
    head = f"POST /api HTTP/1.1\r\nHost: {stage.authority}\r\nContent-Length: {2 * MIB}\r\n\r\n"
    await wire.send(head.encode(), b"x" * 8)
    await refused.wait()
    await stage.sandbox.until(lambda: stage.sandbox.token_requests["oauth2"] == 2)
    await wire.send(b"x" * MIB)
    await rest.wait()
    stage.sandbox.gate.set()
    reply = await wire.message()
    assert (reply.status, reply.get("X-Keyless-Replay")) == (401, "skipped; reason=body_too_large")
    assert len(api.requests) == 1
    wire.abort()


async def test_a_smaller_cap(stage: Stage) -> None:
    api = await behind(stage, NO, OK, replay={"max_body": "64KiB"})
    body = b"x" * (64 * 1024 + 1)
    reply = await stage.ask("POST /api/x HTTP/1.1", f"Content-Length: {len(body)}", body=body)
    assert reply.get("X-Keyless-Replay") == "skipped; reason=body_too_large"
    assert len(api.requests) == 1


async def test_trap_31_a_second_refusal_passes_unchanged(stage: Stage) -> None:
    api = await behind(stage, NO, NO.replace(b"nope", b"NOPE"), OK)
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, reply.body, reply.get("X-Keyless-Attempts")) == (401, b"NOPE", "2")
    assert reply.all("X-Should-Retry") == ["false"], "its only header that the API did not send, but for the count"
    assert len(api.requests) == 2
    assert stage.mints() == 2


async def test_trap_31_brakes_are_the_routes_own(stage: Stage) -> None:
    """After a useless renewal the route's refusals pass through; another route of the account may still ask."""
    api = await behind(stage, NO)
    await stage.ask("GET /api HTTP/1.1")
    paused = await stage.ask("GET /api HTTP/1.1")
    assert (paused.status, paused.get("X-Keyless-Replay")) == (401, "skipped; reason=paused")
    assert paused.get("X-Should-Retry") == "false"
    assert (len(api.requests), stage.mints()) == (3, 2)
    assert (await stage.ask("GET /other HTTP/1.1")).get("X-Keyless-Attempts") == "2"
    assert stage.mints() == 3


async def test_a_renewal_that_fails_gives_the_apis_own_refusal(stage: Stage) -> None:
    api = await behind(stage, NO)
    stage.sandbox.keys.clear()
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, reply.body) == (401, b"nope")
    assert reply.get("X-Keyless-Replay") == "skipped; reason=token_unavailable"
    assert (reply.get("X-Should-Retry"), len(api.requests)) == ("false", 1)


async def test_what_waiting_may_mend_is_not_called_lost(stage: Stage) -> None:
    """The API's own word on it passes, too."""
    await behind(stage, NO.replace(b"\r\n\r\n", b"\r\nX-Should-Retry: true\r\n\r\n"))
    stage.sandbox.issuer_down = True
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, reply.get("X-Keyless-Replay")) == (401, "skipped; reason=token_unavailable")
    assert reply.all("X-Should-Retry") == ["true"]


async def test_a_static_credential_is_never_renewed(stage: Stage) -> None:
    api = await stage.api(NO)
    provider = {"scheme": "static", "token": "static-secret", "refused": [{"status": 401}]}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, len(api.requests), reply.get("X-Should-Retry")) == (401, 1, "false")


# ------------------------------------------------------------------------------------------- what nothing mends

AGAIN = NO.replace(b"\r\n", b"\r\nx-should-retry: true\r\n", 1)


async def test_a_client_need_not_repeat_what_a_newer_token_does_not_mend(stage: Stage) -> None:
    await behind(stage, AGAIN)
    second = await stage.ask("GET /api HTTP/1.1")
    paused = await stage.ask("GET /api HTTP/1.1")
    assert (second.status, second.body, second.get("X-Keyless-Attempts")) == (401, b"nope", "2")
    assert (paused.body, paused.get("X-Keyless-Replay")) == (b"nope", "skipped; reason=paused")
    assert second.all("X-Should-Retry") == paused.all("X-Should-Retry") == ["false"]


@pytest.mark.parametrize("latched", [True, False])
async def test_a_client_need_not_wait_for_a_person(stage: Stage, latched: bool) -> None:
    await behind(stage, AGAIN)
    if latched:
        stage.sandbox.keys.clear()
    else:
        stage.sandbox.broken_reply = b"no token"
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, reply.get("X-Keyless-Replay")) == (401, "skipped; reason=token_unavailable")
    assert reply.all("X-Should-Retry") == ["false" if latched else "true"]
    assert stage.service.view.state("p") == ("latched" if latched else "backing_off")


async def test_trap_30_a_short_body_has_to_fit_too(stage: Stage) -> None:
    api = await behind(stage, AGAIN, OK, replay={"max_body": 10})
    reply = await stage.ask("POST /api HTTP/1.1", "Content-Length: 11", body=b"hello world")
    assert (reply.status, reply.get("X-Keyless-Replay")) == (401, "skipped; reason=body_too_large")
    assert len(api.requests) == 1
    await stage.until(lambda: stage.mints() == 2)  # for the next call


async def test_trap_30_what_must_be_whole_is_at_hand_for_a_replay_whatever_its_size(stage: Stage) -> None:
    api = await stage.api(AGAIN, OK)
    provider = {
        "scheme": "oauth2",
        "token_url": f"{stage.sandbox.url}/oauth2/token",
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
        "inject": {"json": {"token": "{token}"}},
    }
    route = {"upstream": api.url, "provider": "p", "replay": {"max_body": 1}}
    await stage.open({"/api": route}, providers={"p": provider})
    lines = ("POST /api HTTP/1.1", "Content-Type: application/json", "Content-Length: 7")
    reply = await stage.ask(*lines, body=b'{"a":1}')
    assert (reply.status, reply.get("X-Keyless-Attempts"), len(api.requests)) == (200, "2", 2)


async def test_what_the_next_call_mends_may_be_repeated(stage: Stage) -> None:
    await behind(stage, AGAIN, OK, replay={"max_body": 10})
    reply = await stage.ask("POST /api HTTP/1.1", "Transfer-Encoding: chunked", body=b"b\r\nhello world\r\n0\r\n\r\n")
    assert (reply.status, reply.get("X-Keyless-Replay")) == (401, "skipped; reason=body_too_large")
    assert reply.all("X-Should-Retry") == ["true"]
    assert (await stage.ask("GET /api HTTP/1.1")).get("X-Should-Retry") is None


# ------------------------------------------------------------------------------------------- rules


async def test_trap_33_a_young_token_is_not_doubted_by_older_than(stage: Stage) -> None:
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    api = await behind(stage, missing, refused=[{"status": 404, "older_than": "1h"}])
    assert (await stage.ask("GET /api HTTP/1.1")).status == 404
    assert (len(api.requests), stage.mints()) == (1, 1)


def _json(body: bytes, *headers: bytes) -> bytes:
    lines = [
        b"HTTP/1.1 200 OK",
        b"Content-Type: application/json",
        *headers,
        b"Content-Length: %d" % len(body),
        b"",
        b"",
    ]
    return b"\r\n".join(lines) + body


REFUSAL = b'{"error_code": 110, "error_msg": "Access token invalid"}'
RULES = [{"json": {"error_code": [110]}}]


@pytest.mark.parametrize(
    "reply",
    [
        _json(REFUSAL),
        _json(gzip.compress(REFUSAL), b"Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + REFUSAL,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\ndata: %b\n\n\r\n0\r\n\r\n" % (len(REFUSAL) + 8, REFUSAL),
    ],
    ids=["plain", "gzip", "until-close", "event"],
)
async def test_trap_34_a_refusal_inside_a_200_is_replayed(stage: Stage, reply: bytes) -> None:
    api = await behind(stage, reply, OK, refused=RULES)
    assert (await stage.ask("GET /api HTTP/1.1")).body == b"ok"
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        _json(b'{"data": {"error_code": 110}, "text": "error_code 110"}'),
        _json(b'{"error_code": 110, "x": "' + b"x" * 9000 + b'"}'),
        _json(gzip.compress(REFUSAL), b"Content-Encoding: br"),
        _json(REFUSAL, b"Content-Disposition: attachment"),
        _json(REFUSAL[:-1]),
        _json(b"\x1f\x8b not gzip", b"Content-Encoding: gzip"),
        _json(REFUSAL).replace(b"application/json", b"application/octet-stream"),
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
async def test_trap_34_other_bodies_pass_byte_for_byte(stage: Stage, reply: bytes) -> None:
    api = await behind(stage, reply, refused=RULES)
    answer = await stage.ask("GET /api HTTP/1.1")
    assert answer.body == reply.partition(b"\r\n\r\n")[2]
    assert len(api.requests) == 1


async def test_trap_34_a_head_has_nothing_to_read(stage: Stage) -> None:
    api = await behind(stage, _json(REFUSAL).partition(REFUSAL)[0], refused=RULES)
    answer = await stage.ask("HEAD /api HTTP/1.1", bodiless=True)
    assert answer.get("Content-Length") == str(len(REFUSAL))
    assert len(api.requests) == 1


# ------------------------------------------------------------------------------------------- sockets


async def test_trap_37_discarded_replies_leak_no_sockets(stage: Stage) -> None:
    """Twenty refused requests, one after the other: the API's connections are used again."""

    async def play(wire: Wire) -> None:
        while True:
            message = await wire.message()
            api.record(message)
            good = message.get("Authorization") == f"Bearer {stage.token()}"
            await wire.send(OK if good else NO)

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    for _ in range(20):
        stage.sandbox.mint("oauth2", stage.sandbox.clock())
        assert (await stage.ask("GET /api HTTP/1.1")).status == 200
    assert len(api.requests) == 40
    assert api.connections <= 2
    assert api.ended < api.connections
    assert stage.busy == 0


async def test_trap_37_a_discarded_reply_without_an_end_is_cut(stage: Stage) -> None:
    async def play(wire: Wire) -> None:
        message: Message = await wire.message()
        api.record(message)
        if len(api.requests) == 1:
            await wire.send(b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmore\r\n")
            await wire.rest()
        else:
            await wire.send(OK)

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    assert (await stage.ask("GET /api HTTP/1.1")).body == b"ok"
    await api.until(lambda: api.ended >= 1)
