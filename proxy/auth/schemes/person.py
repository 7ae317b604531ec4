"""A login that takes a person: what `keyless login` and `keyless logout` ask of a scheme that has one.

Must not know: terminals, browsers, stores, or which scheme it is. Each step is a generator without I/O, as `Flow` is,
and raises IssuerError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding
from proxy.auth.token import Consent, Flow, Registration

if TYPE_CHECKING:  # whoever logs in has loaded them; others start without
    from proxy.auth.schemes.oauth2.authorize import Attempt
    from proxy.auth.schemes.oauth2.device import Device


class LoginClient(Protocol):
    """As whom a person logs in, and out."""

    @property
    def registration(self) -> Registration | None:
        """What is kept beside the refresh token, where the config does not say it."""

    def endpoints(self, wall: float) -> Finding[Endpoints]:
        """Where a logout takes place."""

    def authorization_url(self, endpoints: Endpoints, attempt: Attempt) -> str:
        """Where the person logs in. Raises IssuerError if nobody says where that is."""

    def ask_code(self, endpoints: Endpoints, wall: float) -> Finding[Device]:
        """A code to type on another device."""

    def redeem(self, token_url: str, wall: float, fields: Mapping[str, str]) -> Flow:
        """The end of the login: the code that it brought, for tokens."""

    def revoke(self, endpoints: Endpoints, token: str, kind: str, wall: float) -> Finding[None]:
        """`kind` is `refresh_token` or `access_token`. A token that is dead already is revoked, too."""


class PersonLogin(Protocol):
    @property
    def identity(self) -> str:
        """Of the cell that the login is for."""

    @property
    def by_device(self) -> bool:
        """The person types a code on any device; else the browser comes back to this machine."""

    @property
    def redirect_port(self) -> int:
        """Where the browser comes back to, unless the person says otherwise; 0 takes a free port."""

    @property
    def consent(self) -> Consent:
        """Where the config lets it lead."""

    def endpoints(self, wall: float) -> Finding[Endpoints]:
        """Where a login takes place."""

    def strangers(self, endpoints: Endpoints) -> tuple[str, ...]:
        """URLs of those on which the config doesn't count, and to which the login leads. Raises IssuerError."""

    def as_client(self, endpoints: Endpoints, redirect_uri: str, wall: float) -> Finding[LoginClient]:
        """As whom: the client of the config, or one that is registered for it."""

    def client_of(self, registration: Registration | None) -> LoginClient | None:
        """As whom a login was made; None where nobody has kept it."""
