"""Runs one SDK through the proxy: with a client key, without one, and against a route whose secret is missing.

Owns: the proxy and the API on loopback, and the program with the SDK. Must not know: which SDKs there are, what was
seen before.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import json
import os
import re
import signal
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import Any, NamedTuple

from proxy.config.model.client import new_key
from tests.conftest import Stage, staged
from tests.raw import Message, RawApi, Wire
from tests.sdks.rows import NO_END, REAL, REAL_ID, SOLD, UNSET, Row, Seen, answer, provider, upstream
from tests.sdks.test_own_address import free_address, given, own_url
from tests.wire.outbound.test_dial import Names

SDKS = Path(os.environ.get("KEYLESS_SDKS", "/nowhere/bin/python")).absolute().parents[1]
NODE = os.environ.get("KEYLESS_NODE", "")
"""A folder with `node_modules`: modules of Node are looked for from where it runs."""
CALLS = Path(__file__).with_name("calls")
PATIENCE = 60.0
MADE_UP = "kls_made_up_key_that_is_longer_than_forty_characters"
_REFUSED = re.compile(r"^\S+ +\w+ +\S+ \S+ 424 ", re.MULTILINE)


class Run(NamedTuple):
    """What the program said of its call, what reached the API, and how often the proxy said 424."""

    told: dict[str, Any]
    arrived: list[Message]
    refused: int


class NotInstalled(Exception):  # noqa: N818 -- it says what is the case
    """The SDK can't be imported."""


async def seen(row: Row) -> Seen:
    """Raises NotInstalled."""
    keyed = await ran(row, key=new_key(), clients=True)
    open_ = keyed if works(row, keyed) else await ran(row, key=MADE_UP)
    unset = await ran(row, key=MADE_UP, secret=UNSET)
    asked = [" ".join(message.start.partition("?")[0].split(" ")[:2]) for message in open_.arrived]
    said = unset.told
    return Seen(
        works=works(row, open_),
        client_key=works(row, keyed),
        asked=sorted(set(asked)),
        text="yes" if "NOT_SET_HERE" in said["said"] else "above" if "NOT_SET_HERE" in said["above"] else "no",
        raised=said["raised"],
        tries=unset.refused,
        seconds=said["seconds"],
        trouble=f"{open_.told['raised']}: {open_.told['said'][:200]}" if open_.told["raised"] else "",
    )


def works(row: Row, run: Run) -> bool:
    """Something arrived, and all of it with the provider's credential and without the client's."""
    if row.answers and run.told["raised"]:
        return False
    texts = [_text(message) for message in run.arrived]
    return bool(texts) and all((REAL in text or REAL_ID in text) and "kls_" not in text for text in texts)


def _text(message: Message) -> str:
    """With what stands in Basic opened."""
    text = f"{message.start}\n{message.headers}\n{message.body.decode('latin-1')}"
    for word in re.findall(r"Basic ([\w+/=]+)", text):
        try:
            text += base64.b64decode(word).decode("latin-1")
        except binascii.Error:
            continue
    return text


async def ran(row: Row, key: str, secret: str = REAL, *, clients: bool = False) -> Run:
    log = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="kls-sdk-") as folder:
        async with staged(Path(folder)) as stage:
            api = await _served(stage, row)
            with redirect_stderr(log):  # where the lines of requests go
                url = await _opened(stage, row, api, secret, [{"name": "app", "key": key}] if clients else [])
            told = await called(row, url, key, given(stage) if row.tls else {})
    return Run(told, api.requests, len(_REFUSED.findall(log.getvalue())))


async def _served(stage: Stage, row: Row) -> RawApi:
    async def play(wire: Wire) -> None:
        while True:
            request = await wire.message()
            api.record(request)
            await wire.send(answer(row, request.target, int(api.url.rpartition(":")[2])))

    api = await stage.playing(play)
    return api


async def _opened(stage: Stage, row: Row, api: RawApi, secret: str, clients: list[dict[str, Any]]) -> str:
    """The address of the row's route."""
    sold = json.dumps(SOLD).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(sold)
    issuer = await stage.api(head + sold)
    stage.resolve = Names("127.0.0.1")
    route = {"provider": "vendor", "upstream": upstream(row, int(api.url.rpartition(":")[2]))}
    route |= {"plain_http": True, "private": True} | row.route
    if row.alone:
        route["listen"] = free_address()
    listen = ["http://127.0.0.1:0", *(["https://127.0.0.1:0"] if row.tls else [])]
    more = {"tls": "local"} if row.tls else {}
    await stage.open(
        {row.prefix: route, "/other": {"upstream": "http://127.0.0.1:9", "provider": "none"}},
        providers={"vendor": provider(row, f"{issuer.url}/token", secret)},
        listen=listen,
        clients=clients,
        **more,
    )
    if row.alone:
        return own_url(stage)
    return f"{stage.service.doors[1].listener.url if row.tls else stage.url}{row.prefix}"


async def called(row: Row, url: str, key: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Raises NotInstalled."""
    with tempfile.TemporaryDirectory(prefix="kls-sdk-", ignore_cleanup_errors=True) as home:
        own = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        own |= {name: text.replace("{host}", url.partition("://")[2]) for name, text in row.environ.items()}
        where = str(Path(NODE).absolute()) if row.language == "node" else home
        out, wrong = await _finished([*_command(row), row.name, url, key], own | dict(environ), where)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        wrong = f"{out}\n{wrong}"
        if "ModuleNotFoundError" in wrong or "No such file" in wrong or "Cannot find" in wrong:
            raise NotInstalled(wrong[-300:])
        return {"said": "", "raised": NO_END, "above": wrong, "seconds": PATIENCE}
    told = json.loads(lines[-1])
    if told["raised"] == "ModuleNotFoundError":
        raise NotInstalled(told["said"])
    return dict(told | {"above": told["above"] + wrong})


def _command(row: Row) -> list[str]:
    if row.language == "node":
        return ["node", "--input-type=module", "--eval", (CALLS / "calls.mjs").read_text("utf-8"), "--"]
    return [str((SDKS / "apart" / row.venv if row.venv else SDKS) / "bin" / "python"), str(CALLS)]


async def _finished(command: list[str], environ: dict[str, str], where: str) -> tuple[str, str]:
    """What it wrote; with what it has started it is ended after PATIENCE."""
    pipe = asyncio.subprocess.PIPE
    how = {"stdin": asyncio.subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, "start_new_session": True}
    try:
        program = await asyncio.create_subprocess_exec(*command, env=environ, cwd=where, **how)
    except FileNotFoundError as error:
        raise NotInstalled(str(error)) from None
    ended = asyncio.create_task(program.communicate())
    try:
        await asyncio.wait((ended,), timeout=PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
    out, wrong = await ended
    return out.decode(errors="replace"), wrong.decode(errors="replace")
