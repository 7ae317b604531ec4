"""An identity provider on loopback: metadata, keys that rotate, access tokens of every good and bad kind."""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jwt import encode

AUDIENCE = "keyless-of-the-tests"
MAKERS: dict[str, Any] = {
    "RS256": lambda kid: RSAKey.generate_key(2048, {"kid": kid}),
    "ES256": lambda kid: ECKey.generate_key("P-256", {"kid": kid}),
    "ES384": lambda kid: ECKey.generate_key("P-384", {"kid": kid}),
    "ES512": lambda kid: ECKey.generate_key("P-521", {"kid": kid}),
    "EdDSA": lambda kid: OKPKey.generate_key("Ed25519", {"kid": kid}),
}
MAKERS |= dict.fromkeys(("RS384", "RS512", "PS256", "PS384", "PS512"), MAKERS["RS256"])


def sign(header: dict[str, Any], claims: dict[str, Any], key: Any, algorithm: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weak algorithms, which is the point of some tests
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        return encode({"alg": algorithm} | header, claims, key, registry=registry, default_type=None)


class IdentityProvider:
    """`down`: it answers 503. `gate`: a cleared one holds its answers back."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[Key] = [MAKERS["ES256"]("first")]
        self.named: str | None = None
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []

    def token(self, key: Key | None = None, algorithm: str = "ES256", typ: str = "at+jwt", **claims: Any) -> str:
        """A good one, but for what is given; a claim of None is left out."""
        key = key or self.keys[0]
        now = int(time.time())
        standard = {"iss": self.url, "aud": AUDIENCE, "sub": "a-person", "iat": now, "exp": now + 600}
        wanted = {name: value for name, value in (standard | claims).items() if value is not None}
        return sign({"typ": typ, "kid": key.kid}, wanted, key, algorithm)

    def client(self, name: str = "team", **jwt: Any) -> dict[str, Any]:
        return {"name": name, "jwt": {"issuer": self.url, "audience": AUDIENCE} | jwt}

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/keys", self._keys)
        return app

    async def _metadata(self, _request: web.Request) -> web.Response:
        return await self._answer("metadata", {"issuer": self.named or self.url, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, _request: web.Request) -> web.Response:
        return await self._answer("keys", {"keys": [key.as_dict(private=False) for key in self.keys]})

    async def _answer(self, what: str, document: dict[str, Any]) -> web.Response:
        self.asked.append(what)
        await self.gate.wait()
        return web.Response(status=503) if self.down else web.json_response(document)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_with_public_key(head: bytes, claims: str, key: Any) -> str:
    """The public key's own PEM as an HMAC secret: the oldest forgery of all (CVE-2015-9235)."""
    text = f"{encoded(head)}.{claims}"
    digest = hmac.digest(key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{encoded(digest)}"


@asynccontextmanager
async def serving(provider: IdentityProvider) -> AsyncIterator[IdentityProvider]:
    runner = web.AppRunner(provider.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        provider.gate.set()
        await runner.cleanup()
