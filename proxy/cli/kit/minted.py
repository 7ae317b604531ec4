"""Getting tokens because an operator asks, and what may be told of them.

Owns: the words for `token` and `check --live`. Must not know: how tokens are got; the keeper does. A token itself is
only told where `reveal` says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from proxy.admin.told import shown
from proxy.app import Service
from proxy.auth.schemes import Provider
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.scope import granted, ungranted
from proxy.auth.token import Token
from proxy.cli.kit.progress import Progress
from proxy.cli.kit.standby import standing_by
from proxy.config.loaded import Loaded
from proxy.config.model import Log
from proxy.errors import Fault
from proxy.logs import setup
from proxy.tokens.cell import FLIGHT_TIMEOUT
from proxy.values.secret import revealed

PATIENCE = FLIGHT_TIMEOUT + 5.0
_REPLACED = (
    "the issuer has replaced the refresh token; the one in the config may be dead now, and the new one lived only here"
)
_IN_A_LINE = ("expires", "scope", "not granted", "upstream", "warning")


class Got(NamedTuple):
    """`credential` is secret. `known` is what may be told; `scopes` is None where nobody has said which it has."""

    credential: str
    known: dict[str, Any]
    refresh_token: str | None = None
    scopes: frozenset[str] | None = None

    def __repr__(self) -> str:
        return f"Got({self.known})"


class Denied(NamedTuple):
    """`said` is for the operator: the issuer's words, with our advice."""

    code: str
    said: str


async def mint(loaded: Loaded, names: Collection[str]) -> dict[str, Got | Denied]:
    """One token for each of these configured providers, all at once."""
    setup.configure(Log(level="error"))
    only = loaded.only(providers=names)
    providers = only.config.providers
    with Progress("tokens", len(providers)) as progress:
        async with standing_by(loaded.config), Service(only) as service:
            asked = (progress.after(_one(name, provider, service)) for name, provider in providers.items())
            answers = await asyncio.gather(*asked)
    return dict(zip(providers, answers, strict=True))


async def _one(name: str, provider: Provider, service: Service) -> Got | Denied:
    cell, scheme = service.cells[name], service.plan.providers[name].scheme
    try:
        token = await cell.token(name, PATIENCE)
    except Fault as fault:
        failure = cell.life.failure
        if failure is None:
            return Denied(fault.code, fault.detail)
        return Denied(fault.code, failure.message + (f". {failure.hint}" if failure.hint else ""))
    replaced = None if scheme is None else _replacement(scheme, token)
    asked = None if scheme is None else scheme.asked_scope
    known = {"provider": name, "scheme": provider.scheme} | _known(token)
    if lacks := ungranted(asked, token.scope):
        known["not_granted"] = " ".join(lacks)
    return Got(
        revealed(token.value),
        known | {"refresh_token_replaced": replaced is not None},
        replaced,
        granted(token),
    )


def _known(token: Token) -> dict[str, Any]:
    """Times are Unix seconds and seconds; a fingerprint tells tokens apart and gives none away.

    A static credential gets none: it may be a password, which can be guessed and compared.
    """
    eternal = math.isinf(token.expires.wall)
    return {
        "lifetime": None if eternal else round(token.expires.wall - token.minted.wall, 3),
        "expires_at": None if eternal else round(token.expires.wall, 3),
        "scope": token.scope,
        "upstream": token.upstream,
        "fingerprint": None if eternal else f"sha256:{hashlib.sha256(token.value.encode()).hexdigest()[:16]}",
    }


def _replacement(scheme: Scheme, token: Token) -> str | None:
    """The refresh token that took the place of the config's own."""
    own, newest = scheme.refresh_token, token.refresh_token
    return None if own is None or newest is None or newest == own else revealed(newest)


def rows(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is known, for people."""
    expires = known["expires_at"]
    told = {
        "provider": f"{known['provider']} ({known['scheme']})",
        "expires": "never"
        if expires is None
        else f"{shown.moment(expires)}, in {shown.duration(expires - time.time())}",
        "lifetime": None if known["lifetime"] is None else shown.duration(known["lifetime"]),
        "scope": known["scope"],
        "not granted": known.get("not_granted"),
        "upstream": known["upstream"],
        "token": known["fingerprint"],
        "warning": _REPLACED if known["refresh_token_replaced"] else None,
    }
    return [(key, value) for key, value in told.items() if value]


def line(answer: Got | Denied) -> str:
    """The same, or the failure, in a line."""
    if isinstance(answer, Denied):
        return f"{answer.code}: {answer.said}"
    return ", ".join(f"{key} {value}" for key, value in rows(answer.known) if key in _IN_A_LINE)
