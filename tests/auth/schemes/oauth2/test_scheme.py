from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.oauth2.scheme import OAuth2Scheme
from proxy.auth.token import Flow, IssuerReply, IssuerRequest, Minted
from proxy.errors import FailureClass, IssuerError

URL = "https://issuer.example.com/token"
GOOD = IssuerReply(200, {}, b'{"access_token": "abc", "expires_in": 3600, "refresh_token": "r2"}')
PASSWORD = {"grant": "password", "username": "u", "password": "p"}


def scheme(*secrets: str, **written: Any) -> OAuth2Scheme:
    provider = {"scheme": "oauth2", "token_url": URL, "client_id": "id", "client_secret": "s3cr3t", **written}
    return OAuth2Scheme.compile(OAuth2Provider.model_validate(provider), frozenset(secrets))


def first(made: OAuth2Scheme, refresh_token: str | None = None) -> IssuerRequest:
    return next(made.login(0.0, refresh_token))


def form(request: IssuerRequest) -> dict[str, str]:
    assert request.body is not None
    return {name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()}


def finish(flow: Flow, reply: IssuerReply) -> Minted:
    with pytest.raises(StopIteration) as stop:
        flow.send(reply)
    minted = stop.value.value
    assert isinstance(minted, Minted)
    return minted


def test_client_credentials_in_basic() -> None:
    request = first(scheme())
    assert (request.method, request.url, form(request)) == ("POST", URL, {"grant_type": "client_credentials"})
    assert dict(request.headers) == {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Basic aWQ6czNjcjN0",
    }


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_trap_19_id_and_secret_are_form_encoded_before_basic(client_id: str, client_secret: str) -> None:
    header = dict(first(scheme(client_id=client_id, client_secret=client_secret)).headers)["Authorization"]
    pair = base64.b64decode(header.removeprefix("Basic ")).decode("ascii")
    assert [unquote_plus(part) for part in pair.split(":")] == [client_id, client_secret]


@pytest.mark.parametrize(
    ("auth", "expected"),
    [("post", {"client_id": "id", "client_secret": "s3cr3t"}), ("none", {"client_id": "id"}), ("basic", {})],
)
def test_how_the_client_proves_itself(auth: str, expected: dict[str, str]) -> None:
    request = first(scheme(client_auth=auth))
    assert form(request) == {"grant_type": "client_credentials", **expected}
    assert ("Authorization" in dict(request.headers)) is (auth == "basic")


def test_scope_audience_and_parameters() -> None:
    request = first(scheme(scope=["a", "b/.default"], audience="https://api", params={"n": 1, "ok": True, "o": "x y"}))
    assert form(request) == {
        "grant_type": "client_credentials",
        "scope": "a b/.default",
        "audience": "https://api",
        "n": "1",
        "ok": "true",
        "o": "x y",
    }


def test_parameters_may_replace_anything() -> None:
    """WeChat writes client_credential, without the s."""
    request = first(scheme(client_auth="post", params={"grant_type": "client_credential", "client_id": "other"}))
    assert form(request) == {"grant_type": "client_credential", "client_id": "other", "client_secret": "s3cr3t"}


def test_the_newest_refresh_token_is_used() -> None:
    made = scheme(grant="refresh_token", refresh_token="r1")
    assert form(first(made)) == {"grant_type": "refresh_token", "refresh_token": "r1"}
    assert form(first(made, "r2"))["refresh_token"] == "r2"
    assert "refresh_token" not in form(first(scheme(), "r2"))


def test_only_a_refresh_token_is_spent_by_a_login() -> None:
    assert scheme(grant="refresh_token", refresh_token="r1").one_shot
    assert not scheme().one_shot


def test_what_comes_of_it() -> None:
    flow = scheme().login(0.0, None)
    next(flow)
    minted = finish(flow, GOOD)
    assert (minted.value, minted.lifetime, minted.refresh_token) == ("abc", 3600.0, "r2")


@pytest.mark.parametrize(
    ("grant", "failure"),
    [("refresh_token", FailureClass.LOGIN), ("client_credentials", FailureClass.CREDENTIAL)],
)
def test_invalid_grant_depends_on_the_grant(grant: str, failure: FailureClass) -> None:
    flow = scheme(grant=grant, refresh_token="r1").login(0.0, None)
    next(flow)
    with pytest.raises(IssuerError) as caught:
        flow.send(IssuerReply(400, {}, b'{"error": "invalid_grant"}'))
    assert caught.value.failure is failure


@pytest.mark.parametrize("echo", ["s3cr3t", "aWQ6czNjcjN0", "r3fr3sh"])
def test_trap_26_no_secret_in_a_message(echo: str) -> None:
    flow = scheme("s3cr3t", grant="refresh_token", refresh_token="x").login(0.0, "r3fr3sh")
    next(flow)
    with pytest.raises(IssuerError) as caught:
        flow.send(IssuerReply(401, {}, json.dumps({"error_description": f"got {echo}"}).encode()))
    assert caught.value.message == "the issuer answered 401 got ***"


def metadata(endpoint: str = URL) -> IssuerReply:
    document = {"issuer": "https://issuer.example.com", "token_endpoint": endpoint}
    return IssuerReply(200, {}, json.dumps(document).encode())


def test_trap_19_an_issuer_is_asked_once_for_its_endpoint() -> None:
    made = scheme(token_url=None, issuer="https://issuer.example.com")
    flow = made.login(0.0, None)
    assert next(flow).url == "https://issuer.example.com/.well-known/openid-configuration"
    assert flow.send(metadata()).url == URL
    finish(flow, GOOD)
    assert first(made).url == URL


def test_a_failing_login_has_the_endpoint_looked_up_again() -> None:
    made = scheme(token_url=None, issuer="https://issuer.example.com")
    flow = made.login(0.0, None)
    next(flow)
    flow.send(metadata())
    finish(flow, GOOD)
    again = made.login(0.0, None)
    next(again)
    with pytest.raises(IssuerError):
        again.send(IssuerReply(404, {}, b""))
    assert first(made).url.endswith("/.well-known/openid-configuration")


def test_trap_06_whatever_changes_the_token_changes_the_cell() -> None:
    variants: list[dict[str, Any]] = [
        {},
        {"token_url": URL + "2"},
        {"token_url": None, "issuer": URL},
        {"client_id": "id2"},
        {"client_secret": "s3cr3t2"},
        {"client_secret": "x" * 64 + "1"},
        {"client_secret": "x" * 64 + "2"},
        {"client_auth": "post"},
        {"client_auth": "none"},
        {"grant": "refresh_token", "refresh_token": "a"},
        {"grant": "refresh_token", "refresh_token": "b"},
        {"scope": "a"},
        {"scope": "a b"},
        {"audience": "a"},
        {"params": {"account": "1"}},
        {"params": {"account": "2"}},
        {"params": {"user": "1"}},
        {"reply": {"token": "id_token"}},
        {"ttl": 60},
    ]
    assert len({scheme(**variant).identity for variant in variants}) == len(variants)


def test_trap_07_routes_on_one_account_share_a_cell() -> None:
    one = scheme(scope=["a", "b"], inject={"header": {"X": "{token}"}}, refused=[{"status": 403}])
    assert one.identity == scheme(scope="a b").identity


def test_reprs_hold_no_secret() -> None:
    made = scheme("s3cr3t", client_auth="post", params={"p": "s3cr3t"})
    assert "s3cr3t" not in repr(made)
    assert "s3cr3t" not in repr(first(made))


@pytest.mark.parametrize(
    ("written", "reply", "words"),
    [
        ({"client_secret": "a+b"}, IssuerReply(401, {}, b'{"error": "invalid_client"}'), "basic_raw"),
        ({"client_id": "a b"}, IssuerReply(403, {}, b""), "basic_raw"),
        (
            {"grant": "password", "username": "u", "password": "p"},
            IssuerReply(400, {}, b'{"error": "invalid_grant"}'),
            "password",
        ),
        ({}, IssuerReply(400, {}, b'{"error": "invalid_scope"}'), "set `scope`"),
        ({"scope": "x"}, IssuerReply(400, {}, b'{"error": "invalid_scope"}'), "Correct `scope`"),
    ],
)
def test_a_refusal_is_explained_by_what_was_sent(written: dict[str, Any], reply: IssuerReply, words: str) -> None:
    flow = scheme(**written).login(0.0, None)
    next(flow)
    with pytest.raises(IssuerError) as refused:
        flow.send(reply)
    assert refused.value.failure is FailureClass.CREDENTIAL
    assert words in (refused.value.hint or "")


@pytest.mark.parametrize("written", [{}, {"client_secret": "a+b", "client_auth": "basic_raw"}, {"client_auth": "post"}])
def test_raw_basic_is_not_suggested_where_nothing_is_encoded(written: dict[str, Any]) -> None:
    flow = scheme(**written).login(0.0, None)
    next(flow)
    with pytest.raises(IssuerError) as refused:
        flow.send(IssuerReply(401, {}, b'{"error": "invalid_client"}'))
    assert "basic_raw" not in (refused.value.hint or "")


def test_the_raw_pair_is_hidden_as_well() -> None:
    pair = base64.b64encode(b"id:a+b").decode()
    flow = scheme(client_secret="a+b", client_auth="basic_raw").login(0.0, None)
    next(flow)
    with pytest.raises(IssuerError) as refused:
        flow.send(IssuerReply(401, {}, json.dumps({"error_description": f"no: {pair}"}).encode()))
    assert pair not in refused.value.message


def test_scopes_that_lack_and_the_issuers_wish() -> None:
    flow = scheme(scope="read write").login(0.0, None)
    next(flow)
    minted = finish(
        flow, IssuerReply(200, {}, b'{"access_token": "abc", "expires_in": 3600, "refresh_in": 1800, "scope": "read"}')
    )
    assert (minted.lacks, minted.refresh_in) == (("write",), 1800)


def test_an_absolute_end_is_read_unasked() -> None:
    flow = scheme().login(0.0, None)
    next(flow)
    assert finish(flow, IssuerReply(200, {}, b'{"access_token": "abc", "expires_at": 1000}')).lifetime == 1000
