"""HTTP Digest (RFC 7616): what an API's challenge says, and the answer to it.

Owns: reading `WWW-Authenticate`, and the digest. Must not know: who asks, or which challenge is in use. Texts are the
wire's bytes as Latin-1. A stranger's bytes come in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

_LONGEST: Final = 8192
_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PARAMETER: Final = re.compile(rf'({_WORD})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME: Final = re.compile(rf"({_WORD})(?:[ \t]+|(?=,|$))")
_BETWEEN: Final = re.compile(r"[ \t,]*")
_ESCAPED: Final = re.compile(r"\\(.)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SPECIAL: Final = re.compile(r'["\\]')
_BACKSLASHED: Final = r"\\\g<0>"
_HASHES: Final[Mapping[str, str]] = {"md5": "md5", "sha-256": "sha256"}
_STRENGTH: Final = ("md5", "sha-256")


class Challenge(NamedTuple):
    """`algorithm` is the API's word, None if it said none; `qop`: it takes `auth`, else it is of the older kind
    (RFC 2069). `stale`: the credential was good, and only the nonce was not.
    """

    realm: str
    nonce: str
    opaque: str | None = None
    algorithm: str | None = None
    qop: bool = True
    stale: bool = False
    userhash: bool = False

    @property
    def hash(self) -> str:
        return _HASHES[_plain(self.algorithm)]

    @property
    def session(self) -> bool:
        return self.algorithm is not None and self.algorithm.lower().endswith("-sess")


def challenge_of(values: Iterable[str]) -> Challenge | None:
    """The strongest of those that can be answered, of all that `WWW-Authenticate` says; None where there is none."""
    found = [one for value in values for said in _digests(value[:_LONGEST]) if (one := _read(said)) is not None]
    return max(found, key=lambda one: _STRENGTH.index(_plain(one.algorithm)), default=None)


def next_nonce(value: str) -> str | None:
    """Of `Authentication-Info` (§3.5): the nonce that the API would have next."""
    said = {name.lower(): _text(quoted, bare) for name, quoted, bare in _PARAMETER.findall(value[:_LONGEST])}
    nonce = said.get("nextnonce")
    return nonce if nonce and not _CONTROL.search(nonce) else None


def proof_of(challenge: Challenge, username: str, password: str, cnonce: str) -> str:
    """H(A1): what stands for name and password, as long as the challenge is in use."""
    made = _hashed(challenge, f"{username}:{challenge.realm}:{password}")
    return _hashed(challenge, f"{made}:{challenge.nonce}:{cnonce}") if challenge.session else made


class Asked(NamedTuple):
    """What is answered for. `times`: how often the nonce is used, this time included; `target`: as on the wire."""

    method: str
    target: str
    times: int
    cnonce: str


def answer(challenge: Challenge, username: str, proof: str, asked: Asked) -> str:
    """The value of `Authorization`."""
    count = f"{asked.times:08x}"
    of_request = _hashed(challenge, f"{asked.method}:{asked.target}")
    middle = f"{count}:{asked.cnonce}:auth:" if challenge.qop else ""
    response = _hashed(challenge, f"{proof}:{challenge.nonce}:{middle}{of_request}")
    parts = [*_name(challenge, username), _quoted("realm", challenge.realm), _quoted("nonce", challenge.nonce)]
    parts += [_quoted("uri", asked.target), _quoted("response", response)]
    parts += [] if challenge.algorithm is None else [f"algorithm={challenge.algorithm}"]
    parts += [] if challenge.opaque is None else [_quoted("opaque", challenge.opaque)]
    parts += ["qop=auth", f"nc={count}", _quoted("cnonce", asked.cnonce)] if challenge.qop else []
    return f"Digest {', '.join(parts)}"


def _name(challenge: Challenge, username: str) -> list[str]:
    """§3.4, §3.4.4: a name that is no ASCII has a spelling of its own."""
    if challenge.userhash:
        return [_quoted("username", _hashed(challenge, f"{username}:{challenge.realm}")), "userhash=true"]
    if username.isascii():
        return [_quoted("username", username)]
    return [f"username*=UTF-8''{quote(username.encode('latin-1'), safe='')}"]


def _quoted(name: str, value: str) -> str:
    return f'{name}="{_SPECIAL.sub(_BACKSLASHED, value)}"'


def _hashed(challenge: Challenge, text: str) -> str:
    return hashlib.new(challenge.hash, text.encode("latin-1"), usedforsecurity=False).hexdigest()


def _plain(algorithm: str | None) -> str:
    return "md5" if algorithm is None else algorithm.lower().removesuffix("-sess")


def _digests(value: str) -> Iterator[dict[str, str]]:
    """The parameters of each Digest among the challenges of one header (RFC 9110 §11.6.1)."""
    at = 0
    said: list[dict[str, str]] = []
    current: dict[str, str] | None = None
    while (at := _end(_BETWEEN, value, at)) < len(value):
        parameter = _PARAMETER.match(value, at)
        if parameter is not None and current is not None:
            current.setdefault(parameter[1].lower(), _text(parameter[2], parameter[3]))
            at = parameter.end()
        elif (scheme := _SCHEME.match(value, at)) is not None:
            current = {}
            said += [current] if scheme[1].lower() == "digest" else []
            at = scheme.end()
        else:
            break
    yield from said


def _end(pattern: re.Pattern[str], value: str, at: int) -> int:
    found = pattern.match(value, at)
    return at if found is None else found.end()


def _text(quoted: str | None, bare: str | None) -> str:
    return bare or _ESCAPED.sub(r"\1", quoted or "")


def _read(said: Mapping[str, str]) -> Challenge | None:
    """None for one that can't be answered."""
    realm, nonce, algorithm = said.get("realm"), said.get("nonce"), said.get("algorithm")
    words = [word.strip().lower() for word in said.get("qop", "").split(",") if word.strip()]
    if realm is None or not nonce or _plain(algorithm) not in _HASHES or (words and "auth" not in words):
        return None
    if any(map(_CONTROL.search, said.values())):
        return None
    stale, userhash = (said.get(flag, "").lower() == "true" for flag in ("stale", "userhash"))
    return Challenge(realm, nonce, said.get("opaque"), algorithm, bool(words), stale, userhash)
