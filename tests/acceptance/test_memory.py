"""No object of ours shows a secret, however it's asked to describe itself: not to a log, nor to a crash report."""

from __future__ import annotations

import asyncio
import gc
import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

import proxy
from proxy.config.load import load
from proxy.config.model import Log
from tests.acceptance.canaries import forms
from tests.acceptance.test_canary import ECHOING, Cage, caged
from tests.raw import PATIENCE, Wire


def ours() -> Iterator[Any]:
    gc.collect()
    for each in gc.get_objects():
        module = str(type(each).__module__)
        if module.startswith("proxy.") and not module.startswith("proxy.sandbox"):
            yield each


def descriptions(each: Any) -> Iterator[str]:
    yield repr(each)
    yield f"{each}"
    yield f"{each!s:>5}" if not isinstance(each, tuple) else str(each)
    if isinstance(each, BaseException):
        yield repr(each.args)


async def test_nothing_of_a_running_proxy_shows_a_secret(tmp_path: Path) -> None:
    async with caged(tmp_path, Log(level="error"), io.StringIO()) as cage:
        held = [asyncio.create_task(ask(cage, name)) for name in ECHOING]
        await asyncio.gather(*held)
        wire = await under_way(cage, "signed")
        loaded = load(tmp_path / "config.yaml", environ={})
        found = list(ours())
        kinds = {type(each).__qualname__ for each in found}
        leaks = {(type(each).__qualname__, *shown(cage, each)) for each in found if shown(cage, each)}
        wire.abort()
    assert leaks == set()
    wanted = {
        "Service",
        "Token",
        "Rendered",
        "Call",
        "Exchange",
        "Reply",
        "Plan",
        "ProviderPlan",
        "RoutePlan",
        "Loaded",
    }
    assert kinds >= wanted | {"OAuth2Scheme", "LoginScheme", "StaticScheme", "Signer", "Config", "Needles", "Injection"}
    del loaded


async def under_way(cage: Cage, name: str) -> Wire:
    """The client's end of an exchange that waits for its API."""
    wire = await Wire.connect("127.0.0.1", int(cage.authority.rpartition(":")[2]))
    key = cage.book.secrets["app"][0]
    await wire.send(f"GET /{name}/never HTTP/1.1\r\nHost: {cage.authority}\r\nX-Api-Key: {key}\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        while b"/never" not in b"".join(cage.book.seen[f"api {name}"]):  # noqa: ASYNC110 -- nothing sets an event
            await asyncio.sleep(0)
    return wire


async def ask(cage: Cage, name: str) -> None:
    how = "POST" if name in ("json", "form") else "GET"
    await cage.ask(f"{how} /{name}/json", body=b"" if how == "GET" else b"{}" if name == "json" else b"a=1")


def shown(cage: Cage, each: Any) -> list[str]:
    """Which secrets it tells, in any form."""
    texts = [text.encode() for text in descriptions(each)]
    secrets = [(owner, secret) for owner, several in cage.book.secrets.items() for secret in several]
    escaped = [(owner, [*forms(secret), repr(secret)[1:-1].encode()]) for owner, secret in secrets]
    return sorted({owner for owner, spelled in escaped for form in spelled for text in texts if form in text})


CANARY = "zQ7x-a-canary-for-every-field"
_TELLING = re.compile(
    r"secret|token$|password|credential|code$|verifier|state$|headers?$|fields|body|document|hidden|value|basic|"
    r"reply|query|cookie|form$|path$|upstream|default|key$"
)
_PUBLIC = {
    *("Injection.query_names", "Injection.cookie_names", "Injection.form_fields"),
    *("Injection.needs_body", "_Member.key", "_Member.value", "Rule.headers", "Rule.body", "Refusals.reads_body"),
    *("Located.reply", "ReplyReader.token", "ReplyReader.refresh_token", "Conditions.values", "Device.user_code"),
    *("Endpoints.token", "Grant.fields", "Tls.key", "Denied.code", "Expanded.secret", "Listener.path", "Problem.path"),
    *("StandInPlan.path", "StandInPlan.reply", "RoutePlan.request_headers", "RoutePlan.reply_headers"),
    *("Limit.key", "Opened.path", "Pem.key", "Shown.fields"),  # of a counter, a certificate, files
    *("ProviderReport.state", "Held.state", "RouteReport.upstream"),  # as `/-/status` shows them, without queries
    *("Names.headers", "Names.query", "Names.cookies", "Start.path", "News.secrets", "Lasting.upstream", "Renew.token"),
    *("Signing.needs_body", "Algorithm.query", "Family.secret", "Family.token"),  # a vendor's words
    *("ReplyReader.form", "KeptReader.form", "FileRequest.path"),  # json or xml, and where; a credential file's name
    *("Minted.upstream", "Token.upstream", "Record.upstream", "ProviderReport.upstream"),  # host and path, as shown
    *("Latency.path", "Latency.upstream", "Minute.upstream", "RouteReading.upstream"),  # of a drawing; seconds
    *("Row.upstream", "TokenReading.state", "Call.path"),  # as `/-/status` shows them; a preset's harmless call
    *("ReplyReader.upstream", "Signing.beside_token"),  # where in a reply; yes or no
    *("RoutePlan.reply_edited", "RoutePlan.replay_max_body", "RoutePlan.cookies", "Plan.max_body"),
}
"""Names and places of things, not what is in them; rules; words for people; and what hides itself."""


def shapes() -> Iterator[tuple[str, Any]]:
    """Every record type of ours, filled with canaries where its fields' names say that it holds something."""
    for module in pkgutil.walk_packages(proxy.__path__, "proxy."):
        if not module.name.startswith(("proxy.sandbox", "proxy.__main__")):
            for kind in vars(importlib.import_module(module.name)).values():
                if isinstance(kind, type) and kind.__module__ == module.name:
                    yield from shape(kind)


def shape(kind: type) -> Iterator[tuple[str, Any]]:
    if is_dataclass(kind):
        names = [each.name for each in fields(kind)]
    else:
        names = list(cast("Any", kind)._fields) if issubclass(kind, tuple) else []
    for name in names:
        if _TELLING.search(name) and f"{kind.__qualname__}.{name}" not in _PUBLIC:
            if is_dataclass(kind):
                each = object.__new__(kind)
                for other in names:
                    object.__setattr__(each, other, CANARY if other == name else None)
            else:
                each = cast("Any", kind)._make(CANARY if other == name else None for other in names)
            yield f"{kind.__qualname__}.{name}", each


def test_no_record_shows_what_its_fields_hold() -> None:
    showing = set()
    for name, each in shapes():
        with suppress(AttributeError, TypeError):  # a repr of its own that needs more than this
            if CANARY in repr(each) or CANARY in f"{each}":
                showing.add(name)
    assert showing == set()
