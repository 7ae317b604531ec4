"""A credential that the user already has: an API key, a token, or a user name with its password.

Owns: what stands for `{token}` and `{basic}`. Must not know: where it goes. Nothing here can be refreshed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from proxy.auth.schemes.identity import digest
from proxy.auth.token import Flow
from proxy.config.model import StaticProvider
from proxy.values.secret import Secret, hidden


@dataclass(frozen=True, slots=True)
class StaticScheme:
    identity: str
    credential: str = field(repr=False)
    basic: str | None = field(repr=False)

    @classmethod
    def compile(cls, provider: StaticProvider, secrets: frozenset[str]) -> StaticScheme:  # noqa: ARG003 -- every scheme of the table is made alike
        """Without a token of its own, the base64 pair is the credential."""
        basic = None
        if provider.username is not None and provider.password is not None:
            basic = basic_pair(provider.username, provider.password)
        credential = Secret(provider.token or basic or "")
        return cls(digest("static", provider.token, basic), credential, hidden(basic))

    @property
    def one_shot(self) -> bool:
        return False

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        raise NotImplementedError("a static credential has no login; asking for one is a bug")


def basic_pair(username: str, password: str) -> str:
    """RFC 7617, in UTF-8."""
    return base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
