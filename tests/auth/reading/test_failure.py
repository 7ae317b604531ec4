from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from proxy.auth.keys.reply import ErrorRule
from proxy.auth.paths import read_json
from proxy.auth.reading.failure import Diagnosis, retry_after, scrub
from proxy.auth.reading.meaning import HINTS, PLAIN, Advice
from proxy.auth.token import IssuerReply
from proxy.errors import FailureClass, IssuerError

WALL = 1_700_000_000.0
PASSING, CREDENTIAL, LOGIN = FailureClass.PASSING, FailureClass.CREDENTIAL, FailureClass.LOGIN


def explain(
    status: int,
    document: Any = None,
    *,
    rules: list[dict[str, Any]] = [],  # noqa: B006 -- never changed
    secrets: frozenset[str] = frozenset(),
    refreshing: bool = False,
    headers: dict[str, str] | None = None,
    path: str | None = None,
    advice: Advice = PLAIN,
) -> IssuerError:
    body = b"" if document is None else json.dumps(document).encode()
    diagnosis = Diagnosis.compile(path, [ErrorRule.model_validate(rule) for rule in rules], advice)
    reply = IssuerReply(status, headers or {}, body)
    return diagnosis.explain(reply, document, "", WALL, secrets, refreshing=refreshing)


@pytest.mark.parametrize(
    ("status", "code", "failure", "again"),
    [
        *((400, code, CREDENTIAL, False) for code in HINTS),
        (401, "invalid_client", CREDENTIAL, False),
        (200, "invalid_client", CREDENTIAL, False),
        (500, "invalid_client", CREDENTIAL, False),
        (400, "server_error", PASSING, True),
        (200, "temporarily_unavailable", PASSING, True),
        (400, "odd_vendor_code", CREDENTIAL, False),
        (200, "odd_vendor_code", PASSING, False),
        (400, None, CREDENTIAL, False),
        (401, None, CREDENTIAL, False),
        (403, None, CREDENTIAL, False),
        (404, None, CREDENTIAL, False),
        (408, None, PASSING, True),
        (429, None, PASSING, True),
        (429, "invalid_request", PASSING, True),
        (500, None, PASSING, True),
        (503, None, PASSING, True),
        (599, None, PASSING, True),
        (200, None, PASSING, False),
        (204, None, PASSING, False),
        (302, None, CREDENTIAL, False),
        (307, "invalid_request", CREDENTIAL, False),
        (600, None, PASSING, False),
    ],
)
def test_trap_14_classes(status: int, code: str | None, failure: FailureClass, again: bool) -> None:
    error = explain(status, None if code is None else {"error": code})
    assert (error.failure, error.again, error.error) == (failure, again, code)


def test_invalid_grant_on_a_stored_refresh_token_wants_a_login() -> None:
    assert explain(400, {"error": "invalid_grant"}, refreshing=True).failure is LOGIN
    assert explain(400, {"error": "invalid_grant"}).failure is CREDENTIAL
    assert explain(400, {"error": "invalid_client"}, refreshing=True).failure is CREDENTIAL


UNKNOWN_OR_WRONG = (
    "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported "
    "authentication method)"
)


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"error": "invalid_grant"}),
        (400, {"error": "invalid_request", "error_description": "Invalid request"}),
        (400, {"error": "invalid_request"}),
        (400, None),
        (400, {"error": {"code": 400, "message": "INVALID_REFRESH_TOKEN", "status": "INVALID_ARGUMENT"}}),
        (400, {"error": {"code": 400, "message": "TOKEN_EXPIRED"}}),
        (401, {"message": "the refresh token has expired"}),
        (403, {"error": "expired_refresh_token"}),
    ],
)
def test_a_dead_refresh_token_in_the_words_of_real_servers(status: int, document: Any) -> None:
    """Only where one was what was sent."""
    assert explain(status, document, refreshing=True).failure is LOGIN
    assert explain(status, document).failure is CREDENTIAL


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"error": "invalid_request", "error_description": "Missing parameter: client_id"}),
        (400, {"error": "invalid_request", "error_description": "scope is required"}),
        (400, {"error": "invalid_client", "error_description": UNKNOWN_OR_WRONG}),
        (400, {"error": "unsupported_grant_type"}),
        (401, None),
    ],
)
def test_a_refresh_that_is_refused_for_something_else(status: int, document: Any) -> None:
    assert explain(status, document, refreshing=True).failure is CREDENTIAL


@pytest.mark.parametrize("words", [UNKNOWN_OR_WRONG, "client authentication failed", "Invalid client credentials"])
def test_one_text_for_both_names_both(words: str) -> None:
    hint = explain(401, {"error": "invalid_client", "error_description": words}).hint or ""
    assert "client id" in hint
    assert "client secret" in hint


@pytest.mark.parametrize(
    ("document", "advice"),
    [
        ({"error": "invalid_request", "error_description": "Missing scope"}, PLAIN),
        ({"error": "invalid_request", "error_description": "scope is required"}, PLAIN),
        ({"error": "invalid_scope", "error_description": "The scope parameter must not be empty"}, PLAIN),
        (
            {
                "error": "invalid_request",
                "error_description": "AADSTS900144: The request body must contain the following parameter: 'scope'.",
            },
            PLAIN,
        ),
        ({"error": "invalid_scope"}, Advice(scopeless=True)),
    ],
)
def test_a_missing_scope(document: Any, advice: Advice) -> None:
    assert "set `scope`" in (explain(400, document, advice=advice).hint or "")


def test_a_scope_that_is_wrong_is_not_missing() -> None:
    assert "Correct `scope`" in (explain(400, {"error": "invalid_scope"}).hint or "")


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (400, {"error": "invalid_grant", "error_description": "Invalid credentials given."}),
        (400, {"error": "invalid_grant"}),
        (403, {"error": "access_denied", "error_description": "The resource owner denied the request."}),
        (400, {"error": "invalid_request", "error_description": 'Invalid "username" or "password" in request.'}),
        (403, None),
    ],
)
def test_a_wrong_user_name_or_password(status: int, document: Any) -> None:
    assert "user name or the password" in (explain(status, document, advice=Advice(person=True)).hint or "")
    assert "user name or the password" not in (explain(status, document).hint or "")


def test_a_wrong_client_beside_a_user_name() -> None:
    assert "client id" in (explain(401, {"error": "invalid_client"}, advice=Advice(person=True)).hint or "")


@pytest.mark.parametrize(
    ("status", "document", "told"),
    [
        (400, {"error": "invalid_client"}, True),
        (401, None, True),
        (400, None, True),
        (400, {"error": "invalid_request"}, True),
        (403, {"error": "unauthorized_client"}, True),
        (400, {"error": "invalid_scope"}, False),
        (404, None, False),
    ],
)
def test_what_may_be_wrong_with_the_proof_is_told_of_refused_clients(status: int, document: Any, told: bool) -> None:
    hint = explain(status, document, advice=Advice(proof="Try basic_raw.")).hint or ""
    assert hint.endswith(" Try basic_raw.") is told


@pytest.mark.parametrize(
    ("status", "document", "message"),
    [
        (400, {"error": {"code": 400, "message": "INVALID_REFRESH_TOKEN"}}, "400 INVALID_REFRESH_TOKEN"),
        (400, {"errcode": 40013, "errmsg": "40013: invalid appid"}, "400 40013: invalid appid"),
        (400, {"errcode": 40013, "errmsg": "invalid appid"}, "400 40013: invalid appid"),
        (401, {"message": "401 Unauthorized"}, "401 Unauthorized"),
        (400, {"error": "invalid_client", "error_description": "invalid_client"}, "400 invalid_client"),
        (400, {"error": "invalid_client"}, "400 invalid_client"),
        (401, {"code": 401}, "401"),
    ],
)
def test_a_number_is_said_once(status: int, document: Any, message: str) -> None:
    assert explain(status, document).message == f"the issuer answered {message}"


@pytest.mark.parametrize(
    ("status", "document", "hint"),
    [
        (401, {"error": "invalid_client", "error_description": "unknown client id"}, "API key"),
        (401, {"error": "invalid_client", "error_description": "Client authentication failed"}, "client secret"),
        (400, {"error": "redirect_uri_mismatch"}, "grant"),
        (403, {"message": "IP 10.0.0.1 not in whitelist"}, "allow-list"),
        (403, {"errcode": 40164, "errmsg": "invalid ip, not in whitelist"}, "allow-list"),
        (403, {"msg": "IP白名单"}, "allow-list"),
        (400, {"error_description": "quota exceeded"}, "quota"),
        (302, None, "redirects"),
        (404, None, "URL"),
        (418, None, "documentation"),
    ],
)
def test_hints(status: int, document: Any, hint: str) -> None:
    assert hint in (explain(status, document).hint or "")


def test_a_quota_passes_whatever_its_status() -> None:
    error = explain(400, {"error": "invalid_request", "error_description": "Daily limit reached"})
    assert (error.failure, error.again) == (PASSING, False)


def test_the_providers_own_rules_come_first() -> None:
    rules: list[dict[str, Any]] = [
        {"status": 401, "json": {"error": "invalid_client"}, "message": {"text": "busy"}, "hint": "wait"},
        {"body": "frozen", "class": "credential", "hint": "thaw"},
        {"status": [400], "json": {"code": [1, 2]}, "class": "login"},
    ]
    busy = explain(401, {"error": "invalid_client", "text": "busy"}, rules=rules)
    assert (busy.failure, busy.hint, busy.again) == (PASSING, "wait", False)
    assert explain(401, {"error": "invalid_client"}, rules=rules).failure is CREDENTIAL
    assert explain(500, {"x": "FROZEN"}, rules=rules).hint == "thaw"
    assert explain(400, {"code": "2"}, rules=rules).failure is LOGIN
    assert explain(500, {"code": "2"}, rules=rules).failure is PASSING


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:12:20 GMT", None),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("9" * 400, None),
        ("\u0667", None),
    ],
)
def test_trap_14_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, WALL) == seconds


def test_trap_14_a_date_in_retry_after_is_by_the_issuers_clock() -> None:
    headers = {"retry-after": "Tue, 14 Nov 2023 22:08:20 GMT", "date": "Tue, 14 Nov 2023 22:07:20 GMT"}
    assert retry_after(headers, WALL) == 60
    assert retry_after({"retry-after": headers["retry-after"]}, WALL) is None


def test_retry_after_reaches_the_error_only_if_it_may_pass() -> None:
    headers = {"retry-after": "7"}
    assert explain(503, headers=headers).retry_after == 7
    assert explain(401, headers=headers).retry_after is None


@pytest.mark.parametrize(
    ("document", "code", "said"),
    [
        ({"error": "a_code", "error_description": "words"}, "a_code", "a_code: words"),
        ({"error": {"code": 7, "message": "words"}}, "7", "7: words"),
        ({"errcode": 40001, "errmsg": "words"}, "40001", "40001: words"),
        ({"error": "prose it is"}, None, "prose it is"),
        ({"error": "a_code"}, "a_code", "a_code"),
        ({"code": 0}, "0", "0"),
        ({"error": ["odd"]}, None, None),
        ([], None, None),
        ("text", None, None),
    ],
)
def test_codes_and_words_of_many_vendors(document: Any, code: str | None, said: str | None) -> None:
    error = explain(400, document)
    assert error.error == code
    assert error.message == "the issuer answered 400" + (f" {said}" if said else "")


def test_the_configured_path_says_it_best() -> None:
    assert explain(400, {"why": "mine", "msg": "other"}, path="why").message.endswith("mine")
    assert explain(400, {"why": None, "msg": "other"}, path="why").message.endswith("other")


@pytest.mark.parametrize("secret", ['p+%"/ä', "s3cr3t", "two words"])
def test_trap_26_a_message_holds_no_secret(secret: str) -> None:
    pair = base64.b64encode(secret.encode()).decode()
    for spelling in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], pair):
        error = explain(401, {"error": "x", "msg": f"no such key {spelling}!"}, secrets=frozenset({secret, pair}))
        assert error.message == "the issuer answered 401 x: no such key ***!"


def test_trap_26_a_code_holds_no_secret() -> None:
    assert explain(401, {"error": "key-s3cr3t"}, secrets=frozenset({"s3cr3t"})).error is None
    assert explain(401, {"error": "invalid_client"}, secrets=frozenset({"client", ""})).error == "invalid_client"


def test_texts_are_printable_and_short() -> None:
    assert scrub("a\r\nX-Evil: 1\x1b[31m\ud800\u202e", frozenset()) == "a X-Evil: 1 [31m"
    assert len(scrub("x" * 1000, frozenset())) == 200
    scrub(read_json(b'"\\ud800"'), frozenset({"a"})).encode()


def test_a_cut_never_shows_half_a_secret() -> None:
    text = "x" * 195 + "s3cr3t-value"
    assert "s3" not in scrub(text, frozenset({"s3cr3t-value"}))


@pytest.mark.parametrize(("date", "told"), [("Wed, 15 Nov 2023 22:07:20 GMT", "86040 s ahead"), (None, None)])
def test_a_clock_that_is_wrong_by_a_day_is_told_first(date: str | None, told: str | None) -> None:
    """What is signed by it is refused as a wrong key would be."""
    headers = {} if date is None else {"date": date}
    hint = explain(401, headers=headers).hint or ""
    assert hint.startswith("Set this machine's clock") is (told is not None)
    assert (told or "") in hint
    assert hint.endswith("where they are sent.")
