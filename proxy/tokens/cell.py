"""One credential's cell: its token, and one flight at a time that fetches it; everyone waits for the same one.

Owns: the task that fetches a token, and the callers who wait for it. Must not know: the rules (auth/life/lifecycle.py),
the steps of a flight (tokens/mint.py), HTTP (tokens/calls/issuer.py), other cells but its successor.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from proxy.auth.life.lifecycle import Answer, Lifecycle, State
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Token
from proxy.errors import FailureClass, Fault, IssuerError
from proxy.figures.mints import MintCounts
from proxy.logger import get_logger
from proxy.logs.bugs import kind
from proxy.tasks import Flight
from proxy.tokens.mint import Means, Mint
from proxy.tokens.shared_proof import SharedProof
from proxy.tokens.store import StoreDown

log = get_logger("keyless.cell")

LONGEST_WAIT = 20.0
FLIGHT_TIMEOUT = 60.0


class Cell:
    """One credential: its lifecycle and its flight. `names` are the providers that share it; `sharing` has what the
    API's replies have shown of its tokens, on whatever route; `replays` counts requests that were sent once more.
    `abstains`: another process mints in its place.

    `successor`: the credential has changed, and this one mints no more. Its token is served while it lives and is not
    refused; beyond that, whoever asks is given the successor's.
    """

    __slots__ = (
        *("__weakref__", "_audit", "_clock", "_flight", "_mint", "_places", "_records", "_timeout", "_trigger"),
        *("abstains", "counts", "key", "life", "names", "replays", "sharing", "successor"),
    )

    def __init__(self, scheme: Scheme, life: Lifecycle, means: Means, flight_timeout: float) -> None:
        self.key = scheme.identity
        self.life = life
        self.names: list[str] = []
        self.replays = 0
        self.abstains = False
        self.successor: Cell | None = None
        self.counts = MintCounts()
        self._trigger = ""
        self._mint = Mint(scheme, life, self.names, means, self.counts.calls)
        self.sharing = SharedProof(self.key, life, means, self._mint.adopt)
        self._audit = means.audit
        self._records = means.records
        self._clock = means.clock
        self._timeout = flight_timeout
        self._places = means.places
        self._flight: Flight[None] = Flight()

    async def token(self, provider: str, deadline: float = LONGEST_WAIT) -> Token:
        """A token that may be sent now, fetched if need be. Raises Fault. `deadline` is in seconds from now."""
        ends = _ending(deadline)
        if self.successor is None:
            await self._follow(self.life.ask(self._clock()), ends, "request")
        token = self.usable
        if token is None and self.successor is not None:
            return await self.successor.token(provider, ends - _ending(0.0))
        if token is None:
            raise self.life.fault(self._clock(), provider)
        return token

    @property
    def usable(self) -> Token | None:
        """The token, if it may be sent now."""
        token = self.life.token
        return token if token is not None and not self.life.refused and token.left(self._clock()) > 0 else None

    async def lasting(self, provider: str, deadline: float = LONGEST_WAIT) -> Token:
        """A token for someone who takes it away: with a while to live, or a renewal is awaited. Raises Fault."""
        if self.successor is not None:
            return self.life.lasting(self._clock()) or await self.successor.lasting(provider, deadline)
        ends = _ending(deadline)
        for _ in range(2):  # the first flight may bring another process's token, which is no younger
            now = self._clock()
            token = self.life.lasting(now)
            if token is not None:
                if self.life.ask(now) is Answer.USE_AND_REFRESH:
                    self._launch("ahead")
                return token
            if not self.life.may_fly(now):
                break
            await self._join(ends - _ending(0.0), "handout")
        now = self._clock()
        token = self.life.lasting(now)
        if token is None:
            raise self.life.fault(now, provider)
        return token

    async def renew(self, generation: int, deadline: float = LONGEST_WAIT) -> Token | None:
        """A newer token than the refused `generation`, or None if there is none to be had now."""
        newer = None if self.successor is not None else await self._renewed(generation, deadline)
        if newer is None and self.successor is not None:  # by now: the old credential may be why it failed
            with suppress(Fault):
                return await self.successor.token(self.names[0], deadline)
        return newer

    async def _renewed(self, generation: int, deadline: float) -> Token | None:
        await self._follow(self.life.refuse(self._clock(), generation), _ending(deadline), "refusal")
        token = self.usable
        return token if token is not None and token.generation > generation else None

    def renew_later(self, generation: int) -> bool:
        """Start a forced flight for the calls to come. True if the refusal of `generation` started or joined one."""
        if self.successor is not None:
            self.successor.warm()
            return False
        if self.life.refuse(self._clock(), generation) is not Answer.WAIT:
            return False
        self._launch("refusal")
        return True

    async def look(self, *, whole: bool = False) -> None:
        """Another process has written our record: take over what is news. A flight in the air looks for itself.

        `whole`: the store was out of sight, and may lack what we know. Whoever pauses for that need no longer.
        """
        if self.life.flying or self.successor is not None or self.life.state(self._clock()) is State.STATIC:
            return
        with suppress(StoreDown):
            half_way = await self._mint.look(whole=whole)
            if whole:
                self.life.store_back()
            if half_way and self.life.may_fly(self._clock()):
                self._launch("store")

    async def recall(self) -> None:
        """Take over what the store holds, and ask nobody."""
        with suppress(StoreDown):
            await self._mint.adopt()

    async def expire(self) -> None:
        """Kill the current token on purpose, here and in every process that shares the store."""
        if self.life.state(self._clock()) is State.STATIC:
            return
        self.life.expired()
        if self._records.shared:
            try:
                await self._mint.bury()
            except StoreDown as down:
                self._records.complain(down)

    def warm(self) -> asyncio.Task[None] | None:
        """Fetch in the background what a request would have to wait for, unless it has to pause. The flight, if any.

        Not where a new token kills another's: that waits until it is needed.
        """
        if self.successor is not None:
            return self.successor.warm()
        if self.life.exclusive or self.life.ask(self._clock()) not in (Answer.WAIT, Answer.USE_AND_REFRESH):
            return None
        return self._launch("start")

    async def retry(self) -> None:
        """Forget latches and pauses, and fetch now (`keyless token`, `/refresh`)."""
        if self.successor is not None:
            await self.successor.retry()
        elif self.life.state(self._clock()) is not State.STATIC:
            self.life.cleared()
            await self._join(LONGEST_WAIT, "operator")

    def redefined(self, scheme: Scheme, life: Lifecycle) -> None:
        """The same credential with another definition around it: what it says of refreshing and of messages counts."""
        self.life.agreed(life)
        self._mint.redefine(scheme)

    @property
    def login(self) -> str | None:
        """Which login of a person serves; "" where none is needed, None where none is known."""
        needed = self._mint.scheme.by_person is not None
        return self._mint.login or (None if needed else "")

    @property
    def one_shot(self) -> bool:
        """Its flights spend a refresh token that may rotate."""
        return self._mint.scheme.one_shot

    async def landed(self) -> None:
        """No flight is in the air."""
        await self._flight.landed()

    def inherit(self, other: Cell) -> None:
        """Go on with another cell's login: its refresh token belongs to the client, not to the client's secret."""
        self._mint.inherit(other._mint)

    async def close(self) -> None:
        """A refresh token that is being spent is waited for: its successor would be lost."""
        await self.sharing.close()
        await self._flight.close(LONGEST_WAIT if self._mint.spending else 0.0)

    # -------------------------------------------------------------- the flight

    async def _follow(self, answer: Answer, ends: float, trigger: str) -> None:
        """Do as the lifecycle says, and wait till `ends` at most: for one flight, while it lasts and is needed.

        The lifecycle is asked again after each wait: the token that was to serve may have died, or been refused.
        """
        if answer is Answer.USE_AND_REFRESH:
            self._launch("ahead")
        elif answer is Answer.WAIT:
            self.counts.waited += self._flight.under_way
        while answer is Answer.WAIT and (left := ends - _ending(0.0)) > 0:
            landed = await self._join(min(left, self.life.patience(self._clock())), trigger)
            if landed or self.usable is not None:
                break
            answer = self.life.ask(self._clock())

    async def _join(self, deadline: float, trigger: str) -> bool:
        """Wait for the flight, started if there is none, and never end it (docs/traps.md 3). True if it has landed."""
        self._launch(trigger)
        return await self._flight.landed(deadline)

    def _launch(self, trigger: str) -> asyncio.Task[None] | None:
        if self.abstains:
            return None
        if not self._flight.under_way:
            self.life.launched()
            self._trigger = trigger
        return self._flight.start(partial(self._fly, self.life.generation), f"mint {'+'.join(self.names)}")

    async def _fly(self, before: int) -> None:
        """One flight from start to landing. Whatever becomes of it, the lifecycle is told."""
        began = self._clock().boot
        self._mint.asked = False
        try:
            async with self._places:
                began = self._clock().boot
                async with asyncio.timeout(self._timeout):
                    token = await self._mint.run(before)
        except TimeoutError:
            self._failed(began, IssuerError(FailureClass.PASSING, "the issuer took too long"))
        except IssuerError as error:
            self._failed(began, error)
        except Exception as error:
            # A bug in a scheme must not leave the cell in flight for ever. Its message may quote a secret.
            log.exception("login broke", provider=self.names, kind=kind(error), exc_info=False)
            self._failed(began, IssuerError(FailureClass.PASSING, f"internal error: {kind(error)}"))
        else:
            left = round(token.left(self._clock()))
            event = "token minted" if self._mint.asked else "token adopted"
            self.counts.end(self._trigger, "minted" if self._mint.asked else "adopted")
            if self._mint.asked and self._audit is not None:
                self._audit.minted(self.names, token.generation)
            log.info(event, provider=self.names, seconds=self._since(began), generation=token.generation, left=left)
        finally:
            self.life.landed()

    def _failed(self, began: float, error: IssuerError) -> None:
        now = self._clock()
        if self.life.token is not None:  # schemes hide their own secrets; that this may be echoed, they can't know
            error.message = self.life.token.kept_out_of(error.message)
        self.life.failed(now, error)
        self.counts.end(self._trigger, str(error.failure))
        if self._audit is not None and self._mint.asked:
            self._audit.not_minted(self.names, error)
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


def _ending(deadline: float) -> float:
    """When so many seconds are over, by the loop's clock: what waiting is measured by, and no jump of the others."""
    return asyncio.get_running_loop().time() + deadline
