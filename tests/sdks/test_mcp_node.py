"""Node's MCP SDK as a client behind a route; the server is Python's. `make sdks` installs and runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_mcp import log_in, running, server, taken_over
from tests.cli.conftest import Running
from tests.mcp_server import McpServer

__all__ = ["running", "server"]

FOLDER = os.environ.get("KEYLESS_NODE", "")
PROGRAM = Path(__file__).with_name("programs") / "mcp_session.cjs"
PATIENCE = 60.0

pytestmark = pytest.mark.skipif(
    not FOLDER or shutil.which("node") is None, reason="Node's MCP SDK is not installed here: `make sdks` runs this"
)


@contextmanager
def session(url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        ["node", str(PROGRAM), url],
        env={"PATH": os.environ["PATH"], "KEYLESS_NODE": str(Path(FOLDER).resolve())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def last_words(program: subprocess.Popen[str], said: str = "") -> Any:
    out, _ = program.communicate(said, timeout=PATIENCE)
    return json.loads(out.splitlines()[-1])


async def test_a_session_whose_token_dies(server: McpServer, running: Running) -> None:
    log_in(running)
    await taken_over(running)
    with session(f"{running.url}/tools") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        server.kill_tokens()
        told = last_words(program, "go on\n")
    assert told == {"tools": ["add", "announce", "count"], "sums": [3, 7], "steps": [1, 2, 3], "heard": True}
    assert server.people.refreshed == 1
    assert len({call.session for call in server.calls if call.session}) == 1
    assert [call.status for call in server.calls if call.method == "DELETE"] == [200]
    assert {call.status for call in server.calls if call.method == "GET"} == {200}


async def test_before_the_login_it_shows_what_to_do(server: McpServer, running: Running) -> None:
    with session(f"{running.url}/tools") as program:
        told = last_words(program)
    assert "keyless login" in told["error"]
    assert server.seen == []
