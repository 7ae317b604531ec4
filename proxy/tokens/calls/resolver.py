"""aiohttp's client held to the rule of where requests may go (plan/reach.py).

Owns: the resolver that gives aiohttp nothing but addresses that may be dialled, and the check of hosts that it doesn't
resolve. Must not know: requests, issuers.
"""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from proxy.auth.token import Consent
from proxy.plan.reach import OutOfReach, Reach, admit, reach_of
from proxy.values.address import is_odd, kind_of, literal
from proxy.wire.outbound.dial import Resolve


class ReachResolver(AbstractResolver):
    """aiohttp dials what this returns, without another lookup. `reach` None: anything, for the operator's own proxy."""

    def __init__(self, ask: Resolve, reach: Reach | None) -> None:
        self._ask = ask
        self._reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = [each for each in await self._ask(host, port) if family in (socket.AF_UNSPEC, each[0])]
        if not found:
            raise OSError(f"{host} has no address")
        left = found if self._reach is None else admit(found, self._reach)
        return [_result(host, port, each[0], each[4][0]) for each in left]

    async def close(self) -> None:
        pass


def literal_in_reach(host: str, consent: Consent) -> Reach:
    """The reach of `host`; raises OutOfReach for an address beyond it, which aiohttp dials without its resolver."""
    reach = reach_of(host, consent)
    address = literal(host)
    if is_odd(host):
        raise OutOfReach("an address must be written in full, as in 192.0.2.1", private=False)
    if address is not None and kind_of(address) not in reach:
        raise OutOfReach(f"a {kind_of(address)} address that the config doesn't spell out", private=False)
    return reach


def refusal_in(error: BaseException | None) -> OutOfReach | None:
    """The refusal inside what aiohttp makes of a resolver's errors."""
    while error is not None and not isinstance(error, OutOfReach):
        error = getattr(error, "os_error", None) or error.__cause__
    return error


def _result(host: str, port: int, family: int, address: str) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)
