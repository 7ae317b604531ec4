"""What a scheme is: a way to get a credential and to send it.

Owns: the questions that others ask of one; nobody asks which one it is. Must not know: any scheme, who calls, when.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from proxy.auth.keys.provider import Inject
from proxy.auth.placing.draft import Placing
from proxy.auth.placing.inject import Injection
from proxy.auth.schemes.person import PersonLogin
from proxy.auth.token import Consent, Flow, Registration, Token
from proxy.http.origin import Origin
from proxy.values.now import Now
from proxy.values.template import Template


class Scheme(ABC):
    """One object per provider definition. A scheme has an `identity` and a `login`; what is answered here is what most
    schemes would say to the rest.

    `identity`: digest of everything that changes the token (docs/lifecycle.md#cell): same identity, same cell.
    """

    __slots__ = ()
    identity: str

    @abstractmethod
    def login(self, wall: float, refresh_token: str | None) -> Flow:
        """One login, sent at Unix time `wall`; `refresh_token` is the newest one known, if any."""

    def registered(self, registration: Registration | None) -> Scheme:  # noqa: ARG002 -- for logins that a server names
        """The scheme of a login that was made as this client, at this issuer; the same where the config says both."""
        return self

    def start(self, now: Now) -> Token | None:  # noqa: ARG002 -- for schemes that need no login
        """The token that it has from the start, and for ever; None where one is fetched."""
        return None

    @property
    def one_shot(self) -> bool:
        """A login must not be sent twice: it spends a refresh token that may rotate."""
        return False

    @property
    def refresh_token(self) -> str | None:
        """The one that the config brings, good until the issuer gives another."""
        return None

    @property
    def forced(self) -> Scheme | None:
        """The login that asks for another token than the one which the issuer would hand out again; None where its
        logins don't differ.
        """
        return None

    @property
    def discovers(self) -> bool:
        """Its next login begins by looking up where tokens are asked for."""
        return False

    @property
    def consent(self) -> Consent | None:
        """Where the config lets its requests go; None if it sends none."""
        return None

    @property
    def by_person(self) -> PersonLogin | None:
        """How someone logs in, with `keyless login`, where that has to come first."""
        return None

    @property
    def asked_scope(self) -> str | None:
        """The scopes that a token is asked to have, parted by blanks."""
        return None

    @property
    def basic(self) -> str | None:
        """The base64 pair for `{basic}`."""
        return None

    @property
    def skews(self) -> dict[Origin, float] | None:
        """Where it notes by how much an API's clock is ahead of ours; None where no time is sent."""
        return None

    def drawing(self, draw: Callable[[int | str], str]) -> Scheme:  # noqa: ARG002 -- for schemes that draw texts
        """The same, with random texts by `draw`, which gets the kind of one (auth/signing/made.py)."""
        return self

    def placing(self, inject: Inject, path: tuple[Template, ...]) -> Placing:
        """How the credential gets into a request; `path` are the templates in the route's own path. Raises ValueError
        for a place or a template that can't be.
        """
        return Injection.compile(inject, self.basic, path)

    def token_type(self, token: Token) -> str:
        """For a program that takes the token away (RFC 6749 §7.1)."""
        said = token.reply.get("token_type") if isinstance(token.reply, dict) else None
        return said if isinstance(said, str) and said else "Bearer"
