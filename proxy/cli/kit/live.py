"""A preset's harmless call, sent through the real request path: does the API take the credential?

Owns: the call, and the words for what came of it. Must not know: how requests are forwarded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from proxy.app import Service
from proxy.auth.refusal.refusal import Refusals, Verdict
from proxy.auth.schemes import Provider
from proxy.cli.kit.progress import Progress
from proxy.cli.kit.standby import standing_by
from proxy.config.loaded import Loaded
from proxy.config.model import Browser, Log
from proxy.library.inside import BASE, inside

_ENOUGH = 64 * 1024
"""Of the reply; refusals show at its beginning."""
_PATIENCE = 60.0
_NOT_THERE = (404, 405)
"""What an upstream of the route's own may say to the preset's call."""
_OLD = 1e9  # seconds: rules that wait for a token to grow old count here


class Tried(NamedTuple):
    """`said` is for the operator: the call and its answer."""

    ok: bool
    said: str


def chosen(loaded: Loaded) -> dict[str, str]:
    """The prefix to try, by provider: one whose upstream is the preset's, if there is one."""
    prefixes: dict[str, str] = {}
    for prefix in sorted(loaded.live, key=lambda prefix: not _is_presets(prefix, loaded)):
        prefixes.setdefault(loaded.config.routes[prefix].provider, prefix)
    return {name: prefix for name, prefix in prefixes.items() if name in loaded.config.providers}


async def try_live(loaded: Loaded, prefixes: Mapping[str, str]) -> dict[str, Tried]:
    """What came of the call of each of these providers, by prefix; all at once."""
    only = loaded.only(providers=prefixes.keys(), routes=prefixes.values())
    only = only.with_config(clients=[], browser=Browser(), log=Log(level="error", access=False))
    if not prefixes:
        return {}
    with Progress("calls", len(prefixes)) as progress:
        async with standing_by(only.config), Service(only) as service, inside(service) as session:
            calls = [
                progress.after(_tried(session, prefix, loaded, only.config.providers[name]))
                for name, prefix in prefixes.items()
            ]
            answers = await asyncio.gather(*calls)
    return dict(zip(prefixes.values(), answers, strict=True))


async def _tried(session: aiohttp.ClientSession, prefix: str, loaded: Loaded, provider: Provider) -> Tried:
    live = loaded.live[prefix]
    url = URL(BASE + prefix + live.path, encoded=True)
    headers = {"Accept-Encoding": "identity", **live.headers}
    call = f"{live.method} {live.path.partition('?')[0]}"
    body: dict[str, Any] = {} if live.json_ is None else {"json": live.json_}
    try:
        async with (
            asyncio.timeout(_PATIENCE),
            session.request(live.method, url, headers=headers, allow_redirects=False, **body) as reply,
        ):
            begun = await reply.content.read(_ENOUGH)
    except (aiohttp.ClientError, TimeoutError) as error:
        return Tried(False, f"{call}: the exchange broke ({type(error).__name__})")
    if (code := reply.headers.get("X-Keyless-Error")) is not None:
        return Tried(False, f"{call}: {code}")
    if _is_refused(provider, reply, begun):
        return Tried(False, f"{call}: the API refused the credential (status {reply.status})")
    if reply.status in _NOT_THERE and not _is_presets(prefix, loaded):
        return Tried(
            True, f"{call}: the API answered {reply.status}, so it may not be there; the credential was not tried"
        )
    ok = reply.status < 400
    untried = "; nobody has tried this path yet, so the preset may be wrong" if not (ok or live.tried) else ""
    return Tried(ok, f"{call}: the API answered {reply.status}{untried}")


def _is_presets(prefix: str, loaded: Loaded) -> bool:
    """Whether the upstream is the one that the preset brings."""
    return ("routes", prefix, "upstream") in loaded.filled


def _is_refused(provider: Provider, reply: aiohttp.ClientResponse, begun: bytes) -> bool:
    """By the provider's rules; a 401 says so wherever it stands."""
    refusals = Refusals.compile([*provider.effective_refusals, *provider.effective_dead])
    headers = list(reply.raw_headers)
    found = refusals.head(reply.status, headers, _OLD, True)
    if found is Verdict.READ_BODY:
        return refusals.reading(reply.status, headers, _OLD, True).refuses(begun, True)
    return found is Verdict.REFUSED or reply.status == 401
