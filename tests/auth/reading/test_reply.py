from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.keys.reply import ReplyMap
from proxy.auth.reading.reply import LONGEST_TOKEN, ReplyReader
from proxy.auth.token import IssuerReply, Minted
from proxy.errors import FailureClass, IssuerError

WALL = 1_700_000_000.0
PASSING = FailureClass.PASSING
OAUTH = {"expires_in": "expires_in", "refresh_token": "refresh_token", "scope": "scope"}


def read(
    body: Any,
    status: int = 200,
    headers: dict[str, str] | None = None,
    ttl: float | None = None,
    secrets: frozenset[str] = frozenset(),
    bearer: bool = False,
    **reply: Any,
) -> Minted:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reader = ReplyReader.compile(ReplyMap.model_validate(reply or OAUTH), ttl, bearer=bearer)
    return reader.read(IssuerReply(status, headers or {}, raw), WALL, secrets)


def failing(*args: Any, **kwargs: Any) -> IssuerError:
    with pytest.raises(IssuerError) as caught:
        read(*args, **kwargs)
    return caught.value


def test_everything_that_a_reply_can_say() -> None:
    body = {"access_token": "abc", "expires_in": 3600, "refresh_token": "r1", "scope": "a b", "extra": {"x": 1}}
    assert read(body) == Minted("abc", 3600.0, None, "r1", "a b", body)


def test_an_envelope_with_minutes_and_a_wish() -> None:
    minted = read(
        {"code": "200", "data": {"accessToken": "abc", "expiresTime": 60, "refresh": 900}},
        ok={"code": 200},
        token="data.accessToken",
        expires_in={"path": "data.expiresTime", "unit": "minutes"},
        refresh_in="data.refresh",
    )
    assert (minted.value, minted.lifetime, minted.refresh_in) == ("abc", 3600.0, 900.0)


def test_a_token_in_a_header_with_its_expiry_in_the_body() -> None:
    minted = read(
        {"token": {"expires_at": "2023-11-14T23:13:20.000000Z"}},
        status=201,
        headers={"x-subject-token": "abc"},
        token="header: X-Subject-Token",
        expires_at={"path": "token.expires_at", "unit": "iso"},
    )
    assert (minted.value, minted.lifetime) == ("abc", 3600.0)


def test_a_token_in_a_header_needs_no_body() -> None:
    assert read(b"", status=204, headers={"x-t": "abc"}, token="header:X-T", ok={"header:X-T": "abc"}).value == "abc"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded; charset=utf-8", "text/plain"])
def test_a_form_as_github_sends_it(kind: str) -> None:
    minted = read(b"access_token=gho_1&expires_in=28800&scope=a%2Cb", headers={"content-type": kind})
    assert (minted.value, minted.lifetime, minted.scope) == ("gho_1", 28800.0, "a,b")


def test_an_error_as_github_sends_it() -> None:
    body = b"error=incorrect_client_credentials&error_description=The+client_id+is+wrong"
    error = failing(body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert error.error == "incorrect_client_credentials"


def test_scopes_in_a_list() -> None:
    assert read({"access_token": "a", "scope": ["x", "y", 1, None]}).scope == "x y 1"


@pytest.mark.parametrize("value", [None, 1, "", "  ", {}, "a\nb", "\ud800"])
def test_odd_optional_parts_are_left_out(value: Any) -> None:
    minted = read({"access_token": "a", "refresh_token": value, "scope": value})
    assert (minted.refresh_token, minted.scope) == (None, None)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "an empty body"),
        (b" \n", "an empty body"),
        (b"<!doctype html><p>maintenance", "not JSON"),
        (b"access_token=abc", "not JSON"),
        (b'{"access_token": "abc"', "not JSON"),
        (gzip.compress(b'{"access_token": "abc"}', mtime=0), "not JSON"),
        (b"[" * 50_000, "not JSON"),
        (b"null", "not JSON"),
        ([], "no text at `access_token`"),
        ("abc", "no text at `access_token`"),
        ({}, "no text at `access_token`"),
        ({"access_token": None}, "no text at `access_token`"),
        ({"access_token": ""}, "no text at `access_token`"),
        ({"access_token": 5}, "no text at `access_token`"),
        ({"access_token": True}, "no text at `access_token`"),
        ({"access_token": ["abc"]}, "no text at `access_token`"),
        ({"access_token": {"v": "abc"}}, "no text at `access_token`"),
        ({"error": "something", "message": "odd"}, "no text at `access_token`"),
    ],
)
def test_trap_13_a_good_status_without_a_token_is_a_failure_that_passes(body: Any, why: str) -> None:
    error = failing(body)
    assert (error.failure, error.again) == (PASSING, False)
    assert why in error.message


def test_trap_13_an_oauth_error_beats_the_token_beside_it() -> None:
    error = failing({"access_token": "abc", "error": "invalid_scope"})
    assert (error.failure, error.error) == (FailureClass.CREDENTIAL, "invalid_scope")


@pytest.mark.parametrize("error", ["", None, 0, "OK"])
def test_a_field_named_error_is_no_error_by_itself(error: Any) -> None:
    assert read({"access_token": "abc", "error": error}).value == "abc"


@pytest.mark.parametrize("body", [{"code": 500, "t": "abc"}, {"t": "abc"}, {"code": None, "t": "abc"}, [], b""])
def test_trap_13_a_failing_ok_rule_is_a_failure(body: Any) -> None:
    error = failing(body, token="t", ok={"code": [200, 0]})
    assert (error.failure, error.again) == (PASSING, False)
    assert "`code`" in error.message


@pytest.mark.parametrize("status", [100, 301, 302, 400, 401, 403, 404, 429, 500, 503])
def test_no_other_status_brings_a_token(status: int) -> None:
    failing({"access_token": "abc", "expires_in": 3600}, status=status)


@pytest.mark.parametrize(
    "token",
    ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", " a", "a ", "\ta", "a\tb", "a\x7f", "ä", "令牌", "\ud800", "a\x1b[31m"],
    ids=ascii,
)
def test_trap_22_a_token_that_no_header_can_carry_is_refused_unshown(token: str) -> None:
    error = failing({"access_token": token})
    assert error.failure is PASSING
    assert error.message == "the token holds characters that no header can carry"


def test_trap_22_a_token_without_end_is_refused() -> None:
    assert read({"access_token": "a" * LONGEST_TOKEN}).value
    assert "longer" in failing({"access_token": "a" * (LONGEST_TOKEN + 1)}).message


@pytest.mark.parametrize("value", ["a", "a b", "Bearer abc", "a~!@#$%^&*()_+{}|:\"<>?`-=[]\\;',./"])
def test_visible_tokens_are_taken_as_they_are(value: str) -> None:
    assert read({"access_token": value}).value == value


def test_trap_08_zero_without_a_ttl_is_five_minutes_and_said() -> None:
    minted = read({"access_token": "abc", "expires_in": 0})
    assert (minted.lifetime, minted.doubt) == (300.0, "`expires_in` gives a lifetime of 0 s")
    assert read({"access_token": "abc", "expires_in": 0}, ttl=900.0).doubt is None


def test_the_replys_own_date_is_the_clock_of_its_times() -> None:
    headers = {"date": "Tue, 14 Nov 2023 22:07:20 GMT"}  # six minutes behind
    minted = read({"access_token": "abc", "end": WALL - 60}, headers=headers, expires_at="end")
    assert (minted.lifetime, minted.dated) == (300.0, WALL - 360)


@pytest.mark.parametrize("kind", ["mac", "MAC", "DPoP", "dpop", " pop "])
def test_a_token_that_needs_a_proof_is_not_sent_as_bearer(kind: str) -> None:
    body = {"access_token": "abc", "token_type": kind}
    error = failing(body, bearer=True)
    assert error.failure is FailureClass.CREDENTIAL
    assert kind.strip() in error.message
    assert "RFC 6749 §7.1" in error.message
    assert "`inject`" in (error.hint or "")
    assert read(body).value == "abc", "`inject` says how it is sent"


@pytest.mark.parametrize(
    "kind", ["Bearer", "bearer", "BEARER", "BearerToken", "bearer_token", "session", "JWT", "N_A", "", None, 7, ["mac"]]
)
def test_vendors_words_for_bearer(kind: Any) -> None:
    assert read({"access_token": "abc", "token_type": kind}, bearer=True).value == "abc"


def test_trap_26_the_secret_that_an_issuer_echoes_is_masked() -> None:
    error = failing({"error": "x", "error_description": "key s3cr3t is bad"}, status=401, secrets=frozenset({"s3cr3t"}))
    assert "s3cr3t" not in error.message
    assert "***" in error.message


def test_reprs_hold_no_secret() -> None:
    minted = read({"access_token": "s3cr3t-token", "refresh_token": "s3cr3t-refresh"})
    assert "s3cr3t" not in repr(minted)


replies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["abc", "invalid_grant"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["access_token", "expires_in", "error", "error_description", "code", "msg", "a"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)
statuses = st.sampled_from([200, 201, 204, 301, 400, 401, 429, 500]) | st.integers(100, 999)
READERS = [
    ReplyReader.compile(ReplyMap.model_validate(reply), None)
    for reply in (
        OAUTH,
        {"token": "a || length(@)", "expires_at": {"path": "expires_in", "unit": "iso"}, "ok": {"max(code)": 1}},
        {"token": "header:X", "expires_in": "header:Y", "errors": [{"body": ["x"], "message": {"*.msg": "."}}]},
    )
]


@given(
    st.binary() | replies.map(lambda reply: json.dumps(reply).encode()),
    statuses,
    st.dictionaries(st.sampled_from(["content-type", "retry-after", "x", "y"]), st.text() | st.just("text/plain")),
    st.frozensets(st.text(max_size=3), max_size=2),
    st.booleans(),
)
def test_trap_13_any_reply_is_a_minted_or_an_issuer_error(
    body: bytes, status: int, headers: dict[str, str], secrets: frozenset[str], refreshing: bool
) -> None:
    for reader in READERS:
        try:
            minted = reader.read(IssuerReply(status, headers, body), WALL, secrets, refreshing=refreshing)
        except IssuerError as error:
            assert error.message.isprintable()  # noqa: PT017 -- not every reply fails
        else:
            assert minted.lifetime > 0
            assert minted.value.isascii()
            assert minted.value.isprintable()
