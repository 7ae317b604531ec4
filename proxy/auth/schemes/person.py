"""A login that takes a person: what `keyless login` and `keyless logout` ask of a scheme that has one.

Must not know: terminals, browsers, stores, or which scheme it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from proxy.auth.schemes.oauth2.authorize import Attempt
from proxy.auth.schemes.oauth2.device import Device
from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding
from proxy.auth.token import Flow


class PersonLogin(Protocol):
    """Each step is a generator without I/O, as `Flow` is, and raises IssuerError."""

    @property
    def identity(self) -> str:
        """Of the cell that the login is for."""

    @property
    def by_device(self) -> bool:
        """The person types a code on any device; else the browser comes back to this machine."""

    @property
    def redirect_port(self) -> int:
        """Where the browser comes back to, unless the person says otherwise; 0 takes a free port."""

    def endpoints(self, wall: float) -> Finding[Endpoints]:
        """Where a login and a logout take place."""

    def authorization_url(self, endpoints: Endpoints, attempt: Attempt) -> str:
        """Where the person logs in. Raises IssuerError if nobody says where that is."""

    def ask_code(self, endpoints: Endpoints, wall: float) -> Finding[Device]:
        """A code to type on another device."""

    def redeem(self, token_url: str, wall: float, fields: Mapping[str, str]) -> Flow:
        """The end of the login: the code that it brought, for tokens."""

    def revoke(self, endpoints: Endpoints, token: str, kind: str, wall: float) -> Finding[None]:
        """`kind` is `refresh_token` or `access_token`. A token that is dead already is revoked, too."""
