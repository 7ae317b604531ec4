"""Clients that show an identity provider's access token, over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from proxy.serve import jwks
from tests.conftest import Stage
from tests.identity_provider import (
    AUDIENCE,
    MAKERS,
    IdentityProvider,
    encoded,
    serving,
    sign,
    signed_with_public_key,
)
from tests.raw import Message


@pytest.fixture
async def idp() -> AsyncIterator[IdentityProvider]:
    async with serving(IdentityProvider()) as provider:
        yield provider


async def ask(stage: Stage, token: str, header: str = "Authorization") -> Message:
    value = f"Bearer {token}" if header == "Authorization" else token
    return await stage.call("/oauth2/echo", headers={header: value})


def refusal(reply: Message) -> str:
    """Why, as the problem and the challenge say alike."""
    assert (reply.status, reply.code) == (401, "client_key_required")
    detail = str(reply.json()["detail"])
    challenge = reply.get("WWW-Authenticate") or ""
    assert challenge == f'Bearer realm="keyless", error="invalid_token", error_description="{detail}"'
    return detail


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"])
async def test_a_good_token_opens_and_goes_no_further(stage: Stage, idp: IdentityProvider, header: str) -> None:
    api = await stage.api(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await stage.open({"/oauth2": {"upstream": api.url, "provider": "none"}}, clients=[idp.client()])
    token = idp.token()
    assert (await ask(stage, token, header)).status == 200
    (request,) = api.requests
    assert token.rpartition(".")[2] not in str(request)


async def test_keys_are_fetched_once_and_tokens_checked_once(stage: Stage, idp: IdentityProvider) -> None:
    service = await stage.open(clients=[idp.client()])
    token = idp.token()
    for _ in range(3):
        assert (await ask(stage, token)).status == 200
    assert (await ask(stage, idp.token(sub="another"))).status == 200
    assert idp.asked == ["metadata", "keys"]
    assert len(service.front.visitors._tokens) == 2


async def test_callers_share_one_fetch(stage: Stage, idp: IdentityProvider) -> None:
    await stage.open(clients=[idp.client(), {"name": "other", "key": "a-client-key-of-the-config"}])
    idp.gate.clear()
    calls = [asyncio.create_task(ask(stage, idp.token(sub=str(n)))) for n in range(20)]
    await stage.until(lambda: bool(idp.asked))
    assert (await ask(stage, "a-client-key-of-the-config")).status == 200, "no other client waits for the issuer"
    idp.gate.set()
    assert {reply.status for reply in await asyncio.gather(*calls)} == {200}
    assert idp.asked == ["metadata", "keys"]


@pytest.mark.parametrize("algorithm", sorted(MAKERS))
async def test_every_asymmetric_algorithm(stage: Stage, idp: IdentityProvider, algorithm: str) -> None:
    idp.keys = [MAKERS[algorithm]("only")]
    await stage.open(clients=[idp.client()])
    assert (await ask(stage, idp.token(algorithm=algorithm))).status == 200


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": 1_000_000}, "the token has expired"),
        ({"exp": int(time.time()) - 31}, "the token has expired"),
        ({"exp": None}, "the token has no time of expiry"),
        ({"nbf": int(time.time()) + 3600}, "the token is not valid yet"),
        ({"aud": "someone-else"}, "the token is for another audience"),
        ({"aud": None}, "the token is for another audience"),
        ({"iss": "https://login.example.com"}, "no client takes tokens of its issuer"),
        ({"iss": None}, "no client takes tokens of its issuer"),
        ({"typ": "logout+jwt"}, "the token is of a type that is no access token"),
    ],
)
async def test_a_token_that_will_not_do(stage: Stage, idp: IdentityProvider, claims: dict[str, Any], why: str) -> None:
    await stage.open(clients=[idp.client()])
    token = idp.token(**claims)
    reply = await ask(stage, token)
    assert refusal(reply) == why
    assert token not in str(reply)
    assert idp.asked == [], "no reason to fetch keys"
    assert stage.sandbox.api_requests == 0


def forged(idp: IdentityProvider, how: str) -> str:
    good = idp.token()
    head, claims, signature = good.split(".")
    known = json.loads(base64.urlsafe_b64decode(claims + "=="))
    stranger = MAKERS["ES256"]("first")
    embedded = {"kid": "first", "jwk": stranger.as_dict(private=False)}
    critical = b'{"alg": "ES256", "kid": "first", "crit": ["exp"]}'
    return {
        "none": ".".join((encoded(b'{"alg": "none"}'), claims, signature)),
        "hmac": signed_with_public_key(b'{"alg": "HS256", "kid": "first"}', claims, idp.keys[0]),
        "changed": ".".join((head, encoded(json.dumps(known | {"sub": "root"}).encode()), signature)),
        "stranger": sign({"kid": "first"}, known, stranger, "ES256"),
        "embedded": sign(embedded, known, stranger, "ES256"),
        "elsewhere": sign({"kid": "first", "jku": f"{idp.url}/evil"}, known, stranger, "ES256"),
        "critical": ".".join((encoded(critical), claims, signature)),
    }[how]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("none", "the token is not signed with an asymmetric algorithm"),
        ("hmac", "the token is not signed with an asymmetric algorithm"),
        ("changed", "the token's signature is wrong"),
        ("stranger", "the token's signature is wrong"),
        ("embedded", "the token's signature is wrong"),
        ("elsewhere", "the token's signature is wrong"),
        ("critical", "the token has critical extensions"),
    ],
)
async def test_forgeries(stage: Stage, idp: IdentityProvider, how: str, why: str) -> None:
    await stage.open(clients=[idp.client()])
    assert (await ask(stage, idp.token())).status == 200
    assert refusal(await ask(stage, forged(idp, how))) == why
    assert idp.asked == ["metadata", "keys"], "a wrong signature under a known key is no reason to fetch"
    assert stage.sandbox.api_requests == 1


async def test_a_rotated_key_is_fetched_once_per_interval(stage: Stage, idp: IdentityProvider) -> None:
    service = await stage.open(clients=[idp.client()])
    assert (await ask(stage, idp.token())).status == 200
    (keys,) = service.front.visitors._keys.values()
    idp.keys = [MAKERS["ES256"]("second"), *idp.keys]
    rotated = idp.token()
    assert refusal(await ask(stage, rotated)) == "the token is signed by none of its issuer's keys"
    assert len(idp.asked) == 2, "the keys are seconds old, so that made-up key ids cost the issuer nothing"
    later(keys, jwks.MIN_INTERVAL)
    assert {(await ask(stage, rotated)).status for _ in range(3)} == {200}
    assert len(idp.asked) == 4
    later(keys, jwks.MIN_INTERVAL)
    junk = idp.token(MAKERS["ES256"]("made-up"))
    for _ in range(5):
        assert (await ask(stage, junk)).status == 401
    assert len(idp.asked) == 6, "one fetch, however many come"


def later(keys: jwks.IssuerKeys, seconds: float) -> None:
    """Let what happened to the keys have happened so much earlier."""
    keys._fetched -= seconds
    keys._next -= seconds


async def test_a_withdrawn_key_stops_counting_also_for_tokens_that_are_known(
    stage: Stage, idp: IdentityProvider
) -> None:
    service = await stage.open(clients=[idp.client()])
    token = idp.token()
    assert (await ask(stage, token)).status == 200
    idp.keys = [MAKERS["ES256"]("second")]
    (keys,) = service.front.visitors._keys.values()
    later(keys, jwks.FRESH + 1)
    assert (await ask(stage, token)).status == 200, "keys are renewed behind the request"
    await stage.until(lambda: keys.version == 2)
    assert refusal(await ask(stage, token)) == "the token is signed by none of its issuer's keys"


async def test_an_issuer_that_is_down(stage: Stage, idp: IdentityProvider) -> None:
    service = await stage.open(clients=[idp.client(), {"name": "other", "key": "a-client-key-of-the-config"}])
    idp.down = True
    token = idp.token()
    for _ in range(3):
        reply = await ask(stage, token)
        assert (reply.status, reply.code) == (503, "issuer_unavailable")
        assert int(reply.get("Retry-After") or 0) >= 1
    assert (await ask(stage, "a-client-key-of-the-config")).status == 200
    asked = len(idp.asked)
    assert asked <= 3
    idp.down = False
    (keys,) = service.front.visitors._keys.values()
    later(keys, 60.0)
    assert (await ask(stage, token)).status == 200
    idp.down = True
    later(keys, jwks.FRESH + 1)
    assert (await ask(stage, idp.token(sub="new"))).status == 200, "keys that are here serve on"
    await stage.until(lambda: keys.failing)
    assert (await ask(stage, idp.token(sub="newer"))).status == 200
    later(keys, jwks.KEPT)
    assert (await ask(stage, token)).code == "issuer_unavailable", "but not for ever"


async def test_a_caller_that_leaves_and_a_stop_in_the_middle(stage: Stage, idp: IdentityProvider) -> None:
    service = await stage.open(clients=[idp.client()])
    idp.gate.clear()
    first, second = (asyncio.create_task(ask(stage, idp.token(sub=who))) for who in ("a", "b"))
    await stage.until(lambda: bool(idp.asked) and stage.serving == 2)
    first.cancel()
    idp.gate.set()
    assert (await second).status == 200
    (keys,) = service.front.visitors._keys.values()
    idp.gate.clear()
    later(keys, jwks.KEPT + 1)
    third = asyncio.create_task(ask(stage, idp.token()))
    await stage.until(lambda: len(idp.asked) == 3)
    await service.front.visitors.close()
    assert (await third).code == "issuer_unavailable"


async def test_keys_of_another_issuers_metadata_are_not_taken(stage: Stage, idp: IdentityProvider) -> None:
    idp.named = "https://login.example.com"
    await stage.open(clients=[idp.client()])
    assert (await ask(stage, idp.token())).code == "issuer_unavailable"
    assert idp.asked == ["metadata"]
    assert "of another issuer" in stage.log.getvalue()


async def test_jwks_uri_spares_the_metadata(stage: Stage, idp: IdentityProvider) -> None:
    await stage.open(clients=[idp.client(jwks_uri=f"{idp.url}/keys")])
    assert (await ask(stage, idp.token())).status == 200
    assert idp.asked == ["keys"]


async def test_claims_choose_the_client(stage: Stage, idp: IdentityProvider) -> None:
    admins = idp.client("admins", claims={"groups": ["ops", "root"]})
    readers = idp.client("readers", claims={"realm.roles": "read", "scope": "api"}) | {"methods": ["GET"]}
    await stage.open(clients=[admins, readers])
    post = {"method": "POST", "data": b"x"}
    for claims, get, posted in (
        ({"groups": ["x", "root"]}, 200, 200),
        ({"groups": "ops"}, 200, 200),
        ({"realm": {"roles": ["read"]}, "scope": "openid api"}, 200, 403),
        ({"realm": {"roles": ["read"]}, "scope": "apiary"}, 401, 401),
        ({"groups": {"root": True}}, 401, 401),
        ({}, 401, 401),
    ):
        bearer = {"Authorization": f"Bearer {idp.token(**claims)}"}
        assert (await stage.call("/oauth2/echo", headers=bearer)).status == get, claims
        assert (await stage.call("/oauth2/echo", headers=bearer, **post)).status == posted, claims
    why = refusal(await ask(stage, idp.token()))
    assert why == "the token's groups and realm.roles and scope are not those of a client"


async def test_a_token_may_be_handed_out_to_one_and_who_is_logged(stage: Stage, idp: IdentityProvider) -> None:
    await stage.open(clients=[idp.client() | {"read_tokens": ["oauth2"]}])
    reply = await stage.call("/-/token/oauth2", headers={"Authorization": f"Bearer {idp.token(sub='alice')}"})
    assert reply.json()["access_token"] == stage.token()
    assert "who=alice" in stage.log.getvalue()


async def test_a_key_that_looks_like_a_token_is_a_key(stage: Stage, idp: IdentityProvider) -> None:
    key = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJub2JvZHkifQ.c2lnbmF0dXJl"
    await stage.open(clients=[idp.client(), {"name": "old", "key": key}])
    assert (await ask(stage, key)).status == 200
    assert AUDIENCE not in stage.log.getvalue()


async def test_memory_for_tokens_is_bounded(stage: Stage, idp: IdentityProvider) -> None:
    service = await stage.open(clients=[idp.client()])
    service.front.visitors.room = 3
    for number in range(6):
        assert (await ask(stage, idp.token(sub=str(number)))).status == 200
    assert len(service.front.visitors._tokens) == 3


# ---------------------------------------------------------------------------------------------- beside a client key

KEY = "a-client-key-of-the-config"
BOTH = [{"name": "other", "key": KEY}]


async def beside(stage: Stage, token: str) -> Message:
    return await stage.call("/oauth2/echo", headers={"Authorization": f"Bearer {token}", "X-Api-Key": KEY})


async def test_a_token_that_will_not_do_hides_no_key_beside_it(stage: Stage, idp: IdentityProvider) -> None:
    await stage.open(clients=[idp.client(), *BOTH])
    stale = (idp.token(exp=1), idp.token(aud="another"), idp.token(iss="https://another.test"), "eyJ.no.token")
    assert [(await beside(stage, token)).status for token in stale] == [200] * len(stale)


async def test_an_issuer_that_is_down_hides_no_key_either(stage: Stage, idp: IdentityProvider) -> None:
    await stage.open(clients=[idp.client(), *BOTH])
    idp.down = True
    assert (await beside(stage, idp.token())).status == 200


async def test_a_good_token_beside_another_clients_key_is_refused(stage: Stage, idp: IdentityProvider) -> None:
    await stage.open(clients=[idp.client(), *BOTH])
    reply = await beside(stage, idp.token())
    assert (reply.status, reply.code) == (401, "client_key_required")
    assert "two clients" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["/oauth2/echo?access_token={}", "/oauth2/echo?key={}"])
async def test_a_token_counts_in_no_other_place(stage: Stage, idp: IdentityProvider, path: str) -> None:
    await stage.open(clients=[idp.client()])
    assert (await stage.call(path.format(idp.token()))).code == "client_key_required"
    elsewhere = {"Sec-WebSocket-Protocol": f"keyless.key.{idp.token()}"}
    assert (await stage.call("/oauth2/echo", headers=elsewhere)).code == "client_key_required"
    assert idp.asked == []
