"""A person's login and logout, from the first request to the sealed record.

Owns: the order of the steps. Must not know: terminals and browsers (`show` tells the person), or the rules
(auth/schemes/person.py). Only sealed records are kept; the page that says 'logged in' comes
after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from proxy import clock
from proxy.auth.life.lifecycle import Lifecycle
from proxy.auth.life.record import Record
from proxy.auth.schemes.oauth2 import device
from proxy.auth.schemes.oauth2.authorize import Attempt, Denied, Foreign, judge
from proxy.auth.schemes.oauth2.discovery import Endpoints
from proxy.auth.schemes.person import LoginClient, PersonLogin
from proxy.auth.token import Minted, Token
from proxy.errors import FailureClass, IssuerError
from proxy.tokens.calls.issuer import Issuer
from proxy.tokens.loopback import Loopback, Page, Query
from proxy.tokens.records import Records, new_login, patiently
from proxy.tokens.store import DURABLE, StoreDown
from proxy.values.now import Now
from proxy.values.record import record

PATIENCE = 300.0
"""Seconds that a person may take in the browser."""
KEEP_TRIES = 3


@record
class SignIn:
    """What a login of one provider works with. `life` makes the draft of a token, margins and all."""

    name: str
    scheme: PersonLogin
    life: Callable[[], Lifecycle]
    issuer: Issuer
    records: Records
    clock: Callable[[], Now] = clock.now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def by_browser(
    signin: SignIn, show: Callable[[str], None], *, port: int = 0, patience: float = PATIENCE
) -> Token:
    """`show` brings the person to a URL. Raises IssuerError, StoreDown, or OSError if the port is taken."""
    endpoints = await _begin(signin)
    for url in signin.scheme.strangers(endpoints):
        await signin.issuer.admit(url, signin.scheme.consent)
    async with Loopback(port) as loopback:
        client = await _client(signin, endpoints, loopback.redirect_uri)
        callback = Callback(signin, client, endpoints, Attempt.new(loopback.redirect_uri))
        loopback.hear(callback)
        show(client.authorization_url(endpoints, callback.attempt))
        try:
            async with asyncio.timeout(patience):
                await loopback.ended()
        except TimeoutError:
            if not callback.taken:
                raise _nobody_came(patience) from None
            await loopback.ended()  # the issuer's own limits end it
    return callback.token()


async def by_device(signin: SignIn, show: Callable[[device.Device], None]) -> Token:
    """`show` tells the person where to type which code. Raises IssuerError, StoreDown."""
    began = signin.clock()
    endpoints = await _begin(signin)
    client = await _client(signin, endpoints, "")
    asked = await signin.issuer.run(client.ask_code(endpoints, began.wall))
    show(asked)
    interval = asked.interval
    while signin.clock().boot + interval < began.boot + asked.lifetime:
        await signin.sleep(interval)
        try:
            return await _redeem(signin, client, endpoints, asked.redemption())
        except IssuerError as error:
            interval = device.next_interval(error, interval)
    raise device.expired()


async def sign_out(signin: SignIn) -> list[IssuerError] | None:
    """Revoke both tokens and forget them; the revocations that failed. None: nobody was logged in. Raises StoreDown.

    What stays is a later generation that holds nothing: the processes that run take it over, and drop their token.
    """
    key = signin.scheme.identity
    async with signin.records.lease(key):
        found = await signin.records.find(key)
        if found is None or (found.refresh_token is None and found.value is None):
            return None
        await signin.records.keep(key, Record(found.generation + 1, names=found.names), DURABLE)
    client = signin.scheme.client_of(found.registration)
    if client is None:
        return [IssuerError(FailureClass.CREDENTIAL, "nobody has kept at which issuer the login was made")]
    tokens = (("refresh_token", found.refresh_token), ("access_token", found.value))
    return await _revoke(signin, client, [(kind, token) for kind, token in tokens if token is not None])


async def _begin(signin: SignIn) -> Endpoints:
    """Nobody is asked to log in for a store that can't be used, or an issuer that can't be had."""
    await signin.records.find(signin.scheme.identity)
    return await signin.issuer.run(signin.scheme.endpoints(signin.clock().wall))


async def _client(signin: SignIn, endpoints: Endpoints, redirect_uri: str) -> LoginClient:
    return await signin.issuer.run(signin.scheme.as_client(endpoints, redirect_uri, signin.clock().wall))


async def _revoke(signin: SignIn, client: LoginClient, tokens: list[tuple[str, str]]) -> list[IssuerError]:
    failed = []
    try:
        endpoints = await signin.issuer.run(client.endpoints(signin.clock().wall))
        for kind, token in tokens:
            try:
                await signin.issuer.run(client.revoke(endpoints, token, kind, signin.clock().wall))
            except IssuerError as error:
                failed.append(error)
    except IssuerError as error:
        failed.append(error)
    return failed


class Callback:
    """Answers the browser. The first callback that is the issuer's own answer ends the attempt, whatever it says."""

    def __init__(self, signin: SignIn, client: LoginClient, endpoints: Endpoints, attempt: Attempt) -> None:
        self.attempt = attempt
        self.taken = False
        self._signin = signin
        self._client = client
        self._endpoints = endpoints
        self._outcome: Token | IssuerError | StoreDown | None = None

    def token(self) -> Token:
        """What came of it. Raises IssuerError, StoreDown."""
        if isinstance(self._outcome, Token):
            return self._outcome
        raise self._outcome or IssuerError(FailureClass.PASSING, "the login was interrupted")

    async def __call__(self, query: Query) -> Page:
        if self.taken:
            return Page(409, "Already under way", "This login has had its answer; look at the first page.")
        verdict = judge(query, self.attempt, self._endpoints)
        if isinstance(verdict, Foreign):
            return Page(400, "Not the answer to this login", f"This request is refused: {verdict.why}.")
        self.taken = True
        if isinstance(verdict, Denied):
            self._outcome = _denied(verdict)
            return _failed(self._outcome.message)
        return await self._complete(verdict.code)

    async def _complete(self, code: str) -> Page:
        try:
            redemption = self.attempt.redemption(code)
            self._outcome = await _redeem(self._signin, self._client, self._endpoints, redemption)
        except IssuerError as error:
            self._outcome = error
            return _failed(error.message)
        except StoreDown as error:
            self._outcome = error
            return _failed("the login could not be kept; the terminal says why")
        return Page(200, "Logged in", "You can close this page and return to the terminal.", final=True)


def _failed(why: str) -> Page:
    return Page(502, "Not logged in", f"{why[:1].upper()}{why[1:]}. The terminal tells more.", final=True)


async def _redeem(signin: SignIn, client: LoginClient, endpoints: Endpoints, fields: dict[str, str]) -> Token:
    """The code for tokens, and the tokens into the store."""
    sent = signin.clock()
    minted = await signin.issuer.login(client.redeem(endpoints.token, sent.wall, fields))
    for _ in range(KEEP_TRIES):
        # the code is spent, and a person would have to begin again for a disk that was slow
        token = await patiently(partial(_keep, signin, client, sent, minted), KEEP_TRIES, signin.sleep)
        if token is not None:
            return token
    raise StoreDown("others keep writing this login's record")


async def _keep(signin: SignIn, client: LoginClient, sent: Now, minted: Minted) -> Token | None:
    """None if someone has kept a later generation. Raises StoreDown."""
    key = signin.scheme.identity
    async with signin.records.lease(key):
        found = await signin.records.find(key)
        token = signin.life().draft(sent, minted, 0 if found is None else found.generation)
        record = replace(Record.of(token, (signin.name,)), registration=client.registration, login=new_login())
        kept = await signin.records.keep(key, record, DURABLE)
    return token if kept else None


def _denied(verdict: Denied) -> IssuerError:
    hint = "Log in again, and allow the access."
    who = "the issuer says" if verdict.verified else "a page that does not say whose it is (unverified) says"
    return IssuerError(FailureClass.LOGIN, f"{who}: {verdict.why}", error=verdict.error, hint=hint)


def _nobody_came(patience: float) -> IssuerError:
    hint = "Run `keyless login` again; if the browser is on another machine, see docs/login.md."
    return IssuerError(FailureClass.LOGIN, f"no one came back from the issuer within {patience:g} s", hint=hint)
