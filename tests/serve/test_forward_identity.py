"""Routes whose issuer is shown a JWT: made for it, or given to the workload in a file that is replaced while we run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc.jwk import RSAKey

from tests.auth.reading.test_lifetime import jwt
from tests.conftest import Stage
from tests.raw import Message, RawApi
from tests.serve.test_forward_exec import OK, UNAUTHORIZED, proven

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY = str(RSAKey.generate_key(2048).as_pem(private=True).decode())


def replied(body: str, kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def token(name: str) -> bytes:
    return replied(json.dumps({"access_token": name, "expires_in": 3600}))


async def ready(stage: Stage, issuer: RawApi, *replies: bytes, **more: Any) -> RawApi:
    api = await stage.api(*replies)
    provider = {
        "scheme": "login",
        "request": {"url": f"{issuer.url}/token", "form": {"grant_type": GRANT, "assertion": "{identity}"}},
        "reply": {"expires_in": "expires_in"},
    } | more
    await stage.open({"/x": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    return api


def shown(request: Message) -> str:
    return parse_qs(request.body.decode())["assertion"][0]


async def test_a_file_that_the_platform_replaces_is_shown_as_it_is_now(stage: Stage) -> None:
    file = stage.folder / "identity"
    file.write_text("first-identity\n")
    issuer = await stage.api(token("token-1"), token("token-2"))
    api = await ready(stage, issuer, OK, UNAUTHORIZED, OK, identity={"file": "identity"})
    assert (await stage.call("/x/a")).status == 200
    file.write_text("second-identity\n")
    assert (await stage.call("/x/a")).status == 200
    assert [shown(request) for request in issuer.requests] == ["first-identity", "second-identity"]
    sent = [request.get("Authorization") for request in api.requests]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize("content", [None, b"", b" \n", b"two words", jwt({"exp": 1_600_000_000}).encode()])
async def test_a_file_that_shows_nothing(stage: Stage, content: bytes | None) -> None:
    """The issuer is not even asked."""
    if content is not None:
        (stage.folder / "identity").write_bytes(content)
    issuer = await stage.api(token("token-1"))
    await ready(stage, issuer, OK, identity={"file": "identity"})
    reply = await stage.call("/x/a")
    assert (reply.status, reply.json()["code"]) == (503, "token_unavailable")
    assert not issuer.requests
    assert "identity" in stage.log.getvalue()
    assert "two words" not in stage.log.getvalue() + reply.body.decode()


async def test_a_jwt_is_made_for_the_token_request_and_echoed_to_nobody(stage: Stage) -> None:
    issuer = await stage.api(token("token-1"))
    made = {"algorithm": "RS256", "key": KEY, "claims": {"iss": "me"}}
    form = {"url": f"{issuer.url}/token", "form": {"grant_type": GRANT, "assertion": "{jwt}"}}
    api = await ready(stage, issuer, OK, jwt=made, request=form)
    assert (await stage.call("/x/a")).status == 200
    assert api.requests[0].get("Authorization") == "Bearer token-1"
    (request,) = issuer.requests
    assert shown(request).count(".") == 2
    assert shown(request) not in stage.log.getvalue()


async def test_keys_that_an_issuer_gives_sign_requests(stage: Stage) -> None:
    """As AWS's AssumeRoleWithWebIdentity does, in XML."""
    keys = "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>printed-secret</SecretAccessKey>"
    document = f"<R><C>{keys}<SessionToken>s</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></C></R>"
    issuer = await stage.api(replied(document, "text/xml"))
    Path(stage.folder / "identity").write_text("an-identity")
    paths = {"access_key": "R.C.AccessKeyId", "secret_key": "R.C.SecretAccessKey", "session_token": "R.C.SessionToken"}
    sign = {"name": "aws-sigv4", "region": "eu-west-1", "service": "bedrock"} | paths
    reply = {"format": "xml", "expires_at": {"path": "R.C.Expiration", "unit": "iso"}}
    api = await ready(stage, issuer, OK, identity={"file": "identity"}, sign=sign, reply=reply)
    assert (await stage.call("/x/model/a/invoke", "POST", data=b"{}")).status == 200
    (request,) = api.requests
    assert proven(request)
    assert request.get("X-Amz-Security-Token") == "s"
