"""What is made of a token once, and used for as long as the token is.

Owns: one memo, which keeps no token alive and nothing of one that is gone. Must not know: what is made, or how.
"""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import ref

from proxy.auth.token import Token

T = TypeVar("T")


class PerToken(Generic[T]):
    """Of one token at a time: a credential has one that is in use, and the next takes its place."""

    __slots__ = ("_made", "_token")

    def __init__(self) -> None:
        self._made: T | None = None
        self._token: ref[Token] | None = None

    def get(self, token: Token) -> T | None:
        return self._made if self._token is not None and self._token() is token else None

    def keep(self, token: Token, made: T) -> T:
        self._made, self._token = made, ref(token, self._forget)
        return made

    def _forget(self, gone: ref[Token]) -> None:
        if self._token is gone:
            self._made = self._token = None
