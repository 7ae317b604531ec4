"""What a running proxy audits: each event once, in the right words, and never a secret."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy import clock
from proxy.audit import chain
from proxy.audit.events import WAITING, Audit, open_audit
from proxy.audit.verify import Walk
from proxy.config import model
from proxy.errors import FailureClass, Fault, IssuerError
from proxy.sandbox import KEY, SECRET
from proxy.wire.inbound.phase import HEAD
from proxy.wire.socket import Socket
from tests.conftest import Stage

SHOP, READER = "shop-0123456789abc", "reader-0123456789"
CLIENTS: list[dict[str, Any]] = [
    {"name": "shop", "key": SHOP, "routes": ["/oauth2"], "methods": ["GET", "POST"]},
    {"name": "reader", "key": READER, "read_tokens": ["oauth2"]},
]
NO = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LOCAL = {"who": "anyone", "peer": "127.0.0.1"}
TIED = ("time", "chain", "seq", "prev", "mac")


def path(stage: Stage) -> Path:
    return stage.folder / "audit.jsonl"


async def opened(stage: Stage, routes: dict[str, Any] | None = None, **config: Any) -> None:
    await stage.open(routes, **({"audit": "audit.jsonl"} | config))


def told(stage: Stage, *events: str) -> list[dict[str, Any]]:
    """The lines of these events, without what ties them."""
    lines = [json.loads(line) for line in path(stage).read_bytes().splitlines()]
    return [{key: line[key] for key in line if key not in TIED} for line in lines if line["event"] in events]


def since(stage: Stage) -> list[dict[str, Any]]:
    """All lines but those of the start's mints."""
    lines = [json.loads(line) for line in path(stage).read_bytes().splitlines()]
    assert lines[0]["event"] == "log_began"
    kept = [line for line in lines[1:] if line["event"] != "token_mint" or line.get("generation") != 1]
    return [{key: line[key] for key in line if key not in TIED} for line in kept]


def refused(**facts: Any) -> dict[str, Any]:
    return {"event": "request_refused", **LOCAL, **facts}


# ---------------------------------------------------------------------------------------------- refused requests


ROUTED = {"route": "/oauth2", "provider": "oauth2"}


HERE = {"path": "/oauth2/x", "route": "/oauth2", "provider": "oauth2"}


@pytest.mark.parametrize(
    ("start", "headers", "line"),
    [
        ("GET /oauth2/x?q=1", ["Host: evil.test"], HERE | {"code": "host_refused"}),
        (
            "GET /oauth2/x",
            ["Origin: https://evil.test"],
            HERE | {"origin": "https://evil.test", "code": "origin_refused"},
        ),
        (
            "GET /oauth2/x",
            ["Origin: https://me:pass@evil.test/?a=secret"],
            HERE | {"origin": "malformed", "code": "origin_refused"},
        ),
        ("GET /nowhere/at?all", [], {"path": "/nowhere/at", "code": "no_route"}),
        ("GET /oauth2/../x", [], {"path": "/oauth2/../x", "code": "path_refused"}),
        ("GET http://me:pw@127.0.0.1/no?x", [], {"path": "/no", "code": "path_refused"}),
        ("DELETE /oauth2/x", [], {**ROUTED, "method": "DELETE", "path": "/oauth2/x", "code": "method_refused"}),
        ("GET /oauth2/y", [], {**ROUTED, "path": "/oauth2/y", "code": "path_refused"}),
        (
            "POST /oauth2/x",
            ["Content-Length: 2000"],
            {**ROUTED, "method": "POST", "path": "/oauth2/x", "code": "body_too_large"},
        ),
    ],
)
async def test_a_request_that_we_refuse(stage: Stage, start: str, headers: list[str], line: dict[str, Any]) -> None:
    route = {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"}
    routes = {"/oauth2": route | {"methods": ["GET", "POST"], "paths": ["/x"]}}
    await opened(stage, routes, limits={"max_body": 1000})
    reply = await stage.ask(f"{start} HTTP/1.1", *headers)
    assert reply.code == line["code"]
    assert since(stage) == [refused(**({"method": "GET"} | line))]


@pytest.mark.parametrize(
    ("start", "key", "who", "code"),
    [
        ("GET /oauth2/x", None, "anyone", "client_key_required"),
        ("GET /oauth2/x", "a-key-nobody-has", "anyone", "client_key_required"),
        ("GET /aiob/x", SHOP, "client:shop", "route_refused"),
        ("PUT /oauth2/x", SHOP, "client:shop", "route_refused"),
        ("GET /nowhere", SHOP, "client:shop", "no_route"),
    ],
)
async def test_who_was_refused(stage: Stage, start: str, key: str | None, who: str, code: str) -> None:
    await opened(stage, clients=CLIENTS)
    reply = await stage.ask(f"{start} HTTP/1.1", *(() if key is None else (f"X-Api-Key: {key}",)))
    assert reply.code == code
    (line,) = since(stage)
    assert (line["who"], line["code"], line["path"]) == (who, code, start.split()[1])
    assert key is None or key not in path(stage).read_text()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"a" * 70_000), "header_too_large"),
    ],
)
async def test_bytes_that_are_no_request(stage: Stage, sent: bytes, code: str) -> None:
    await opened(stage)
    wire = await stage.wire()
    await wire.send(sent)
    reply = await wire.message()
    assert reply.code == code
    (line,) = since(stage)
    assert {"event": line["event"], "who": line["who"], "peer": line["peer"], "code": line["code"]} == refused(
        code=code
    )


async def test_what_is_no_refusal_is_not_audited(stage: Stage) -> None:
    """A request that is served; an error of the API; one of ours that is not the client's fault; a preflight."""
    api = await stage.api(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    await opened(
        stage,
        {
            "/oauth2": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"},
            "/api": {"upstream": api.url, "provider": "none"},
            "/gone": {"upstream": "http://127.0.0.1:1", "provider": "none"},
        },
    )
    preflight = ("Origin: http://localhost:1", "Access-Control-Request-Method: GET")
    assert (await stage.call("/oauth2/echo")).status == 200
    assert (await stage.call("/api/x")).status == 404
    assert (await stage.call("/gone/x")).status == 502
    assert (await stage.ask("OPTIONS /oauth2/echo HTTP/1.1", *preflight)).status == 204
    assert (await stage.call("/-/status")).status == 200
    assert since(stage) == []


async def test_where_nobody_asks_for_it_there_is_none(stage: Stage) -> None:
    await stage.open()
    assert (await stage.call("/nowhere")).status == 404
    assert "audit" not in (await stage.call("/-/status")).json()
    assert [each.name for each in stage.folder.iterdir()] == ["config.yaml"]


# ---------------------------------------------------------------------------------------------- tokens


async def test_mints_by_provider_and_generation(stage: Stage) -> None:
    await opened(stage)
    await stage.service.cells["oauth2"].expire()
    assert (await stage.call("/oauth2/echo")).status == 200
    assert [(line["provider"], line["generation"]) for line in told(stage, "token_mint")[4:]] == [("oauth2", 2)]
    first = {line["provider"]: line for line in told(stage, "token_mint")[:4]}
    assert first["aiob"] == {"event": "token_mint", "provider": "aiob", "generation": 1, "outcome": "minted"}
    assert first.keys() == {"baidu", "aiob", "session", "oauth2"}


async def test_a_mint_that_fails_says_which_way(stage: Stage) -> None:
    provider = {"scheme": "oauth2", "token_url": f"{stage.sandbox.url}/oauth2/token", "client_id": KEY}
    routes = {"/api": {"upstream": stage.sandbox.url, "provider": "wrong"}}
    wrong = provider | {"client_secret": "a-wrong-client-secret"}
    await opened(stage, routes, providers={"wrong": wrong})
    assert (await stage.call("/api/x")).code == "credential_refused"
    line = told(stage, "token_mint")[0]
    assert line == {
        "event": "token_mint",
        "provider": "wrong",
        "outcome": "credential",
        "error": "invalid_client",
    }
    assert "a-wrong-client-secret" not in path(stage).read_text()


async def behind(stage: Stage, *replies: bytes, **route: Any) -> None:
    api = await stage.api(*replies)
    await opened(stage, {"/api": {"upstream": api.url, "provider": "oauth2", **route}})


ABOUT = {**LOCAL, "method": "POST", "path": "/api/x", "route": "/api", "provider": "oauth2"}


@pytest.mark.parametrize(("second", "outcome"), [(OK, "accepted"), (NO, "refused")])
async def test_a_refusal_by_the_api_and_its_replay(stage: Stage, second: bytes, outcome: str) -> None:
    await behind(stage, NO, second)
    reply = await stage.call("/api/x?secret=1", "POST", data=b"body")
    assert reply.get("X-Keyless-Attempts") == "2"
    assert since(stage) == [
        {"event": "token_mint", "provider": "oauth2", "generation": 2, "outcome": "minted"},
        {"event": "token_refused", **ABOUT, "generation": 1, "status": 401, "outcome": "renewed"},
        {"event": "replay", **ABOUT, "generation": 2, "outcome": outcome},
    ]


async def test_a_replay_that_the_api_never_answers(stage: Stage) -> None:
    await behind(stage, NO, b"garbage\r\n\r\n")
    assert (await stage.call("/api/x", "POST", data=b"body")).code == "upstream_protocol"
    assert since(stage)[1:] == [
        {"event": "token_refused", **ABOUT, "generation": 1, "status": 401, "outcome": "renewed"},
        {"event": "replay", **ABOUT, "outcome": "upstream_protocol"},
    ]


async def test_a_refusal_without_a_replay_says_why(stage: Stage) -> None:
    await behind(stage, NO, replay={"max_body": 10})
    reply = await stage.call("/api/x", "POST", data=b"x" * 200_000)
    assert reply.status == 401
    (line,) = told(stage, "token_refused")
    assert (line["outcome"], line["generation"]) == ("body_too_large", 1)
    assert told(stage, "replay") == []


@pytest.mark.parametrize(
    ("key", "name", "line"),
    [
        (READER, "oauth2", {"who": "client:reader", "provider": "oauth2", "outcome": "given", "generation": 1}),
        (READER, "aiob", {"who": "client:reader", "provider": "aiob", "outcome": "route_refused"}),
        (SHOP, "oauth2", {"who": "client:shop", "provider": "oauth2", "outcome": "route_refused"}),
        ("nobody-s-client-key", "oauth2", {"provider": "oauth2", "outcome": "client_key_required"}),
        (READER, "what", {"who": "client:reader", "outcome": "route_refused"}),
    ],
)
async def test_a_token_that_is_read_or_not(stage: Stage, key: str, name: str, line: dict[str, Any]) -> None:
    await opened(stage, clients=CLIENTS)
    await stage.ask(f"GET /-/token/{name} HTTP/1.1", f"Authorization: Bearer {key}")
    asked = {"event": "token_read", **LOCAL, "method": "GET", "path": f"/-/token/{name}"}
    assert since(stage) == [asked | line]


async def test_what_an_operator_does(stage: Stage) -> None:
    await opened(stage)
    for action in ("expire", "refresh"):
        assert (await stage.call(f"/-/providers/oauth2/{action}", "POST")).status == 200
    by = {"event": "admin", "who": "operator", "peer": "127.0.0.1", "provider": "oauth2"}
    assert told(stage, "admin") == [
        by | {"action": "expire", "state": "refused"},
        by | {"action": "refresh", "state": "fresh"},
    ]


async def test_who_is_no_operator(stage: Stage) -> None:
    await opened(stage, admin={"key": "the-admin-key-0123"})
    assert (await stage.call("/-/providers/oauth2/expire", "POST")).status == 401
    assert since(stage) == [refused(method="POST", path="/-/providers/oauth2/expire", code="client_key_required")]


async def test_start_and_stop_with_version_and_config(stage: Stage) -> None:
    await opened(stage)
    stage.service.started()
    await stage.service.__aexit__(None, None, None)
    (started,), (stopped,) = told(stage, "started"), told(stage, "stopped")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", started["config"])
    assert (started["listen"], started["pid"]) == (["127.0.0.1:0"], stopped["pid"])
    assert started["version"] == stopped["version"]


# ---------------------------------------------------------------------------------------------- the file


async def test_the_lines_are_a_chain_and_signed(stage: Stage) -> None:
    await opened(stage, audit={"file": "audit.jsonl", "key": "the-audit-key-0123"})
    await asyncio.gather(*(stage.call(f"/nowhere/{number}") for number in range(20)))
    walk = Walk([chain.signer("the-audit-key-0123")])
    for number, line in enumerate(path(stage).read_bytes().splitlines(), 1):
        walk.feed(str(number), line)
    assert walk.signed == walk.lines == 25
    assert (await stage.call("/-/status")).json()["audit"] == {
        "to": str(path(stage)),
        "lines": 24,
        "waiting": 0,
        "lost": 0,
    }


async def test_no_secret_stands_in_any_line(stage: Stage) -> None:
    """Of all that a client can put into a path, of live tokens, and of what the issuer echoes."""
    await opened(stage, clients=CLIENTS, admin={"key": "the-admin-key-0123"})
    secrets = [SECRET, SHOP, READER, "the-admin-key-0123", *(stage.token(style) for style in ("oauth2", "aiob"))]
    for secret in secrets:
        await stage.call(f"/nowhere/{secret}/x?{secret}")
        await stage.call(f"/oauth2/{secret}", "DELETE", headers={"X-Api-Key": SHOP, "Origin": f"http://{secret}"})
        await stage.call(f"/-/token/{secret}", headers={"X-Api-Key": secret})
        await stage.call("/oauth2/x", headers={"Host": secret})
    stage.sandbox.void()
    await stage.call("/oauth2/echo", headers={"X-Api-Key": SHOP})
    written = path(stage).read_text()
    assert written.count("\n") > 20
    assert "/nowhere/****" in written
    assert [secret for secret in (*secrets, stage.token()) if secret in written] == []


async def test_a_long_path_is_cut_and_a_strange_one_escaped(stage: Stage) -> None:
    await opened(stage)
    await stage.ask("GET /" + "x" * 9000 + " HTTP/1.1")
    await stage.ask('GET /"a\\b HTTP/1.1')
    long, strange = since(stage)
    assert (len(long["path"]), long["path"][-4:]) == (1027, "x...")
    assert strange["path"] == '/"a\\b'
    assert path(stage).read_bytes().isascii()


async def test_what_cannot_be_written_stops_no_request_and_is_said_once(stage: Stage) -> None:
    await opened(stage, audit="folder/audit.jsonl")
    for _ in range(3):
        assert (await stage.call("/nowhere")).status == 404
    assert (await stage.call("/oauth2/echo")).status == 200
    assert stage.log.getvalue().count("the audit log can't be written") == 1
    audited = (await stage.call("/-/status")).json()["audit"]
    assert (audited["lines"], audited["waiting"], audited["lost"]) == (0, 7, 0)
    (stage.folder / "folder").mkdir()
    await stage.call("/nowhere")
    lines = [json.loads(line) for line in (stage.folder / "folder/audit.jsonl").read_bytes().splitlines()]
    assert [line["event"] for line in lines] == ["log_began", *["token_mint"] * 4, *["request_refused"] * 4]
    assert stage.log.getvalue().count("the audit log is written again") == 1


async def test_where_it_is_strict_nothing_is_done_until_lines_can_be_written(stage: Stage) -> None:
    await opened(stage, audit={"file": "folder/audit.jsonl", "strict": True}, clients=CLIENTS)
    key = {"X-Api-Key": SHOP}
    assert (await stage.call("/nowhere", headers=key)).status == 503, "the line of the mint at the start is missing"
    reply = await stage.call("/oauth2/echo", headers=key)
    assert (reply.status, reply.json()["code"]) == (503, "overloaded")
    assert "audit.strict" in reply.json()["detail"]
    assert (await stage.call("/-/token/oauth2", headers={"X-Api-Key": READER})).status == 503
    assert (await stage.call("/-/providers/oauth2/expire", method="POST")).status == 503
    assert (await stage.call("/-/healthz")).status == 200
    assert (await stage.call("/-/status")).json()["audit"]["waiting"] >= 1
    (stage.folder / "folder").mkdir()
    assert (await stage.call("/oauth2/echo", headers=key)).status == 200
    assert (await stage.call("/-/status")).json()["audit"]["waiting"] == 0


# ---------------------------------------------------------------------------------------------- by itself


def audit(folder: Path) -> Audit:
    opened = open_audit(model.Audit(file="log"), folder, clock.now)
    assert opened is not None
    return opened


def test_a_changed_secret_is_told_by_its_name(tmp_path: Path) -> None:
    written = audit(tmp_path)
    written.secret_changed(provider="crm")
    line = json.loads((tmp_path / "log").read_text().splitlines()[1])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert (line["event"], line["provider"], "client" in line) == ("secret_changed", "crm", False)
    written.close()


@pytest.mark.parametrize(
    ("error", "shown"), [("invalid_grant", "invalid_grant"), ("no such user: ann", None), (SECRET, "*" * len(SECRET))]
)
def test_of_an_issuer_only_a_code_is_kept(tmp_path: Path, error: str, shown: str | None) -> None:
    written = audit(tmp_path)
    written.secrets = lambda: [SECRET]
    written.not_minted(["a", "b"], IssuerError(FailureClass.LOGIN, "its words", error=error))
    line = json.loads((tmp_path / "log").read_text().splitlines()[1])
    assert (line["provider"], line["outcome"], line.get("error")) == ("a+b", "login", shown)
    assert "its words" not in (tmp_path / "log").read_text()
    written.close()


def test_a_server_error_is_no_refusal(tmp_path: Path) -> None:
    written = audit(tmp_path)
    written.unreadable("127.0.0.1", Fault("upstream_protocol", "an internal error"))
    written.close()
    assert not (tmp_path / "log").exists()


def test_stdout_is_the_proxys_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A command's own output must stay what it is."""
    out = open_audit(model.Audit(file="stdout"), tmp_path, clock.now)
    assert out is not None
    out.minted(["crm"], 1)
    assert capfd.readouterr().out == ""
    out.started("sha256:", ["127.0.0.1:1"])
    out.close()
    assert [json.loads(line)["event"] for line in capfd.readouterr().out.splitlines()] == [
        "log_began",
        "started",
        "stopped",
    ]


class Disk:
    """Lines that can be written or not."""

    late = 0

    def __init__(self) -> None:
        self.full = True
        self.lines: list[dict[str, Any]] = []

    def append(self, facts: Mapping[str, Any]) -> None:
        if self.full:
            raise OSError(None, "the disk is full")
        self.lines.append(dict(facts))

    def check(self) -> None: ...

    def close(self) -> None: ...


def test_what_cannot_wait_any_longer_is_counted_and_said_where_it_is_missing() -> None:
    disk = Disk()
    written = Audit(disk, clock.now, "a disk")
    for number in range(WAITING + 7):
        written.secret_changed(provider=f"p{number}")
    assert (written.waiting, written.lost, written.written) == (WAITING, 7, 0)
    disk.full = False
    written.secret_changed(provider="last")
    assert [each.get("provider") or each["lost"] for each in disk.lines] == [*(f"p{n}" for n in range(WAITING)), 8]
    written.secret_changed(provider="next")
    assert disk.lines[-1]["provider"] == "next"
    assert (written.waiting, written.lost) == (0, 8)


def test_what_waits_is_written_at_the_end() -> None:
    disk = Disk()
    written = Audit(disk, clock.now, "a disk")
    written.secret_changed(provider="p")
    disk.full = False
    written.close()
    assert [each["provider"] for each in disk.lines] == ["p"]


class Transport:
    def __init__(self, peer: object) -> None:
        self._peer = peer

    def get_extra_info(self, _name: str) -> object:
        return self._peer


@pytest.mark.parametrize(
    ("transport", "peer"),
    [
        (None, "unix"),
        (Transport(None), "unix"),
        (Transport(""), "unix"),
        (Transport(("10.1.2.3", 4)), "10.1.2.3"),
        (Transport(("fe80::1", 4, 0, 0)), "fe80::1"),
    ],
)
async def test_peers(transport: Any, peer: str) -> None:
    sock = Socket(asyncio.get_running_loop(), HEAD)
    sock.transport = transport
    assert (sock.peer or "unix") == peer
