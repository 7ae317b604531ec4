"""Keeps the tokens: one cell per credential, one flight per cell, everyone waits for the same one.

Owns: the tasks that fetch tokens, and the callers who wait. Must not know: the rules (auth/lifecycle.py), HTTP
(serve/issuer.py), routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import PurePath
from typing import Protocol

import structlog

from proxy.auth import backoff
from proxy.auth.lifecycle import Answer, Lifecycle, State
from proxy.auth.token import Flow, Minted, Now, Scheme, Token
from proxy.errors import FailureClass, IssuerError

log = structlog.get_logger("keyless.keeper")

LONGEST_WAIT = 20.0
FLIGHT_TIMEOUT = 60.0


class Logins(Protocol):
    """What runs a login; `serve.issuer.Issuer` does, over HTTP."""

    async def login(self, flow: Flow) -> Minted: ...


class Cell:
    """One credential: its lifecycle and its flight. `names` are the providers that share it."""

    __slots__ = ("_clock", "_flight", "_keeper", "_scheme", "life", "names", "replays")

    def __init__(self, scheme: Scheme, life: Lifecycle, keeper: Keeper) -> None:
        self._scheme = scheme
        self._keeper = keeper
        self._clock = keeper.clock
        self._flight: asyncio.Task[None] | None = None
        self.life = life
        self.names: list[str] = []
        self.replays = 0

    async def token(self, provider: str, deadline: float = LONGEST_WAIT) -> Token:
        """A token that may be sent now, fetched if need be. Raises Fault. `deadline` is in seconds from now."""
        now = self._clock()
        await self._follow(self.life.ask(now), min(deadline, self.life.patience(now)))
        return self._usable(provider)

    def _usable(self, provider: str) -> Token:
        now = self._clock()
        token = self.life.token
        if token is not None and not self.life.refused and token.left(now) > 0:
            return token
        raise self.life.fault(now, provider)

    async def renew(self, generation: int, deadline: float = LONGEST_WAIT) -> Token | None:
        """A newer token than the refused `generation`, or None if there is none to be had now."""
        answer = self.life.refuse(self._clock(), generation)
        if answer is Answer.FAIL:
            return None
        await self._follow(answer, deadline)
        token = self.life.token
        if token is None or token.generation <= generation or self.life.refused:
            return None
        return token if token.left(self._clock()) > 0 else None

    def renew_later(self, generation: int) -> bool:
        """Start a forced flight for the calls to come. True if the refusal of `generation` started or joined one."""
        if self.life.refuse(self._clock(), generation) is not Answer.WAIT:
            return False
        self._launch()
        return True

    def warm(self) -> None:
        """Fetch in the background what a request would have to wait for, unless it has to pause."""
        if self.life.ask(self._clock()) in (Answer.WAIT, Answer.USE_AND_REFRESH):
            self._launch()

    async def retry(self) -> None:
        """Forget latches and pauses, and fetch now (`keyless token`, `/refresh`)."""
        if self.life.state(self._clock()) is State.STATIC:
            return
        self.life.cleared()
        await self._join(LONGEST_WAIT)

    async def close(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait((self._flight,))

    # -------------------------------------------------------------- the flight

    async def _follow(self, answer: Answer, deadline: float) -> None:
        if answer is Answer.WAIT:
            await self._join(deadline)
        elif answer is Answer.USE_AND_REFRESH:
            self._launch()

    async def _join(self, deadline: float) -> None:
        """Wait for the flight, started if there is none. asyncio.wait never cancels what it waits for (TRAPS 3)."""
        await asyncio.wait((self._launch(),), timeout=deadline)

    def _launch(self) -> asyncio.Task[None]:
        if self._flight is None or self._flight.done():
            self.life.launched()
            self._flight = asyncio.create_task(self._fly(), name=f"mint {'+'.join(self.names)}")
        return self._flight

    async def _fly(self) -> None:
        """One flight from start to landing. Whatever becomes of it, the lifecycle is told."""
        began = self._clock().boot
        try:
            async with asyncio.timeout(self._keeper.flight_timeout):
                sent, minted = await self._tries()
            token = self.life.minted(sent, self._clock(), minted)
        except TimeoutError:
            self._failed(began, IssuerError(FailureClass.PASSING, "the issuer took too long"))
        except IssuerError as error:
            self._failed(began, error)
        except asyncio.CancelledError:
            self.life.interrupted()
            raise
        except Exception as error:
            # A bug in a scheme must not leave the cell in flight for ever. Its message may quote a secret.
            log.exception("login broke", provider=self.names, kind=_kind(error), exc_info=False)
            self._failed(began, IssuerError(FailureClass.PASSING, f"internal error: {_kind(error)}"))
        else:
            life = round(minted.lifetime)
            took = self._since(began)
            log.info("token minted", provider=self.names, seconds=took, generation=token.generation, lifetime=life)

    def _failed(self, began: float, error: IssuerError) -> None:
        now = self._clock()
        error.message = _without(self.life.token, error.message)
        self.life.failed(now, error)
        log.warning(
            "token not minted",
            provider=self.names,
            seconds=self._since(began),
            failure=str(error.failure),
            reason=error.message,
            hint=error.hint,
            next_attempt_in=self.life.next_attempt_in(now),
        )

    def _since(self, boot: float) -> float:
        return round(self._clock().boot - boot, 3)

    async def _tries(self) -> tuple[Now, Minted]:
        tries = 0
        while True:
            tries += 1
            sent = self._clock()
            known = self.life.token.refresh_token if self.life.token else None
            try:
                return sent, await self._keeper.issuer.login(self._scheme.login(sent.wall, known))
            except IssuerError as error:
                waits = backoff.wait_in_flight(error, tries, self._keeper.draw())
                if waits is None or self._scheme.one_shot:
                    raise
            await self._keeper.sleep(waits)


def _without(token: Token | None, text: str) -> str:
    """Schemes keep their own secrets out of what an issuer says; that it may echo the last token, they can't know."""
    for hidden in (token.value, token.refresh_token) if token is not None else ():
        text = text.replace(hidden, "***") if hidden else text
    return text


def _kind(error: Exception) -> str:
    """Its type and the line that raised it: enough to find a bug by, and nothing that it was working on."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {PurePath(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame is not None else ""
    return type(error).__name__ + where


class Keeper:
    """All cells of the process, by the identity of their credential: equal definitions share one."""

    def __init__(
        self,
        issuer: Logins,
        clock: Callable[[], Now],
        draw: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        flight_timeout: float = FLIGHT_TIMEOUT,
    ) -> None:
        self.issuer = issuer
        self.clock = clock
        self.draw = draw
        self.sleep = sleep
        self.flight_timeout = flight_timeout
        self._cells: dict[str, Cell] = {}

    def cell(self, name: str, scheme: Scheme, life: Callable[[], Lifecycle]) -> Cell:
        """The cell of provider `name`; `life` makes its record if no provider shares it yet."""
        cell = self._cells.get(scheme.identity)
        if cell is None:
            cell = self._cells[scheme.identity] = Cell(scheme, life(), self)
        cell.names.append(name)
        return cell

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells.values())

    async def close(self) -> None:
        await asyncio.gather(*(cell.close() for cell in self))
