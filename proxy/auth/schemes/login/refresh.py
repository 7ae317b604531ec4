"""How a login's token is followed by the next without the keys: bought with a refresh token, or prolonged in place.

Must not know: what happens where this fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from proxy.auth.reading.reply import ReplyReader
from proxy.auth.schemes.login.asked import Around, Asked
from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.token import Flow, Minted, Tls
from proxy.values.record import record


@record
class Refreshing:
    """`in_place`: a token is its own refresh token, and stays."""

    asked: Asked
    reader: ReplyReader = field(repr=False)
    in_place: bool

    @classmethod
    def compile(cls, provider: LoginProvider, tls: Tls | None, around: Around) -> Refreshing:
        """Raises ValueError for what can't be sent or read."""
        refresh = provider.refresh
        assert refresh.request is not None  # noqa: S101 -- asked before
        reply = provider.reply if refresh.reply is None else refresh.reply
        return cls(
            Asked.compile(refresh.request, provider.known_refreshing, reply.format, tls, around),
            ReplyReader.compile(reply, provider.ttl, provider.hosts, bearer=provider.sent_as_bearer),
            refresh.in_place,
        )

    def run(self, newest: str, wall: float, known: Mapping[str, Any], hidden: frozenset[str]) -> Flow:
        """With the newest refresh token, or the token itself. Raises IssuerError."""
        spends = {"token" if self.in_place else "refresh_token": newest}
        reply = yield self.asked.at(wall, {**known, **spends})
        held = newest if self.in_place else None
        minted = self.reader.read(reply, wall, hidden, refreshing=True, held=held)
        return replace(minted, refresh_token=newest) if self.in_place else minted

    def after_login(self, minted: Minted) -> Minted:
        """What keys have brought. A refresh token from before was no good, or there was none."""
        return replace(minted, refresh_token=minted.value if self.in_place else minted.refresh_token or "")
