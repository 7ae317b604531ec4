"""Seals secrets: Fernet, the first key seals, all of them open (key rotation).

Owns: keys and sealed bytes. Must not know: what is sealed, where it goes, where keys come from. The first use imports
cryptography: 8 MiB, which a proxy that neither keeps nor opens anything does without.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

from proxy.errors import KeylessError

SHORTEST = 16


class Unsealable(KeylessError):  # noqa: N818 -- it says what is the case
    """These bytes were not sealed with any of our keys, or were changed since."""


class Sealing(Protocol):
    """On the way in, and out again."""

    def seal(self, data: bytes) -> bytes: ...

    def open(self, sealed: bytes) -> bytes:
        """Raises Unsealable."""


class Plain:
    """For what never leaves a process, which has its key beside it: a seal would hide it from nobody."""

    def seal(self, data: bytes) -> bytes:
        return data

    def open(self, sealed: bytes) -> bytes:
        return sealed


class Seal:
    """`keys` are Fernet keys, or any text of 16 characters and more, from which one is derived. Raises ValueError."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a seal needs a key; `keyless seal --new-key` makes one")
        self._keys = [_fernet_key(key) for key in dict.fromkeys(keys)]

    @cached_property
    def _fernet(self) -> Any:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 -- see the module

        return MultiFernet(map(Fernet, self._keys))

    def seal(self, data: bytes) -> bytes:
        sealed: bytes = self._fernet.encrypt(data)
        return sealed

    def open(self, sealed: bytes) -> bytes:
        """Raises Unsealable."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 -- see the module

        try:
            data: bytes = self._fernet.decrypt(sealed)
        except InvalidToken:
            raise Unsealable("sealed with another key, or damaged") from None
        return data


def new_key() -> str:
    """Of the kind that Fernet makes for itself."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")


def _fernet_key(key: str) -> bytes:
    try:
        if len(base64.urlsafe_b64decode(key)) == 32:
            return key.encode("ascii")
    except ValueError:
        pass
    if len(key) < SHORTEST:
        raise ValueError(f"expected at least {SHORTEST} characters; `keyless seal --new-key` makes one")
    # The salt is fixed, since every machine of a fleet must come to the same key; scrypt is for short passphrases.
    return base64.urlsafe_b64encode(hashlib.scrypt(key.encode(), salt=b"keyless store", n=2**14, r=8, p=1, dklen=32))
