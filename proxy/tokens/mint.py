"""One mint: adopt what others have brought, else lease, intend, call, keep, publish (docs/lifecycle.md#store).

Owns: the order of these steps, and what a store that fails means for each. Must not know: who waits, tasks, engines.
A rotating refresh token is spent by the call: from before the call until the new one is on disk, every step may be the
last one of this process.

Rule 1: what the store holds counts unless its generation is below ours: then it is an old copy, or was out of reach.
Rule 2: an intent that is still there when we hold the lease means that its writer died, or got no answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import partial
from typing import Protocol

from proxy.auth.life import backoff
from proxy.auth.life.lifecycle import Lifecycle
from proxy.auth.life.record import Intent, Record
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Flow, Minted, Registration, Token
from proxy.errors import FailureClass, IssuerError, StoreAway
from proxy.figures.histogram import Histogram
from proxy.logger import get_logger
from proxy.tokens.records import Records, patiently
from proxy.tokens.remarks import remark
from proxy.tokens.store import BUDGET, DURABLE, StoreDown
from proxy.values.now import Now
from proxy.values.record import record

log = get_logger("keyless.mint")

AT_ONCE = 128
"""Mints in the air: each holds a descriptor, and routes need theirs. Many, since an issuer that hangs keeps its place
for a minute, and no other may wait for it."""
KEEP_TRIES = 5


class Logins(Protocol):
    """What runs a login; `tokens.issuer.Issuer` does, over HTTP."""

    async def login(self, flow: Flow) -> Minted: ...


class Witness(Protocol):
    """What writes down how mints end; `audit.events.Audit` does."""

    def minted(self, names: Sequence[str], generation: int) -> None: ...

    def not_minted(self, names: Sequence[str], error: IssuerError) -> None: ...


@record
class Means:
    """What every mint of the process works with. `places`: for those under way; who waits for one gets it in turn."""

    issuer: Logins
    records: Records
    clock: Callable[[], Now]
    draw: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    audit: Witness | None = None
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


class Mint:
    """Mints for one cell, one at a time. `refresh_token` is the newest that this process knows, `registration` as whom
    it was got, `login` which login of a person it goes back to.

    `asked`: an issuer was, and what came of it is for the cell to say. `spending`: a refresh token is being sent, or
    its successor kept; to cancel now may cost a login.
    """

    def __init__(self, scheme: Scheme, life: Lifecycle, names: list[str], means: Means, calls: Histogram) -> None:
        self.scheme = scheme
        self._key = scheme.identity
        self._life = life
        self._names = names
        self._means = means
        self._calls = calls
        self._needs_store = scheme.one_shot or life.exclusive
        self.refresh_token: str | None = None
        self.registration: Registration | None = None
        self.login = ""
        self.asked = False
        self.spending = False

    @property
    def _records(self) -> Records:
        return self._means.records

    def redefine(self, scheme: Scheme) -> None:
        """The same credential, with another definition around it."""
        self.scheme = scheme

    def inherit(self, other: Mint) -> None:
        """Go on with another's refresh token, unless there is one."""
        if self.refresh_token is None:
            self.refresh_token, self.registration = other.refresh_token, other.registration
            self.login = other.login

    async def run(self, before: int) -> Token:
        """A token of a generation after `before`: adopted or minted. Raises IssuerError."""
        try:
            if (adopted := self._news(await self.adopt(), before)) is not None:
                return adopted
            async with self._records.lease(self._key):
                self._records.recovered()
                found = await self.adopt()
                if (adopted := self._news(found, before)) is not None:
                    return adopted
                return await self._mint(found, before)
        except StoreDown as down:
            if self._needs_store and self._records.shared:
                raise StoreAway(str(down)) from None
            self._records.complain(down)
        return await self._mint(None, before)

    async def adopt(self) -> Record | None:
        """What the store holds. What is newer than ours is taken over: a token, a death, a login. Raises StoreDown."""
        found = await self._records.find(self._key)
        if found is None or found.generation < self._life.generation:
            return found
        if found.generation == self._life.generation:
            self.refresh_token = found.refresh_token or self.refresh_token
            self.registration = found.registration or self.registration
            self.login = found.login or self.login
            return found
        self.refresh_token, self.registration = found.refresh_token, found.registration
        self.login = found.login
        token = found.token(self._means.clock())
        if token is not None:
            self._life.adopted(token)
        elif found.value is None:
            self._life.overtaken(found.generation)
        return found

    async def look(self, *, whole: bool) -> bool:
        """Others have written, or (`whole`) may have while the store was out of sight. Raises StoreDown.

        True if someone's refresh may have died half way: the issuer's grace is short, so somebody has to finish it.
        """
        found = await self.adopt()
        if whole and (found is None or found.generation < self._life.generation) and self._life.token is not None:
            await self._records.keep(self._key, self._known())  # it was emptied, or could not be written to
        return self.scheme.one_shot and self._pending(found)

    async def bury(self) -> None:
        """Tell the others that the current generation is dead: by a later one without a token. Raises StoreDown."""
        dead = self._life.generation
        async with self._records.lease(self._key):
            found = await self.adopt()
            if self._life.generation > dead:
                return  # it was replaced while we waited
            generation = max(dead, found.generation if found is not None else 0) + 1
            token = self._life.token
            upstream = None if token is None else token.upstream  # a refresh need not say it again
            grave = Record(generation, refresh_token=self.refresh_token, names=tuple(self._names), upstream=upstream)
            pending = found.intent if found is not None and self._pending(found) else None
            await self._records.keep(self._key, self._as_whom(replace(grave, intent=pending)))

    # -------------------------------------------------------------- what is known

    def _news(self, found: Record | None, before: int) -> Token | None:
        """The token that another process has brought, if it is worth waiting no longer."""
        token = self._life.token
        if token is None or self._life.generation <= before or self._life.refused or self._pending(found):
            return None
        return token if token.left(self._means.clock()) > token.hard else None

    def _pending(self, found: Record | None) -> bool:
        """The refresh token that is stored may have been spent already."""
        return found is not None and found.intent is not None and found.intent.marks(self.refresh_token)

    def _known(self) -> Record:
        """What this process knows, whatever the store does."""
        names, token = tuple(self._names), self._life.token
        known = Record(self._life.generation, names=names) if token is None else Record.of(token, names)
        known = replace(known, generation=self._life.generation, refresh_token=self.refresh_token)
        return self._as_whom(known)

    def _record(self, token: Token) -> Record:
        return self._as_whom(Record.of(token, tuple(self._names)))

    def _as_whom(self, record: Record) -> Record:
        return replace(record, registration=self.registration, login=self.login)

    # -------------------------------------------------------------- minting

    async def _mint(self, found: Record | None, before: int) -> Token:
        """Raises IssuerError; StoreDown only before anything was sent."""
        floor = 0 if found is None else found.generation
        if self.scheme.one_shot:
            self.spending = True
            try:
                return await self._spend(found, floor, before)
            finally:
                self.spending = False
        sent, minted = await self._another(*await self._tries())
        token = self._life.minted(sent, self._means.clock(), _located(minted, found), floor)
        self.refresh_token = token.refresh_token
        if not await self._keep(self._record(token), durably=self._life.exclusive):
            await self._adopt_if_there()
        return self._life.token or token

    async def _spend(self, found: Record | None, floor: int, before: int) -> Token:
        pending = found.intent if found is not None and self._pending(found) else None
        await self._intend(found)
        spent = self.refresh_token
        try:
            sent, minted = await self._tries()
        except IssuerError as error:
            if error.failure is not FailureClass.LOGIN:
                raise
            found = await self._adopt_if_there()
            if (adopted := self._news(found, before)) is not None:
                return adopted
            if found is None or self.refresh_token == spent:
                await self._disavow(found, pending)
                raise _explained(error, pending) from None
            # Another process has rotated meanwhile: its refresh token is tried, once (docs/traps.md 15).
            self._say_failed(error)
            floor, spent = found.generation, self.refresh_token
            await self._intend(found)
            sent, minted = await self._tries()
        self.refresh_token = minted.refresh_token_after(spent)
        minted = replace(_located(minted, found), refresh_token=self.refresh_token)
        return await self._publish(sent, minted, floor, spent)

    async def _publish(self, sent: Now, minted: Minted, floor: int, spent: str | None) -> Token:
        """Keep the new refresh token, then let the new access token be used."""
        while True:
            token = self._life.draft(sent, minted, floor)
            if await self._keep(self._record(token), durably=True):
                return self._life.minted(sent, self._means.clock(), minted, floor)
            found = await self._found()
            if found is None or found.refresh_token == minted.refresh_token:
                return self._life.minted(sent, self._means.clock(), minted, floor)  # it was kept, but said so too late
            if found.refresh_token != spent or found.generation < token.generation:
                break
            floor = found.generation  # only a death was declared meanwhile: what it holds is what we have spent
        # The lease was lost, and another process has refreshed: what it keeps is newer, and must not be written over.
        log.warning("another process has kept a later token", provider=self._names)
        await self._adopt_if_there()
        if self._life.token is None or self._life.refused:
            raise IssuerError(FailureClass.PASSING, "another process has refreshed at the same time", again=False)
        return self._life.token

    async def _intend(self, found: Record | None) -> None:
        """Say durably that the refresh token is about to be spent. Raises StoreDown."""
        ours = found is None or found.generation < self._life.generation
        known = self._known() if found is None or ours else found
        if self._pending(known):
            return  # it stands there since the first try
        intent = Intent.of(self.refresh_token, self._means.clock().wall)
        record = replace(known, refresh_token=self.refresh_token, intent=intent)
        if not await self._records.amend(self._key, record, DURABLE):
            raise StoreDown("another process has kept a later token")

    async def _disavow(self, found: Record | None, pending: Intent | None) -> None:
        """The issuer has refused: nothing was spent by us. The mark of an earlier crash stays, as the reason."""
        if found is None or pending is not None:
            return
        with suppress(StoreDown):
            if found.generation == 0 and found.refresh_token is None and found.value is None:
                await self._records.forget(self._key)
            else:
                await self._records.amend(self._key, replace(found, intent=None))

    async def _found(self) -> Record | None:
        try:
            return await self._records.find(self._key)
        except StoreDown:
            return None

    async def _adopt_if_there(self) -> Record | None:
        try:
            return await self.adopt()
        except StoreDown:
            return None

    async def _tries(self) -> tuple[Now, Minted]:
        tries = 0
        while True:
            tries += 1
            self.asked = True
            try:
                return await self._call(self.scheme.registered(self.registration), self.refresh_token)
            except IssuerError as error:
                waits = backoff.wait_in_flight(error, tries, self._means.draw())
                if waits is None or self.scheme.one_shot:
                    raise
                self._say_failed(error, waits)
            await self._means.sleep(waits)

    async def _another(self, sent: Now, minted: Minted) -> tuple[Now, Minted]:
        """Where the issuer has handed out the refused token again, the one that it gives when told so; else this."""
        forced, refused = self.scheme.forced, self._life.token
        if forced is None or refused is None or not self._life.refused or minted.value != refused.value:
            return sent, minted
        log.info("the refused token was handed out again, another is asked for", provider=self._names)
        try:
            return await self._call(forced, None)
        except (
            IssuerError
        ) as error:  # such calls are rationed: what there is stays, and the API's refusals pass through
            reason = self._audited(error)
            log.warning("no other token was given", provider=self._names, reason=reason, hint=error.hint)
            return sent, minted

    async def _call(self, scheme: Scheme, refresh_token: str | None) -> tuple[Now, Minted]:
        """One login, and when it was sent. Raises IssuerError."""
        sent = self._means.clock()
        try:
            minted = await self._means.issuer.login(scheme.login(sent.wall, refresh_token))
        finally:
            self._calls.add(self._means.clock().boot - sent.boot)
        remark(self._names, minted, sent.wall, self._means.clock().wall)
        return sent, minted

    def _say_failed(self, error: IssuerError, waits: float = 0.0) -> None:
        """Of a call that is followed by another: one line per call to an issuer."""
        self.asked = False
        reason = self._audited(error)
        log.info("token call tried again", provider=self._names, failure=str(error.failure), reason=reason, waits=waits)

    def _audited(self, error: IssuerError) -> str:
        """Its message, for the log."""
        if self._means.audit is not None:
            self._means.audit.not_minted(self._names, error)
        return error.message if self._life.token is None else self._life.token.kept_out_of(error.message)

    async def _keep(self, record: Record, *, durably: bool) -> bool:
        """False if a later one is there. A store that fails can't undo the call: what can't be kept is still used."""
        patience, tries = (DURABLE, KEEP_TRIES) if durably else (BUDGET, 1)
        keep = partial(self._records.keep, self._key, record, patience)
        try:
            return await patiently(keep, tries, self._means.sleep, self._records.complain)
        except StoreDown:
            if self.scheme.one_shot:
                hint = "It is tried again when the store is back; until then a restart needs a login."
                log.error("the rotated refresh token could not be kept", provider=self._names, hint=hint)  # noqa: TRY400
            return True


def _located(minted: Minted, found: Record | None) -> Minted:
    """A refresh need not say again where the API is, also where the token before it died with another process."""
    if minted.upstream is not None or found is None or found.upstream is None:
        return minted
    return replace(minted, upstream=found.upstream)


def _explained(error: IssuerError, pending: Intent | None) -> IssuerError:
    """After a crash between the call and its keeping: the old refresh token was tried once more, and is spent."""
    if pending is None:
        return error
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(pending.at))
    message = f"a refresh that began at {when} was interrupted after the issuer may have rotated the refresh token"
    return IssuerError(error.failure, f"{message}: {error.message}", error=error.error, hint=error.hint)
