"""The canary: known secrets in every place, everyone tells all they know, and every byte that leaves is looked at."""

from __future__ import annotations

import asyncio
import io
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlencode

import pytest
import yaml

from proxy.admin.dashboard.pages import BOARDS
from proxy.app import Service
from proxy.config.load import load
from proxy.config.model import Log
from proxy.logs import setup
from tests.acceptance import canaries
from tests.acceptance.canaries import REPLIES, Book
from tests.cli.conftest import keyless
from tests.raw import Play, RawApi, Wire
from tests.traces.collector import Received, collector

HEADER, QUERY = {"header": {"X-Token": "{token}", "X-Session": "{reply.session}"}}, {"query": {"t": "{token}"}}
HOW = [*REPLIES, "dribble"]
FAILING = ("wrong", "coded", "login", "down", "nonsense", "moved")


def providers(book: Book, issuer: str) -> dict[str, Any]:
    """Every scheme, every place for a credential, every place for a secret."""

    def new(owner: str, marks: str = "/+=&%<\"'\\é") -> str:
        return book.new(owner, marks)

    def oauth2(owner: str, how: str = "good", **more: Any) -> dict[str, Any]:
        return {"scheme": "oauth2", "token_url": f"{issuer}/{owner}/{how}", "client_id": "a-public-id"} | more

    def login(owner: str, how: str = "good", **request: Any) -> dict[str, Any]:
        reply = {"expires_in": "expires_in", "error": "message"}
        return {"scheme": "login", "request": {"url": f"{issuer}/{owner}/{how}", **request}, "reply": reply}

    return {
        "header": oauth2("header", client_secret=new("header"), params={"api_key": new("header")}, inject=HEADER),
        "query": login("query", json={"deep": {"secretKey": new("query")}}) | {"inject": QUERY},
        "cookie": {"scheme": "static", "token": new("cookie", "/+=%&"), "inject": {"cookie": {"sid": "{token}"}}},
        "json": oauth2("json", client_auth="post", client_secret=new("json"), grant="password", username="ann")
        | {"password": new("json"), "inject": {"json": {"auth.token": "{token}"}}},
        "form": login("form", form={"secret": new("form")}, headers={"X-Key": new("form", "/+=&%<")})
        | {"inject": {"form": {"token": "{token}"}}},
        "path": {"scheme": "static", "token": new("path", "/+=&%<")},
        "basic": {"scheme": "static", "username": "ann", "password": new("basic")},
        "signed": oauth2("signed", client_auth="client_secret_jwt", client_secret=new("signed", "/+=%" * 4)),
        "refresh": oauth2("refresh", grant="refresh_token", client_secret=new("refresh"), refresh_token=new("refresh")),
        "asleep": {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"},
        **{
            how: login(how, how, query={"secret": new(how, "-" if how == "coded" else "/+=&%<")})
            for how in FAILING
            if how != "login"
        },
        "login": oauth2(
            "login", "login", grant="refresh_token", client_secret=new("login"), refresh_token=new("login")
        ),
    }


ECHOING = ("header", "query", "cookie", "json", "form", "path", "basic", "signed", "refresh")


@dataclass
class Cage:
    """A proxy among those who tell all. `out` is every byte that left it but for issuers and APIs."""

    book: Book
    folder: Path
    service: Service
    authority: str
    collected: Received
    out: list[tuple[str, bytes]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)

    async def ask(
        self, start: str, *headers: str, body: bytes = b"", key: str | None = "app", raw: bytes = b""
    ) -> bytes:
        """One request on a connection of its own, to its end. Everything that comes back is kept."""
        wire = await Wire.connect("127.0.0.1", int(self.authority.rpartition(":")[2]))
        given = [] if key is None else [f"X-Api-Key: {self.book.secrets[key][0]}"]
        host = () if any(line.startswith("Host:") for line in headers) else (f"Host: {self.authority}",)
        framing = (f"Content-Length: {len(body)}",) if body else ()
        upgrading = any(line.startswith("Upgrade:") for line in headers)
        lines = (f"{start} HTTP/1.1", *host, *given, *headers, *framing, *(() if upgrading else ("Connection: close",)))
        await wire.send(raw or "\r\n".join((*lines, "", "")).encode() + body)
        came = await wire.rest()
        await wire.close()
        self.out.append((start, came))
        for line in came.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n"):
            if line.startswith("X-Keyless-Error: "):
                self.codes.add(line.removeprefix("X-Keyless-Error: "))
        return came

    @property
    def key(self) -> str:
        return self.book.secrets["app"][0]

    async def press(self, page: str, *headers: str, **form: str) -> bytes:
        """The button of a page, as a browser does."""
        shown = await self.ask("GET /-/try", HTML, *headers, key=None)
        button = re.search(rb'data-button="([0-9a-f]+)"', shown)
        assert button is not None, shown
        body = urlencode({**form, "button": button[1].decode()}).encode()
        kind = "Content-Type: application/x-www-form-urlencoded"
        return await self.ask(f"POST /-/{page}", HTML, kind, *headers, body=body, key=None)

    async def hear(self, start: str, *headers: str) -> bytes:
        """The first event of a stream."""
        port = int(self.authority.rpartition(":")[2])
        wire = Wire(*await asyncio.open_connection("127.0.0.1", port, limit=2**20))  # the backlog is one event
        await wire.send("\r\n".join((f"{start} HTTP/1.1", f"Host: {self.authority}", *headers, "", "")).encode())
        came = await wire.until(b"\nevent: ") + await wire.until(b"\n\n")
        await wire.close()
        self.out.append((start, came))
        return came.partition(b"\nevent: ")[2]


@asynccontextmanager
async def caged(folder: Path, log: Log, said: io.StringIO) -> AsyncIterator[Cage]:
    book = Book()
    async with AsyncExitStack() as stack:

        async def listening(play: Callable[[Wire], object]) -> str:
            return (await stack.enter_async_context(RawApi(cast("Play", play)))).url

        written = config(book, await listening(canaries.issuer(book)), log)
        for name in ECHOING:
            url = await listening(canaries.api(book, name))
            written["routes"][f"/{name}"] = {
                "upstream": url + ("/bot{token}" if name == "path" else ""),
                "provider": name,
                "cache": {"methods": ["GET", "POST"]},
            }
        written["routes"]["/header"]["timeout"] = {"head": 0.2}
        written["routes"]["/limited"] = written["routes"]["/header"] | {"methods": ["GET"], "paths": ["/json"]}
        collected = await stack.enter_async_context(collector())
        written["trace"] = collected.url
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(written), encoding="utf-8")
        setup.configure(log, said)
        service = await stack.enter_async_context(Service(load(path, environ={})))
        authority = (await service.listen())[0].url.removeprefix("http://")
        yield Cage(book, folder, service, authority, collected)


def config(book: Book, issuer: str, log: Log) -> dict[str, Any]:
    known = providers(book, issuer)
    failing = {f"/{name}": {"upstream": "http://127.0.0.1:1", "provider": name} for name in (*FAILING, "asleep")}
    clients = [
        {"name": "app", "key": book.new("app", "-")},
        {"name": "few", "key": book.new("few", "-"), "methods": ["GET"], "routes": ["/json"]},
        {"name": "reader", "key": book.new("reader", "-"), "read_tokens": ["header"]},
    ]
    return {
        "listen": "127.0.0.1:0",
        "providers": known,
        "routes": {
            **failing,
            "/dark": {"upstream": "http://127.0.0.1:1/x?key=" + book.new("dark", "-"), "provider": "basic"},
        },
        "clients": clients,
        "admin": {"key": book.new("admin", "-")},
        "store": "file:store",
        "store_key": [book.new("store", "-")],
        "limits": {"max_body": 4096, "max_header": 4096},
        "log": {"level": log.level, "format": log.format},
    }


# ---------------------------------------------------------------------------------------------- what is asked


async def every_echo(cage: Cage) -> None:
    """Each provider's API tells its secrets in each way; refusals are renewed and replayed on the way."""
    form = ("Content-Type: application/x-www-form-urlencoded",)
    for name in ECHOING:
        for how in HOW:
            if how == "ws":
                upgrade = (
                    "Connection: Upgrade",
                    "Upgrade: websocket",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: x",
                )
                came = await cage.ask(f"GET /{name}/ws", *upgrade)
                assert came.startswith(b"HTTP/1.1 101") or name in ("json", "form"), came
            elif name in ("json", "form"):
                await cage.ask(
                    f"POST /{name}/{how}", *(form if name == "form" else ()), body=b"a=1" if name == "form" else b"{}"
                )
            else:
                await cage.ask(f"GET /{name}/{how}?a=1")


async def every_error(cage: Cage) -> None:
    for name in (*FAILING, "asleep", "dark"):
        await cage.ask(f"GET /{name}/x")
    await cage.ask("GET /header/never")
    await cage.ask("GET /nowhere")
    await cage.ask("GET /json/x", key=None)
    await cage.ask("GET /json/x", "Host: evil.test")
    await cage.ask("GET /json/x", "Origin: http://evil.test")
    await cage.ask("POST /json/x", key="few")
    await cage.ask("GET /limited/other")
    await cage.ask("POST /limited/json")
    await cage.ask("TRACE /header/json")
    await cage.ask("GET /json/../x")
    await cage.ask("POST /json/x", body=b"[" * 5000)
    await cage.ask("POST /json/x", body=b"no json")
    await cage.ask("POST /json/x", "Content-Encoding: br", body=b"{}")
    await cage.ask("GET /json/x", "X-Long: " + "x" * 9000)
    await cage.ask("garbage", raw=b"\x16\x03\x01 no http\r\n\r\n")


REACHED = {
    *("bad_request", "client_key_required", "host_refused", "origin_refused", "route_refused", "path_refused"),
    *(
        "no_route",
        "method_refused",
        "body_too_large",
        "coding_refused",
        "header_too_large",
        "credential_refused",
        "login_required",
    ),
    *("upstream_unreachable", "upstream_protocol", "upstream_timeout", "token_unavailable", "provider_unconfigured"),
}


async def every_page(cage: Cage) -> None:
    for page in (
        "healthz",
        "readyz",
        "readyz/header",
        "status",
        "metrics",
        "",
        "nothing",
        "token/header",
        "token/wrong",
    ):
        for key in ("admin", "app", None):
            await cage.ask(f"GET /-/{page}", key=key)
    for name in (*ECHOING, *FAILING, "asleep", "nobody"):
        if name != "down":  # it takes three seconds to fail; it did so at the start
            for action in ("expire", "refresh"):
                await cage.ask(f"POST /-/providers/{name}/{action}", key="admin")
    await cage.ask("GET /-/status", key="admin")


HTML = "Accept: text/html"
OPEN_METRICS = "Accept: application/openmetrics-text;version=1.0.0"


async def every_board(cage: Cage) -> None:
    """Each page for people, by who has signed in: what it hears, timelines, what was tried, both scrapes."""
    operator = await signed_in(cage)
    for board in BOARDS:
        shown = await cage.ask(f"GET /-/{board.PATH}", HTML, operator, key=None)
        assert f"<h1>{board.title}</h1>".encode() in shown, shown
        if board.every is not None:
            heard = await cage.hear(f"GET /-/stream/{board.name}", operator)
            assert heard.startswith(b"backlog" if board.name == "live" else b"middle"), heard[:80]
            assert board.name != "live" or b'"spans"' in heard, "of each its timeline"
    for route in [*ECHOING, "dark", "asleep"]:
        assert f"/{route}".encode() in await cage.ask(f"GET /-/setup?route=/{route}", HTML, operator, key=None)
    for name in ECHOING:
        for how in ("headers", "json", "401"):
            tried = await cage.press("try", operator, method="POST", path=f"/{name}/{how}", key=cage.key, body="{}")
            assert b"***" in tried, tried
    for accept in ("Accept: text/plain", OPEN_METRICS):
        told = await cage.ask("GET /-/metrics", accept, operator, key=None)
        assert b"keyless_requests_total{" in told
        assert (b"# EOF" in told) == (accept == OPEN_METRICS)


async def signed_in(cage: Cage) -> str:
    """The operator's cookie: a secret, too."""
    cookie = re.search(rb"Set-Cookie: ([^;]+)", await cage.press("login", key=cage.book.secrets["admin"][0]))
    assert cookie is not None
    cage.out.pop()
    value = cookie[1].decode()
    cage.book.secrets["pass"].append(value.partition("=")[2])
    return f"Cookie: {value}"


def every_command(cage: Cage) -> None:
    path = str(cage.folder / "config.yaml")
    tellers = [["check"], ["presets"], ["presets", "baidu-qianfan"], ["schema"], ["status"], ["store", "list"]]
    for name in ECHOING:
        tellers += [["explain", "GET", f"/{name}/json?x=1"], ["token", name], ["token", name, "--dry-run"]]
    tellers += [["token", name] for name in ("wrong", "coded", "login", "moved", "asleep")]
    tellers += [["call", "GET", "/cookie/headers", "-i"], ["call", "GET", "/basic/json", "-i"], ["expire", "header"]]
    for words in tellers:
        for more in ([], ["--json"]):
            done = keyless(*words, *(more if words[0] != "call" else []), "-c", path)
            assert done.out or done.err, words
            cage.out.append((" ".join(words), (done.out + done.err).encode()))


# ---------------------------------------------------------------------------------------------- what is found


def assert_quiet(cage: Cage, said: str) -> None:
    leaks = {start: found for start, came in cage.out if (found := cage.book.traces(came))}
    assert leaks == {}
    assert cage.book.traces(said.encode()) == {}
    for file in cage.folder.rglob("*"):
        if file.is_file() and file.name != "config.yaml":
            assert cage.book.traces(file.read_bytes()) == {}, file


def assert_each_knows_only_its_own(cage: Cage) -> None:
    """An API gets its provider's credential, not what is behind it; an issuer its client's secret and no more."""
    book = cage.book
    for place, seen in book.seen.items():
        owner = place.partition(" ")[2]
        others = [other for other in book.secrets if other != owner]
        assert book.traces(b"\n".join(seen), others) == {}, place
    for name in ("header", "query", "json", "form", "signed", "refresh"):
        behind = Book()
        behind.secrets["it"] = book.secrets[name][: 1 + (name in ("header", "json", "form", "refresh"))]
        assert behind.traces(b"\n".join(book.seen[f"api {name}"])) == {}, name


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_secret_leaves_but_to_whom_it_belongs(
    tmp_path: Path, form: Literal["text", "json"], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """At the level that says most; those above it say a part of that."""
    log, said = Log(level="debug", format=form), io.StringIO()
    caplog.set_level(logging.DEBUG)
    with redirect_stderr(said):
        async with caged(tmp_path, log, said) as cage:
            await every_echo(cage)
            await every_page(cage)
            await every_error(cage)
            await every_board(cage)
            if form == "text":
                await asyncio.to_thread(every_command, cage)
            handed = await cage.ask("GET /-/token/header", key="reader")
            assert cage.book.traces(handed, ["header"]) != {}, "the nose works, and who may have a token gets it"
            cage.out.pop()
    out, err = capfd.readouterr()
    traced = cage.collected.raw.decode("utf-8", "replace")
    assert "/limited" in traced
    assert_quiet(cage, said.getvalue() + caplog.text + out + err + traced)
    assert_each_knows_only_its_own(cage)
    assert list(tmp_path.glob("store/cache/*.reply")), "replies were kept, in files that hold nothing in the clear"
    assert cage.codes >= REACHED
    assert cage.book.mints > len(ECHOING)
