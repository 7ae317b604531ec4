"""Whom a parser of replies tells what it reads, and who listens in the place of one that has gone."""

from __future__ import annotations

from typing import Final, Protocol

from proxy.http.fields import Fields


class Listener(Protocol):
    """Whose reply it is. All of these are called within `feed` or `end`."""

    def hinted(self, status: int, headers: Fields) -> None:
        """A 1xx but for 100 and 101, which are for proxies."""

    def replied(self, status: int, reason: bytes, headers: Fields) -> None:
        """The head is there."""

    def body(self, data: bytes) -> None:
        """Some of the body."""

    def ended(self, trailers: Fields) -> None:
        """The reply is whole."""

    def switched(self, reason: bytes, headers: Fields, rest: bytes) -> None:
        """A 101; what stands behind it is another protocol's."""


class _Nobody:
    """Whoever listened has gone."""

    def hinted(self, status: int, headers: Fields) -> None: ...
    def replied(self, status: int, reason: bytes, headers: Fields) -> None: ...
    def body(self, data: bytes) -> None: ...
    def ended(self, trailers: Fields) -> None: ...
    def switched(self, reason: bytes, headers: Fields, rest: bytes) -> None: ...


NOBODY: Final = _Nobody()
