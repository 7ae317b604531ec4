"""What a stand-in gives an SDK that has proven a client: a token that is as good as the client's key, on one route.

    kls_stand_ and base64url of: whose key (9 bytes), until when (6), HMAC over key, client, route and time (18)

Owns: its form. Nothing is kept of one, so that any worker or replica with the same secret may judge it. Pure. Must not
know: where the secret comes from, whose keys there are.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from typing import Final, NamedTuple

from proxy.config.model.client import OWN_KEYS
from proxy.plan.admission.clients import Key

BEGINS: Final = f"{OWN_KEYS}stand_".encode("ascii")
_ID, _TIME, _PROOF = 9, 6, 18
_LABEL: Final = b"keyless stand-in"


class Placeholder(NamedTuple):
    """As it was presented; `key` names the key that it was made for, `until` is Unix time."""

    key: bytes
    until: int
    proof: bytes

    def __repr__(self) -> str:
        return "<Placeholder>"

    @classmethod
    def read(cls, text: bytes) -> Placeholder | None:
        """None for what is none."""
        if not text.startswith(BEGINS):
            return None
        try:
            raw = urlsafe_b64decode(text[len(BEGINS) :])
        except Error:
            return None
        if len(raw) != _ID + _TIME + _PROOF:
            return None
        return cls(raw[:_ID], int.from_bytes(raw[_ID:-_PROOF], "big"), raw[-_PROOF:])


def id_of(digest: bytes) -> bytes:
    """By which a placeholder names a key: one-way, of what is a digest already."""
    return hashlib.sha256(_LABEL + digest).digest()[:_ID]


class Placeholders:
    """The first of the `secrets` makes them, all of them judge (the keys of a store rotate)."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(hmac.digest(secret, _LABEL, "sha256") for secret in secrets)

    def made(self, key: Key, prefix: str, until: int) -> bytes:
        proof = _proof(self._secrets[0], key, prefix, until)
        raw = id_of(key.digest) + until.to_bytes(_TIME, "big") + proof
        return BEGINS + urlsafe_b64encode(raw)

    def proves(self, presented: Placeholder, key: Key, prefix: str) -> bool:
        """Was it made for this key on this route?"""
        return any(
            hmac.compare_digest(_proof(secret, key, prefix, presented.until), presented.proof)
            for secret in self._secrets
        )


def _proof(secret: bytes, key: Key, prefix: str, until: int) -> bytes:
    said = b"\0".join((key.digest, key.client.name.encode(), prefix.encode(), b"%d" % until))
    return hmac.digest(secret, said, "sha256")[:_PROOF]
