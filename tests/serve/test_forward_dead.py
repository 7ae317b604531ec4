"""A credential that nothing renews dies: it is reported, nothing is fetched, and the client need not try again."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.conftest import Stage
from tests.raw import RawApi

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DEAD = b'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"code":"bad_key"}'
QUOTA = b'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{"code":"too_much"}'
WITHIN = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"code":"bad_key"}'
RULES = [{"json": {"code": "bad_key"}}]


async def behind(stage: Stage, *replies: bytes) -> RawApi:
    api = await stage.api(*replies)
    provider = {"scheme": "static", "token": "a-static-secret", "dead": RULES}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    return api


@pytest.mark.parametrize("reply", [DEAD, WITHIN])
async def test_it_passes_as_it_came_and_is_reported_once(reply: bytes, stage: Stage) -> None:
    api = await behind(stage, reply, reply)
    with capture_logs() as said:
        first = await stage.ask("POST /api HTTP/1.1", "Content-Length: 1", body=b"x")
        again = await stage.ask("GET /api HTTP/1.1")
    assert first.body == again.body == b'{"code":"bad_key"}'
    assert (str(first.status).encode(), len(api.requests)) == (reply.split()[1], 2)
    assert first.get("X-Should-Retry") == "false"
    assert first.get("X-Keyless-Replay") == "skipped; reason=credential_dead"
    told = [(line["event"], line["provider"]) for line in said if line["event"] == "credential dead"]
    assert told == [("credential dead", "p")]
    report = stage.service.view.provider("p")
    assert report.state == "static"
    assert report.last_error is not None
    assert "dead (2 times since it last took it)" in report.last_error


async def test_a_static_one_with_rules_of_refusal_is_as_dead(stage: Stage) -> None:
    api = await stage.api(DEAD, OK)
    provider = {"scheme": "static", "token": "a-static-secret", "refused": [{"status": 401}]}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, reply.body, len(api.requests)) == (401, b'{"code":"bad_key"}', 1)
    assert (reply.get("X-Should-Retry"), reply.get("X-Keyless-Attempts")) == ("false", None)
    assert "dead" in (stage.service.view.provider("p").last_error or "")
    assert (await stage.ask("GET /api HTTP/1.1")).get("X-Should-Retry") is None
    assert stage.service.view.provider("p").last_error is None


async def test_look_alikes_are_not_reported(stage: Stage) -> None:
    await behind(stage, QUOTA)
    reply = await stage.ask("GET /api HTTP/1.1")
    assert (reply.status, reply.get("X-Should-Retry"), reply.get("X-Keyless-Replay")) == (401, None, None)
    assert stage.service.view.provider("p").last_error is None


async def test_one_that_the_api_takes_again_was_not_dead(stage: Stage) -> None:
    await behind(stage, DEAD, OK)
    assert (await stage.ask("GET /api HTTP/1.1")).status == 401
    assert stage.service.view.provider("p").last_error is not None
    assert (await stage.ask("GET /api HTTP/1.1")).status == 200
    assert stage.service.view.provider("p").last_error is None
