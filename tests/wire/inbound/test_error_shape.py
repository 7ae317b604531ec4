"""Errors in the shapes that vendors' SDKs read: nothing but the colliding members is lost."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import get_args

import pytest

from proxy.errors import CODES, MENDED_BY_A_PERSON, Code, Fault
from proxy.http.error_shape import ErrorShape
from proxy.wire.inbound.error_shape import shaped
from proxy.wire.inbound.problem import kind_of_problem, problem

TOP = {
    "openai": {"error"},
    "anthropic": {"error", "type"},
    "google": {"error"},
    "aws": {"__type"},
    "mcp": {"jsonrpc", "id", "error"},
    "bce": {"requestId"},
    "elasticsearch": {"error"},
    "oauth": {"error", "error_description"},
    "errcode": {"errcode", "errmsg"},
    "msg": {"code", "msg"},
    "telegram": {"ok", "error_code", "description"},
    "tos": {"Code", "Message", "RequestId"},
}


def fault(code: Code, retry_after: float | None = None) -> Fault:
    return Fault(code, "a <detail> & more", provider="crm", retry_after=retry_after)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", TOP)
def test_all_but_the_shapes_own_members_stays(code: Code, shape: ErrorShape) -> None:
    error = fault(code, 5.0)
    document = json.loads(shaped(error, shape)[1])
    plain = error.problem()
    assert {key: document[key] for key in plain.keys() - TOP[shape]} == {
        key: value for key, value in plain.items() if key not in TOP[shape]
    }
    assert TOP[shape] <= document.keys() <= plain.keys() | TOP[shape]
    assert document["message"] == plain["message"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", [None, *get_args(ErrorShape)])
def test_the_code_and_the_advice_are_in_the_headers_whatever_the_shape(code: Code, shape: ErrorShape | None) -> None:
    headers, _ = problem(fault(code), shape)
    assert ("X-Keyless-Error", code) in headers
    assert fault(code).advice in (*headers, None)


COME_BACK = re.compile(
    r"server.?error|internal.?error|overloaded|unavailable|rate.?limit|too.many|exhausted|again (later|in)|time.?out"
    r"|connection|429|50[0234]|524",
    re.IGNORECASE,
)
"""Words in an error's body after which agents try again in silence, whatever its status is (opencode 1.18)."""


@pytest.mark.parametrize("code", [code for code, known in CODES.items() if known.status == MENDED_BY_A_PERSON])
@pytest.mark.parametrize("shape", [None, *get_args(ErrorShape)])
def test_what_a_person_must_mend_reads_like_nothing_that_passes(code: Code, shape: ErrorShape | None) -> None:
    assert not COME_BACK.findall(shaped(fault(code), shape)[1].decode())


def test_without_a_shape_it_is_a_problem_document() -> None:
    headers, body = shaped(fault("no_route"), None)
    assert (headers, json.loads(body)) == ((), fault("no_route").problem())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("bad_request", "invalid_request_error"),
        ("client_key_required", "authentication_error"),
        ("path_refused", "permission_error"),
        ("rate_limited", "rate_limit_error"),
        ("provider_unconfigured", "invalid_request_error"),
        ("internal_error", "server_error"),
    ],
)
def test_openais(code: Code, kind: str) -> None:
    error = json.loads(shaped(fault(code), "openai")[1])["error"]
    assert (error["type"], error["code"], error["param"]) == (kind, code, None)
    assert "a <detail> & more" in error["message"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("bad_request", "invalid_request_error"),
        ("credential_refused", "api_error"),
        ("body_too_large", "request_too_large"),
        ("token_unavailable", "overloaded_error"),
        ("upstream_unreachable", "api_error"),
        ("upstream_timeout", "timeout_error"),
    ],
)
def test_anthropics(code: Code, kind: str) -> None:
    document = json.loads(shaped(fault(code), "anthropic")[1])
    assert (document["type"], document["error"]["type"], document["code"]) == ("error", kind, code)


@pytest.mark.parametrize(
    ("code", "wait", "kind", "retry"),
    [
        ("provider_unconfigured", None, "FAILED_PRECONDITION", None),
        ("rate_limited", 7.0, "RESOURCE_EXHAUSTED", "7s"),
        ("rate_limited", 86400.0, "RESOURCE_EXHAUSTED", None),
        ("internal_error", None, "INTERNAL", None),
        ("method_refused", None, "INVALID_ARGUMENT", None),
    ],
)
def test_googles(code: Code, wait: float | None, kind: str, retry: str | None) -> None:
    error = json.loads(shaped(fault(code, wait), "google")[1])["error"]
    assert (error["code"], error["status"]) == (CODES[code].status, kind)
    assert error["details"][0]["reason"] == code.upper()
    assert [each["retryDelay"] for each in error["details"][1:]] == ([] if retry is None else [retry])


@pytest.mark.parametrize(
    ("code", "kind"),
    [("rate_limited", "ThrottlingException"), ("login_required", "LoginRequiredException")],
)
def test_awss(code: Code, kind: str) -> None:
    headers, body = shaped(fault(code), "aws")
    assert json.loads(body)["__type"] == kind
    assert headers == (("x-amzn-errortype", kind),)


@pytest.mark.parametrize(("code", "kind"), [("rate_limited", "SlowDown"), ("login_required", "LoginRequired")])
def test_s3s_is_xml_with_all_that_json_has(code: Code, kind: str) -> None:
    tree = ET.fromstring(shaped(fault(code, 9.0), "s3")[1])
    plain = fault(code, 9.0).problem()
    assert (tree.tag, kind_of_problem(b"*/*", "s3")) == ("Error", "application/xml")
    assert tree.findtext("Code") == kind
    assert tree.findtext("Message") == plain["message"]
    assert {each.tag for each in tree} == {"Code", "Message", "Resource", "RequestId"} | plain.keys() - {
        "code",
        "message",
        "error",
    }
    assert tree.findtext("retry_after") == "9"


@pytest.mark.parametrize(
    ("shape", "words"),
    [("errcode", "errmsg"), ("msg", "msg"), ("telegram", "description"), ("tos", "Message"), ("bce", "message")],
)
def test_the_words_stand_where_the_vendor_puts_them(shape: ErrorShape, words: str) -> None:
    document = json.loads(shaped(fault("provider_unconfigured"), shape)[1])
    assert document[words] == fault("provider_unconfigured").problem()["message"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("bad_request", "invalid_request"),
        ("client_key_required", "invalid_client"),
        ("route_refused", "unauthorized_client"),
        ("provider_unconfigured", "unauthorized_client"),
        ("rate_limited", "temporarily_unavailable"),
        ("token_unavailable", "temporarily_unavailable"),
    ],
)
def test_token_endpoints(code: Code, kind: str) -> None:
    error = Fault(code, 'a "detail" \\ Schlüssel', provider="crm")
    document = json.loads(shaped(error, "oauth")[1])
    assert document["error"] == kind
    assert document["error_description"] == error.problem()["message"].translate(str.maketrans('"\\ü', "'''"))
    assert kind_of_problem(None, "oauth") == "application/json"


@pytest.mark.parametrize(("shape", "number"), [("errcode", "errcode"), ("msg", "code"), ("telegram", "error_code")])
def test_the_number_is_one(shape: ErrorShape, number: str) -> None:
    assert json.loads(shaped(fault("login_required"), shape)[1])[number] == 424


def test_elasticsearchs_has_the_cause_twice() -> None:
    document = json.loads(shaped(fault("login_required"), "elasticsearch")[1])
    (cause,) = document["error"]["root_cause"]
    assert cause == {"type": "login_required", "reason": document["error"]["reason"]}
    assert document["status"] == 424
