"""What Claude Code asks of a gateway, line by line (https://code.claude.com/docs/en/llm-gateway-protocol, and the
gateway requirements of .../llm-gateway-rollout): what it sends arrives byte for byte, what the API says comes back so.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire

KEY = "kls_a-made-up-client-key-of-some-length"
REAL = "real-key-of-the-api"
ANTHROPIC = {"use": "anthropic", "api_key": REAL}
BEDROCK = {"use": "bedrock-api-key", "api_key": REAL, "region": "us-east-1"}
SIGNED = {"use": "aws-bedrock", "access_key_id": "real-id", "secret_access_key": REAL, "region": "us-east-1"}
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
BODY = (
    b'{"system": [{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.332; cch=a1b2c;"},\n'
    b'  {"type":"text",  "text":"You are \\u00fc \xe4\xb8\xad","cache_control":{"type":"ephemeral"}}],\r\n'
    b'"thinking":{"type":"adaptive"},"context_management":{"edits":[]},"output_config":{"effort":"high"},'
    b'"tools":[{"name":"t","strict":true,"defer_loading":true}], "a_field_of_tomorrow": 1.0e+2, "twice":1,"twice":2,'
    b'"metadata":{"user_id":"u"},"stream":false, "max_tokens":9}  '
)
"""With what a JSON library would write otherwise: spaces, escapes, a number, a name that stands twice."""


async def opened(stage: Stage, api: RawApi, provider: dict[str, Any] = ANTHROPIC, **config: Any) -> None:
    route = {"upstream": api.url, "provider": "vendor"}
    await stage.open({"/gateway": route}, providers={"vendor": provider}, **config)


async def sent(stage: Stage, *headers: str, target: str = "/v1/messages?beta=true", body: bytes = BODY) -> Message:
    length = f"Content-Length: {len(body)}"
    start = f"POST /gateway{target} HTTP/1.1"
    return await stage.ask(start, "Content-Type: application/json", length, *headers, body=body)


# ---------------------------------------------------------------------------------------------- endpoints


@pytest.mark.parametrize(
    "target",
    [
        "/v1/messages?beta=true",
        "/v1/messages/count_tokens?beta=true",
        "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke",
        "/model/us.anthropic.claude-opus-4-8/invoke-with-response-stream",
        "/projects/p/locations/global/publishers/anthropic/models/claude-opus-4-8:rawPredict",
        "/projects/p/locations/global/publishers/anthropic/models/claude-opus-4-8:streamRawPredict",
        "/projects/p/locations/global/publishers/anthropic/models/count-tokens:rawPredict",
    ],
)
async def test_its_endpoints_are_there_with_their_query(stage: Stage, target: str) -> None:
    api = await stage.api(OK)
    await opened(stage, api)
    assert (await sent(stage, target=target)).status == 200
    assert api.requests[0].target == target


@pytest.mark.parametrize("probe", ["HEAD /gateway/", "HEAD /gateway/api/hello"])
async def test_a_probe_is_answered(stage: Stage, probe: str) -> None:
    """Best effort, and may fail; but in HTTP, and without a wait."""
    api = await stage.api(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n")
    await opened(stage, api)
    wire = await stage.wire()
    await wire.send(f"{probe} HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    assert (await wire.message(bodiless=True)).status == 404


async def test_models_are_discovered_without_a_redirect(stage: Stage) -> None:
    listed = b'{"data": [{"id": "claude-sonnet-4-6", "display_name": "Claude Sonnet 4.6"}, {"id": "claude-opus-4-8"}]}'
    api = await stage.api(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(listed), listed))
    await opened(stage, api, clients=[{"name": "claude", "key": KEY}])
    for credential in (f"Authorization: Bearer {KEY}", f"x-api-key: {KEY}"):
        reply = await stage.ask("GET /gateway/v1/models?limit=1000 HTTP/1.1", credential)
        assert (reply.status, reply.body) == (200, listed)
    assert api.requests[0].target == "/v1/models?limit=1000"


# ---------------------------------------------------------------------------------------------- headers


UNCHANGED = [
    "anthropic-version: 2023-06-01",
    "anthropic-version: 2026-10-21",
    "anthropic-beta: claude-code-20250219,context-1m-2025-08-07, interleaved-thinking-2025-05-14",
    "anthropic-beta: oauth-2025-04-20,a-capability-of-tomorrow",
    "anthropic-workspace-id: wrkspc_01",
    "anthropic-dangerous-direct-browser-access: true",
    "anthropic-a-header-of-tomorrow: 1",
    "x-claude-code-session-id: 01998fd9-0000-7000-8000-000000000000",
    "x-claude-code-agent-id: a1",
    "x-claude-code-parent-agent-id: a0",
    "x-claude-code-of-tomorrow: 1",
    "x-app: cli",
    "x-stainless-retry-count: 0",
    "User-Agent: claude-cli/2.1.332 (external, sdk-cli)",
    "X-Team: a header of ANTHROPIC_CUSTOM_HEADERS",
]


@pytest.mark.parametrize("line", UNCHANGED)
@pytest.mark.parametrize("provider", [ANTHROPIC, BEDROCK, SIGNED], ids=["anthropic", "bedrock", "signed"])
async def test_a_header_arrives_as_it_was_sent(stage: Stage, line: str, provider: dict[str, Any]) -> None:
    api = await stage.api(OK)
    await opened(stage, api, provider)
    assert (await sent(stage, line, target="/model/m/invoke")).status == 200
    name, _, value = line.partition(": ")
    assert api.requests[0].all(name) == [value]


@pytest.mark.parametrize(
    "credentials",
    [
        [f"Authorization: Bearer {KEY}"],
        [f"x-api-key: {KEY}"],
        [f"Authorization: Bearer {KEY}", f"x-api-key: {KEY}"],
        ["Authorization: Bearer a-stale-one", f"x-api-key: {KEY}"],
    ],
    ids=["bearer", "key", "both", "a stale one beside it"],
)
async def test_its_credential_counts_in_one_header_or_both_and_goes_no_further(
    stage: Stage, credentials: list[str]
) -> None:
    api = await stage.api(OK)
    await opened(stage, api, clients=[{"name": "claude", "key": KEY}])
    assert (await sent(stage, *credentials)).status == 200
    (request,) = api.requests
    assert (request.all("x-api-key"), request.all("Authorization")) == ([REAL], [])


# ---------------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize("provider", [ANTHROPIC, BEDROCK, SIGNED], ids=["anthropic", "bedrock", "signed"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_the_body_arrives_byte_for_byte(stage: Stage, provider: dict[str, Any], packed: bool) -> None:
    """The attribution block first and apart, fields beside their beta headers, and those that nobody knows yet."""
    api = await stage.api(OK)
    await opened(stage, api, provider)
    body = gzip.compress(BODY) if packed else BODY
    await sent(stage, *(["Content-Encoding: gzip"] if packed else []), target="/model/m/invoke", body=body)
    assert api.requests[0].body == body


async def test_bedrocks_fields_arrive(stage: Stage) -> None:
    body = b'{"anthropic_version":"bedrock-2023-05-31", "anthropic_beta":["context-1m-2025-08-07"]}'
    api = await stage.api(OK)
    await opened(stage, api, SIGNED)
    await sent(stage, target="/model/m/invoke-with-response-stream", body=body)
    await stage.ask("GET /gateway/inference-profiles?type=SYSTEM_DEFINED HTTP/1.1")
    assert api.requests[0].body == body
    assert api.requests[1].target == "/inference-profiles?type=SYSTEM_DEFINED"


# ---------------------------------------------------------------------------------------------- replies


async def test_events_come_as_they_are_sent(stage: Stage) -> None:
    """The second is held back until the first has arrived."""
    arrived = asyncio.Event()
    events = [b'event: message_start\ndata: {"type":"message_start"}\n\n', b'event: ping\ndata: {"type": "ping"}\n\n']

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n", events[0])
        await arrived.wait()
        await wire.send(events[1])

    await opened(stage, await stage.playing(play))
    wire = await stage.wire()
    start = f"POST /gateway/v1/messages?beta=true HTTP/1.1\r\nHost: {stage.authority}\r\n"
    await wire.send(f"{start}Content-Length: {len(BODY)}\r\n\r\n".encode(), BODY)
    await wire.head()
    assert events[0] in await wire.until(b"\n\n")
    arrived.set()
    assert events[1] in await wire.until(b"\n\n")


REFUSALS = [
    (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
    (400, "invalid_request_error", "context_management: Extra inputs are not permitted"),
    (400, "invalid_request_error", "messages.1.content.0: Invalid `signature` in `thinking` block"),
    (401, "authentication_error", "invalid x-api-key"),
    (403, "permission_error", "Your API key does not have permission"),
    (404, "not_found_error", "model: claude-x"),
    (413, "request_too_large", "Request exceeds the maximum size"),
    (429, "rate_limit_error", "This request would exceed your rate limit"),
    (500, "api_error", "Internal server error"),
    (529, "overloaded_error", "Overloaded"),
]


@pytest.mark.parametrize(("status", "kind", "words"), REFUSALS)
async def test_the_apis_errors_come_unchanged(stage: Stage, status: int, kind: str, words: str) -> None:
    """Its recovery goes by their words. What a refusal of a key that lasts gains is a header alone."""
    body = json.dumps({"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}).encode()
    head = b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nrequest-id: req_1\r\nretry-after: 7\r\n" % status
    api = await stage.api(head + b"x-should-retry: true\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    await opened(stage, api)
    reply = await sent(stage)
    assert (reply.status, reply.body) == (status, body)
    assert (reply.get("request-id"), reply.get("retry-after"), reply.code) == ("req_1", "7", None)
    assert reply.all("X-Should-Retry") == (["false"] if status == 401 else ["true"])


async def test_the_proxys_own_errors_have_the_apis_shape(stage: Stage) -> None:
    await opened(stage, await stage.api(OK), {"use": "anthropic", "api_key": "${NOT_SET_HERE}"})
    reply = await sent(stage)
    document = reply.json()
    assert (reply.status, document["type"], document["error"]["type"]) == (424, "error", "api_error")
    assert "NOT_SET_HERE" in document["error"]["message"]
    assert reply.get("X-Should-Retry") == "false"
