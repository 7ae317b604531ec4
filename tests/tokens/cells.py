"""Cells without a network or a clock: a scripted issuer at the keeper's seam, and time that only tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from proxy.auth.life.lifecycle import Lifecycle, Terms
from proxy.auth.schemes import scheme
from proxy.auth.token import Flow, IssuerRequest, Minted, Token
from proxy.errors import FailureClass, Fault, IssuerError
from proxy.tokens.cell import FLIGHT_TIMEOUT, Cell
from proxy.tokens.keeper import Keeper
from proxy.tokens.mint import Means, Witness
from proxy.tokens.records import Records
from proxy.tokens.store.key_file import Seal, new_key
from proxy.tokens.store.memory import MemoryStore
from proxy.values.now import Now

PASSING, CREDENTIAL, LOGIN = FailureClass.PASSING, FailureClass.CREDENTIAL, FailureClass.LOGIN
SOON = 0.01
"""Seconds of real time that a caller or a flight is given where the test is about its running out."""


def down(**more: Any) -> IssuerError:
    """What the issuer's being unreachable comes to; tried again within the flight."""
    return IssuerError(PASSING, "auth.example did not answer in time", **{"again": True, **more})


def broken() -> IssuerError:
    """A reply that is no token; not tried again within the flight."""
    return IssuerError(PASSING, "the issuer answered 200 (not JSON)")


def wrong() -> IssuerError:
    return IssuerError(CREDENTIAL, "the issuer answered 401", error="invalid_client", hint="Check the secret.")


def memory() -> Records:
    """The default store, empty."""
    return Records(MemoryStore(), Seal([new_key()]))


@dataclass
class Clock:
    boot: float = 1000.0
    wall: float = 1_700_000_000.0

    def __call__(self) -> Now:
        return Now(self.boot, self.wall)

    def pass_(self, seconds: float) -> None:
        self.boot += seconds
        self.wall += seconds


@dataclass
class Logins:
    """Plays `script` in order, then mints `lifetime` seconds each time; every login waits for `gate`."""

    lifetime: float = 80.0
    script: list[Minted | Exception] = field(default_factory=list)
    calls: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def login(self, flow: Flow) -> Minted:
        self.calls += 1
        next(flow)
        self.started.set()
        await self.gate.wait()
        outcome = self.script.pop(0) if self.script else Minted(f"token-{self.calls}", self.lifetime)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass(frozen=True)
class Scheme(scheme.Scheme):
    identity: str = "one"
    one_shot: bool = False
    sent: list[tuple[float, str | None]] = field(default_factory=list)
    """When each login was sent, and with which refresh token."""

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        self.sent.append((wall, refresh_token))
        yield IssuerRequest("POST", "https://auth.example/token")
        raise AssertionError("the scripted logins never answer")


class World:
    """One keeper with its fakes. `pauses` are the sleeps it took; they pass at once, on its own clock."""

    def __init__(
        self,
        flight_timeout: float = FLIGHT_TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        records: Records | None = None,
        audit: Witness | None = None,
    ) -> None:
        self.clock = Clock()
        self.logins = Logins()
        self.draw = 0.5
        self.pauses: list[float] = []
        self.records = records or memory()
        means = Means(self.logins, self.records, self.clock, lambda: self.draw, sleep or self.sleep, audit)
        self.keeper = Keeper(means, flight_timeout)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.pass_(seconds)

    def cell(self, name: str = "qianfan", scheme: Scheme | None = None, **terms: Any) -> Cell:
        return self.keeper.cell(name, scheme or Scheme(), lambda: Lifecycle(Terms(**terms), lambda: self.draw))

    def static(self, name: str = "key") -> Cell:
        token = Token.eternal("key", self.clock())
        return self.keeper.cell(name, Scheme(name), lambda: Lifecycle(Terms(), lambda: self.draw, token))

    async def held(self, *callers: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
        """Start callers while the issuer holds its answer; all of them wait by the time it was asked."""
        self.logins.gate.clear()
        self.logins.started.clear()
        tasks = [asyncio.ensure_future(caller) for caller in callers]
        await self.logins.started.wait()
        return tasks


def code(result: object) -> str:
    assert isinstance(result, Fault)
    return result.code


def generation(token: Token | None) -> int:
    assert token is not None
    return token.generation


def flights() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("mint ")]


async def landed() -> None:
    """Every flight in the air has come down."""
    while tasks := flights():
        await asyncio.wait(tasks)
