"""MCP servers behind a route: the SDKs as clients, and a server of the SDK that checks tokens (docs/mcp.md)."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from mcp import Client, MCPError
from mcp_types import ToolListChangedNotification

from tests.cli.conftest import Running, keyless, process, proxy
from tests.mcp_server import McpServer, serving

BROWSER = f'{sys.executable} -c "import sys, urllib.request as u; u.urlopen(sys.argv[1]).read()" %s'
"""Follows redirects, and that is all that it takes."""
PATIENCE = 20.0


@pytest.fixture
def server() -> Iterator[McpServer]:
    with serving() as server:
        yield server


@pytest.fixture
def running(server: McpServer, tmp_path: Path) -> Iterator[Running]:
    """With `store: memory`."""
    providers = {"tools": {"use": "mcp", "url": f"{server.url}/mcp"}}
    with proxy(tmp_path, providers=providers, routes={"/tools": "tools"}) as running:
        yield running


def log_in(running: Running, who: str = "/tools") -> str:
    with process("login", who, "-c", running.config, BROWSER=BROWSER) as started:
        done = started.end()
    assert (done.code, done.out.splitlines()[0]) == (0, "tools: logged in"), done
    return done.out + done.err


async def taken_over(running: Running, route: str = "/tools") -> None:
    """By the running proxy, by itself."""
    async with aiohttp.ClientSession() as http:
        async with asyncio.timeout(PATIENCE):
            while True:
                async with http.post(running.url + route, json={}) as reply:
                    if reply.status != 424:
                        return
                await asyncio.sleep(0.05)


def test_one_login_registers_a_client_and_keeps_it_sealed(server: McpServer, running: Running) -> None:
    said = log_in(running)
    assert "`store: memory` keeps nothing, so this login is kept in " in said
    (client,) = server.registered
    assert client.client_name == "Keyless"
    assert str((client.redirect_uris or ())[0]).startswith("http://127.0.0.1:")
    (token,) = server.people.tokens.values()
    assert (token.resource, token.scopes) == (f"{server.url}/mcp", ["use"])
    assert not [secret for secret in server.secrets if secret in said]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_session_of_the_python_sdk_needs_no_oauth(server: McpServer, running: Running, mode: Any) -> None:
    await asyncio.to_thread(log_in, running)
    await taken_over(running)
    steps: list[float] = []

    async def progress(step: float, _total: float | None, _message: str | None) -> None:
        steps.append(step)

    async with Client(f"{running.url}/tools", mode=mode) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {"add", "count", "announce"}
        first = await client.call_tool("add", {"a": 1, "b": 2})
        server.kill_tokens()
        second = await client.call_tool("add", {"a": 3, "b": 4})
        counted = await client.call_tool("count", {"to": 3}, progress_callback=progress)
    assert [first.structured_content, second.structured_content] == [{"result": 3}, {"result": 7}]
    assert (counted.is_error, steps) == (False, [1, 2, 3])
    assert server.people.refreshed == 1
    assert len(server.registered) == 1
    assert 401 in [call.status for call in server.calls], "it died in mid-session"
    assert all(call.headers["authorization"].startswith("Bearer access-") for call in server.calls[2:])


@pytest.mark.parametrize("workers", [2])
async def test_several_workers_have_one_login(server: McpServer, tmp_path: Path, workers: int) -> None:
    providers = {"tools": {"use": "mcp", "url": f"{server.url}/mcp"}}
    with proxy(tmp_path, providers=providers, routes={"/tools": "tools"}, workers=workers) as running:
        await asyncio.to_thread(log_in, running)
        await taken_over(running)
        server.kill_tokens()
        for _ in range(4):
            async with Client(f"{running.url}/tools", mode="legacy") as client:
                assert (await client.call_tool("add", {"a": 1, "b": 2})).structured_content == {"result": 3}
    assert server.people.refreshed == 1


async def test_the_page_of_the_docs_is_so(server: McpServer, tmp_path: Path) -> None:
    """Its first config, its commands and its program, with this server's URL and a free port."""
    page = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text("utf-8")
    config, commands, program = (
        re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in ("yaml", "console", "python")
    )
    assert commands == "$ keyless login /notes\n$ keyless run\n"
    written = yaml.safe_load(config.replace("https://mcp.example.com", server.url))
    with proxy(tmp_path, **written) as running:
        with process("login", "/notes", "-c", running.config, BROWSER=BROWSER) as started:
            assert (await asyncio.to_thread(started.end)).code == 0
        await taken_over(running, "/notes")
        source = program.replace("http://127.0.0.1:8080", running.url)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", source],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.stdout, done.returncode) == ("['add', 'announce', 'count']\n", 0), done.stderr


async def test_its_session_its_stream_and_its_end(server: McpServer, running: Running) -> None:
    await asyncio.to_thread(log_in, running)
    await taken_over(running)
    heard = asyncio.Event()

    async def hear(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            heard.set()

    async with Client(f"{running.url}/tools", mode="legacy", message_handler=hear) as client:
        await client.call_tool("add", {"a": 1, "b": 2})
        server.kill_tokens()
        async with asyncio.timeout(PATIENCE):
            while not heard.is_set():  # until the stream is open there is nobody to tell
                await client.call_tool("announce", {})
                await asyncio.sleep(0.05)
    sessions = {call.session for call in server.calls if call.session}
    assert len(sessions) == 1, "the token that died took no session with it"
    ended = [(call.method, call.status) for call in server.calls if call.method in ("GET", "DELETE")]
    assert ended == [("GET", 200), ("DELETE", 200)]


async def test_before_the_login_the_client_is_told_and_does_not_log_in_itself(
    server: McpServer, running: Running
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(MCPError, match="keyless login"), flatten_subgroups=True):
        async with Client(f"{running.url}/tools", mode="legacy"):
            pass
    assert server.seen == []


async def test_a_login_that_has_ended_is_a_424_without_a_challenge(server: McpServer, running: Running) -> None:
    await asyncio.to_thread(log_in, running)
    await taken_over(running)
    server.people.tokens.clear()
    server.people.refresh_tokens.clear()
    async with aiohttp.ClientSession() as http, http.post(f"{running.url}/tools", json={}) as reply:
        told = await reply.json(content_type=None)
    assert (reply.status, "WWW-Authenticate" in reply.headers) == (424, False)
    assert (told["code"], "keyless login" in told["message"]) == ("login_required", True)


async def test_a_token_that_is_refused_twice_is_a_424_too(server: McpServer, running: Running) -> None:
    await asyncio.to_thread(log_in, running)
    await taken_over(running)
    server.people.lifetime = -1  # what it gives from now on is dead
    server.kill_tokens()
    async with aiohttp.ClientSession() as http, http.post(f"{running.url}/tools", json={}) as reply:
        told = await reply.json(content_type=None)
    assert (reply.status, "WWW-Authenticate" in reply.headers) == (424, False)
    assert reply.headers["X-Should-Retry"] == "false"
    assert told["provider"] == "tools"


async def test_logging_out_revokes_both_tokens(server: McpServer, running: Running) -> None:
    await asyncio.to_thread(log_in, running)
    done = await asyncio.to_thread(keyless, "logout", "/tools", "-c", running.config)
    assert (done.code, done.out.strip()) == (0, "tools: logged out, the tokens are removed and revoked"), done
    assert server.secrets == [] or not (server.people.tokens or server.people.refresh_tokens)
