"""Token requests that carry a JWT made for them, or what a platform gave the workload."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from joserfc import jws
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64encode

from proxy.auth.schemes.login.carried import carrying
from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.schemes.login.scheme import LoginScheme
from proxy.auth.token import CommandRequest, FileRequest, IssuerReply, IssuerRequest, Minted, Request
from proxy.errors import FailureClass, IssuerError
from tests.auth.reading.test_lifetime import jwt
from tests.certificates import Authority

WALL = 1767323045.0
URL = "https://issuer.example.com/token"
RSA = RSAKey.generate_key(2048)
PEM = str(RSA.as_pem(private=True).decode())
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
MADE = {"algorithm": "RS256", "key": PEM, "claims": {"iss": "me", "aud": URL, "iat": "{now}"}, "lifetime": "5m"}
EXCHANGE = {"url": URL, "form": {"grant_type": GRANT, "assertion": "{identity}"}}


def provider(**written: Any) -> LoginProvider:
    return LoginProvider.model_validate({"scheme": "login", **written})


def scheme(**written: Any) -> LoginScheme:
    return LoginScheme.compile(provider(**written), frozenset())


def asked(made: LoginScheme, *found: bytes) -> IssuerRequest:
    """The token request, after these answers of this machine."""
    flow = made.login(WALL, None)
    request: Request = next(flow)
    for content in found:
        request = flow.send(IssuerReply(200, {}, content))
    assert isinstance(request, IssuerRequest)
    return request


def form(request: IssuerRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((request.body or b"").decode()).items()}


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    registry = jws.JWSRegistry(algorithms=["RS256", "PS256"], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = jws.deserialize_compact(token, RSA, registry=registry)
    return dict(found.headers()), json.loads(found.payload)


# ------------------------------------------------------------------ made here


def test_an_assertion_grant_carries_a_jwt_that_is_made_for_it() -> None:
    made = scheme(jwt=MADE, request={"url": URL, "form": {"grant_type": GRANT, "assertion": "{jwt}"}})
    sent = form(asked(made))
    assert sent["grant_type"] == GRANT
    header, claims = read(sent["assertion"])
    assert header == {"alg": "RS256", "typ": "JWT"}
    assert claims == {"iss": "me", "aud": URL, "iat": WALL, "exp": WALL + 300}


@pytest.mark.parametrize(
    ("request_", "where"),
    [
        ({"headers": {"Authorization": "Bearer {jwt}"}}, "header"),
        ({"json": {"a": [{"b": "{jwt}"}], "n": 1}}, "json"),
        ({"query": {"assertion": "{jwt}"}, "method": "GET"}, "query"),
        ({"body": '{"assertion": "{jwt}", "more": {}}'}, "body"),
    ],
)
def test_it_may_stand_anywhere_in_the_request(request_: dict[str, Any], where: str) -> None:
    request = asked(scheme(jwt=MADE, request={"url": URL, **request_}))
    body = (request.body or b"{}").decode()
    found = {
        "header": lambda: dict(request.headers)["Authorization"].removeprefix("Bearer "),
        "json": lambda: json.loads(body)["a"][0]["b"],
        "query": lambda: request.url.partition("assertion=")[2],
        "body": lambda: json.loads(body)["assertion"],
    }[where]()
    assert read(found)[1]["iss"] == "me"


def test_each_request_has_a_jwt_of_its_own() -> None:
    made = scheme(jwt=MADE | {"claims": {"jti": "{jti}"}}, request={"url": URL, "form": {"assertion": "{jwt}"}})
    first, second = (read(form(asked(made))["assertion"])[1] for _ in range(2))
    assert first["jti"] != second["jti"]


@pytest.mark.parametrize("together", [True, False])
def test_a_certificate_is_named_by_its_thumbprints(tmp_path: Path, together: bool) -> None:
    both = Authority(tmp_path).issue("app").read_text()
    key, begin, certificate = both.partition("-----BEGIN CERTIFICATE")
    certificate = begin + certificate
    keys = {"key": both} if together else {"key": key, "certificate": certificate}
    headers = {"x5t": "{x5t}", "x5t#S256": "{x5t_s256}"}
    made = provider(
        jwt={"algorithm": "ES256", "headers": headers, **keys}, request={"url": URL, "form": {"a": "{jwt}"}}
    )
    assert made.jwt is not None
    assert list(made.check(())) == []
    parsed = x509.load_pem_x509_certificate(certificate.encode())
    template = made.jwt.template()
    assert template.constants["x5t"] == urlsafe_b64encode(parsed.fingerprint(SHA1())).decode()
    assert template.constants["x5t_s256"] == urlsafe_b64encode(parsed.fingerprint(SHA256())).decode()


def test_what_is_carried_is_kept_out_of_messages() -> None:
    made = scheme(jwt=MADE, request={"url": URL, "form": {"assertion": "{jwt}"}})
    flow = made.login(WALL, None)
    request = next(flow)
    assert isinstance(request, IssuerRequest)
    echoed = json.dumps({"error_description": f"no good: {form(request)['assertion']}"}).encode()
    with pytest.raises(IssuerError) as failed:
        flow.send(IssuerReply(400, {}, echoed))
    assert "no good: ***" in failed.value.message


# ------------------------------------------------------------------ given by the platform


def test_an_identity_is_read_before_the_request() -> None:
    made = scheme(identity={"file": "token"}, request=EXCHANGE)
    flow = made.login(WALL, None)
    assert next(flow) == FileRequest("token")
    token = jwt({"exp": WALL + 60})
    request = flow.send(IssuerReply(200, {}, f"{token}\n".encode()))
    assert isinstance(request, IssuerRequest)
    assert form(request)["assertion"] == token
    with pytest.raises(StopIteration) as stop:
        flow.send(IssuerReply(200, {}, b'{"access_token": "abc"}'))
    assert isinstance(stop.value.value, Minted)


def test_an_identity_may_be_printed_by_a_command_as_json() -> None:
    identity = {"command": ["print-it"], "env": {"A": "1"}, "token": "credential.jwt"}
    made = scheme(identity=identity, request=EXCHANGE)
    first = next(made.login(WALL, None))
    assert isinstance(first, CommandRequest)
    assert (first.argv, first.variables["A"]) == (("print-it",), "1")
    assert form(asked(made, b'{"credential": {"jwt": "abc"}}'))["assertion"] == "abc"


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        (b"two words", {}, "what the file token holds is not one word"),
        (b"\xff", {}, "is not one word"),
        (b"nonsense", {"token": "a"}, "what the file token holds is no JSON"),
        (b'{"b": "x"}', {"token": "a"}, "has no token at `a`"),
        (b'{"a": "hush hush"}', {"token": "a"}, "has no token at `a`"),
        (jwt({"exp": WALL - 5}).encode(), {}, "is a JWT that ended 5 s ago"),
    ],
)
def test_an_identity_that_is_none(content: bytes, more: dict[str, Any], message: str) -> None:
    with pytest.raises(IssuerError) as failed:
        asked(scheme(identity={"file": "token"} | more, request=EXCHANGE), content)
    assert message in failed.value.message
    assert failed.value.failure is FailureClass.PASSING
    assert failed.value.hint
    assert "hush" not in failed.value.message


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ({"jwt": MADE, "request": {"url": URL}}, ("jwt",)),
        ({"request": {"url": URL, "form": {"a": "{jwt}"}}}, ("request",)),
        ({"identity": {"file": "a"}, "request": {"url": URL, "form": {"a": "{jwt}"}}}, ("identity",)),
        ({"jwt": MADE | {"key": "no-key"}, "request": {"url": URL, "form": {"a": "{jwt}"}}}, ("jwt", "key")),
        ({"jwt": MADE | {"certificate": "x"}, "request": {"url": URL, "form": {"a": "{jwt}"}}}, ("jwt", "certificate")),
        (
            {"jwt": MADE | {"headers": {"x5t": "{x5t}"}}, "request": {"url": URL, "form": {"a": "{jwt}"}}},
            ("jwt", "key"),
        ),
        (
            {"jwt": MADE | {"claims": {"a": "{token}"}}, "request": {"url": URL, "form": {"a": "{jwt}"}}},
            ("jwt", "claims", "a"),
        ),
        ({"identity": {"file": " "}, "request": EXCHANGE}, ("identity", "file")),
        ({"identity": {"file": "a", "token": "a b"}, "request": EXCHANGE}, ("identity", "token")),
        ({"identity": {"command": [""]}, "request": EXCHANGE}, ("identity", "command", 0)),
    ],
)
def test_what_is_wrong_is_told_by_place(written: dict[str, Any], where: tuple[Any, ...]) -> None:
    assert where in [finding.where for finding in provider(**written).check(())]


@pytest.mark.parametrize("identity", [{}, {"file": "a", "command": ["b"]}])
def test_an_identity_has_one_source(identity: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either file or command"):
        provider(identity=identity, request=EXCHANGE)


def test_trap_06_what_is_carried_is_a_part_of_the_cell() -> None:
    plain = {"url": URL, "form": {"assertion": "{jwt}"}}
    one, same = (scheme(jwt=MADE, request=plain).identity for _ in range(2))
    others = [
        scheme(jwt=MADE | {"claims": {"iss": "you"}}, request=plain).identity,
        scheme(identity={"file": "a"}, request=EXCHANGE).identity,
        scheme(identity={"file": "b"}, request=EXCHANGE).identity,
    ]
    assert one == same
    assert len({one, *others}) == 4


def test_what_comes_in_is_not_searched_again_and_other_braces_are_text() -> None:
    texts = {"jwt": "{identity}", "identity": "{jwt}"}
    assert carrying("{jwt} {identity} {x} {{").render(texts.__getitem__) == "{identity} {jwt} {x} {{"


def test_steps_and_refreshes_carry_them_too() -> None:
    """A metadata service that vouches for who asks by a JWT made here, say; the names are known in each."""
    steps = [
        {"request": {"url": URL, "headers": {"Authorization": "Bearer {jwt}"}}, "keep": {"ticket": "ticket"}},
        {"request": {"url": URL, "json": {"ticket": "{ticket}", "who": "{identity}"}}},
    ]
    made = scheme(jwt=MADE, identity={"file": "a"}, steps=steps)
    flow = made.login(WALL, None)
    assert next(flow) == FileRequest("a")
    first = flow.send(IssuerReply(200, {}, b"it-is-me"))
    assert isinstance(first, IssuerRequest)
    assert read(dict(first.headers)["Authorization"].removeprefix("Bearer "))[1]["iss"] == "me"
    second = flow.send(IssuerReply(200, {}, b'{"ticket": "t-1"}'))
    assert isinstance(second, IssuerRequest)
    assert json.loads(second.body or b"") == {"ticket": "t-1", "who": "it-is-me"}
    assert list(provider(jwt=MADE, identity={"file": "a"}, steps=steps).check(())) == []


def test_a_name_that_steps_do_not_carry_is_told() -> None:
    steps = [{"request": {"url": URL, "json": {"who": "{identity}"}}}]
    wheres = [finding.where for finding in provider(jwt=MADE, identity={"file": "a"}, steps=steps).check(())]
    assert wheres == [("jwt",)]
    (unknown,) = provider(steps=steps).check(())
    assert unknown.where == ("steps", 0, "request", "json", "who")


def test_the_commands_of_an_identity_are_known() -> None:
    made = provider(identity={"command": ["print-it"]}, request=EXCHANGE)
    assert [command.argv for command in made.commands] == [("print-it",)]
    assert made.unwritten == ("what the command print-it prints",)
    assert provider(identity={"file": "a"}, request=EXCHANGE).unwritten == ("what the file a holds",)
