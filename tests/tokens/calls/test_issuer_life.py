"""Issuer client, scheme and keeper together, as in service, in front of a sandbox that misbehaves."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator, Callable

import pytest

from proxy import clock
from proxy.auth.life.lifecycle import Lifecycle, Terms
from proxy.auth.schemes import scheme_for
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.errors import Fault
from proxy.sandbox import KEY, SECRET, Sandbox
from proxy.tokens.calls.issuer import Issuer
from proxy.tokens.cell import Cell
from proxy.tokens.keeper import Keeper
from proxy.tokens.mint import Means
from tests.tokens.cells import memory


@pytest.fixture
async def client() -> AsyncIterator[Issuer]:
    async with Issuer(connect_timeout=1.0, total_timeout=2.0) as client:
        yield client


def oauth2(url: str, secret: str = SECRET) -> Callable[[Keeper], Cell]:
    provider = OAuth2Provider(scheme="oauth2", token_url=url, client_id=KEY, client_secret=secret)
    return lambda keeper: keeper.cell(
        "sandbox", scheme_for(provider, frozenset({secret})), lambda: Lifecycle(Terms(), clock.draw)
    )


async def no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"<html><body>Welcome</body></html>", "text/html"),
        (b'{"error": "server_error", "error_description": "try later"}', "application/json"),
        (b'{"access_token": null}', "application/json"),
        (b"[]", "application/json"),
    ],
)
async def test_trap_13_a_200_that_is_no_token_is_a_failure_that_passes(client: Issuer, body: bytes, kind: str) -> None:
    async with Sandbox() as sandbox:
        keeper = Keeper(Means(client, memory(), clock.now, clock.draw, no_pause))
        cell = oauth2(f"{sandbox.url}/oauth2/token")(keeper)
        sandbox.broken_reply, sandbox.broken_type = body, kind
        with pytest.raises(Fault) as caught:
            await cell.token("sandbox")
        assert caught.value.code == "token_unavailable"
        sandbox.broken_reply = None
        await cell.retry()
        assert (await cell.token("sandbox")).generation == 1


async def test_trap_42_an_issuer_that_is_down_at_the_start_and_comes_up(client: Issuer) -> None:
    async with Sandbox() as sandbox:
        await sandbox.stop()
        keeper = Keeper(Means(client, memory(), clock.now, lambda: 0.0, no_pause))
        cell = oauth2(f"{sandbox.url}/oauth2/token")(keeper)
        for cell in keeper:
            cell.warm()
        with pytest.raises(Fault, match="token_unavailable"):
            await cell.token("sandbox")
        await sandbox.start()
        assert cell.life.next_attempt_in(clock.now()) is not None
        cell.life.cleared()
        await cell.token("sandbox")
        assert sandbox.mints["oauth2"] == 1


async def test_trap_26_a_whole_life_at_debug_level_shows_no_secret_token_or_reply(
    client: Issuer, log: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secret, faults = "hush-hush-secret", []
    async with Sandbox() as sandbox:
        sandbox.keys[KEY] = secret
        keeper = Keeper(Means(client, memory(), clock.now, clock.draw, no_pause))
        cell = oauth2(f"{sandbox.url}/oauth2/token", secret)(keeper)
        tokens = [(await cell.token("sandbox")).value]
        sandbox.void()
        assert await cell.renew(1) is not None
        tokens.append((await cell.token("sandbox")).value)
        echo = json.dumps({"error_description": f"who is {secret} with {tokens[1]}?", "more": "the-body"}).encode()
        for down in (True, "close", 429, 401):
            sandbox.issuer_down = down
            cell.life.expired()
            faults.append(await _fault(cell))
            cell.life.cleared()
        sandbox.issuer_down, sandbox.broken_reply = False, echo
        faults.append(await _fault(cell))
    said = log.getvalue() + caplog.text + "".join(faults)
    assert said.count("token not minted") == 5
    for hidden in (secret, *tokens, "the-body", b64encode(f"{KEY}:{secret}".encode()).decode()):
        assert hidden not in said


async def _fault(cell: Cell) -> str:
    with pytest.raises(Fault) as caught:
        await cell.token("sandbox")
    return "".join(traceback.format_exception(caught.value)) + json.dumps(caught.value.problem())


LATE = """
import asyncio, resource
from proxy.errors import IssuerError
from proxy.tokens.calls.issuer import Issuer

async def main():
    issuer, before = Issuer(), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        await issuer.ready()
    except IssuerError as error:
        print(error.ours.code)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    await issuer.ready()
    print("ready")

asyncio.run(main())
"""


def test_a_client_that_can_not_be_imported_for_want_of_descriptors_is_our_lack_and_passes() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines()[-2:], done.stderr) == (["overloaded", "ready"], "")
