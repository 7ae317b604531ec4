"""An API behind HTTP Digest, written from RFC 7616 alone: what the proxy's answers are judged by.

That it judges well is judged in turn, by another implementation of a client.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable

from aiohttp import web

USER, PASSWORD, REALM = "a-user", "pass: wörd", "api of tests"
_PART = re.compile(r'([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class DigestApi:
    """`uses`: so often a nonce is good. `seen` are the count of each request's nonce, "none" or "wrong"."""

    def __init__(self, algorithm: str = "SHA-256", uses: int = 1000, qop: str = 'qop="auth", ') -> None:
        self.algorithm = algorithm
        self.uses = uses
        self.qop = qop
        self.says_stale = True
        self.seen: list[str] = []
        self.bodies: list[bytes] = []
        self.nonces: list[str] = []
        self._used: Counter[str] = Counter()
        self._counts: set[tuple[str, str]] = set()

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        said = request.headers.get("Authorization", "")
        if not said.startswith("Digest "):
            self.seen.append("none")
            return self.challenge()
        parts = {name: re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in _PART.findall(said)}
        if parts["response"] != self._expected(parts, request.method, request.raw_path):
            self.seen.append("wrong")
            return self.challenge()
        nonce, count = parts["nonce"], parts.get("nc", "")
        self.seen.append(count)
        self._used[nonce] += 1
        replayed = (nonce, count) in self._counts and bool(self.qop)
        self._counts.add((nonce, count))
        if nonce not in self.nonces or self._used[nonce] > self.uses or replayed:
            return self.challenge(stale=True)
        return web.Response(text="ok")

    def challenge(self, stale: bool = False) -> web.Response:
        self.nonces.append(f'nonce-{len(self.nonces)}"')
        nonce = self.nonces[-1].replace('"', '\\"')
        words = ", stale=true" if stale and self.says_stale else ""
        digest = f'Digest realm="{REALM}", {self.qop}nonce="{nonce}", opaque="o", algorithm={self.algorithm}{words}'
        return web.Response(status=401, headers={"WWW-Authenticate": digest}, text="who are you?")

    def _expected(self, parts: dict[str, str], method: str, target: str) -> str:
        if parts["uri"] != target or parts["username"] != USER or parts["realm"] != REALM or parts["opaque"] != "o":
            return "another request's"
        hashed = self._hash()
        proof = hashed(f"{USER}:{REALM}:{PASSWORD}")
        if self.algorithm.endswith("-sess"):
            proof = hashed(f"{proof}:{parts['nonce']}:{parts['cnonce']}")
        of_request = hashed(f"{method}:{target}")
        if not self.qop:
            return hashed(f"{proof}:{parts['nonce']}:{of_request}")
        return hashed(f"{proof}:{parts['nonce']}:{parts['nc']}:{parts['cnonce']}:{parts['qop']}:{of_request}")

    def _hash(self) -> Callable[[str], str]:
        name = "sha256" if self.algorithm.startswith("SHA") else "md5"
        return lambda text: hashlib.new(name, text.encode()).hexdigest()
