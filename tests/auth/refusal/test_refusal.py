from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.keys.provider import BY_STATUS, RefusalRule
from proxy.auth.refusal.refusal import Refusals, Verdict

JSON = [(b"Content-Type", b"application/json")]
EVENTS = [(b"content-type", b"text/event-stream")]
ACCEPTED, REFUSED, READ_BODY = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.READ_BODY


def rules(*written: dict[str, Any]) -> Refusals:
    return Refusals.compile([RefusalRule.model_validate(rule) for rule in written])


CHALLENGE = {"header": {"WWW-Authenticate": "invalid_token"}}
INVALID = (b"WWW-Authenticate", b"Bearer error=invalid_token")
BAIDU = rules({"json": {"error_code": [110, 111]}})


def refused(
    refusals: Refusals,
    body: bytes,
    status: int = 200,
    headers: list[tuple[bytes, bytes]] = JSON,
    complete: bool = True,
    age: float = 1e9,
    safe: bool = False,
) -> bool:
    """As the request path asks: the head first, the body only if it must be read."""
    verdict = refusals.head(status, headers, age, safe)
    if verdict is not READ_BODY:
        return verdict is REFUSED
    return refusals.reading(status, headers, age, safe).refuses(body, complete)


def wants_more(refusals: Refusals, headers: list[tuple[bytes, bytes]], prefix: bytes) -> bool:
    return refusals.reading(200, headers, 1e9, False).wants_more(prefix)


def test_the_default_is_401_and_without_rules_it_is_never() -> None:
    default, static = Refusals.compile(BY_STATUS), Refusals.compile([])
    assert [default.head(status, [], 0, False) for status in (200, 401, 403)] == [ACCEPTED, REFUSED, ACCEPTED]
    assert static.head(401, [], 0, False) is ACCEPTED
    assert not default.reads_body


@pytest.mark.parametrize(
    ("rule", "status", "headers", "age", "safe", "verdict"),
    [
        ({"status": [401, 403]}, 403, [], 0, False, REFUSED),
        ({"status": 403, "older_than": "60s"}, 403, [], 59.9, False, ACCEPTED),
        ({"status": 403, "older_than": "60s"}, 403, [], 60, False, REFUSED),
        ({"status": 403, "safe_only": True}, 403, [], 0, False, ACCEPTED),
        ({"status": 403, "safe_only": True}, 403, [], 0, True, REFUSED),
        (CHALLENGE, 400, [(b"www-authenticate", b'Bearer error="Invalid_Token"')], 0, False, REFUSED),
        (CHALLENGE, 400, [(b"a", b""), (b"WWW-Authenticate", b"Basic"), INVALID], 0, False, REFUSED),
        (CHALLENGE, 403, [(b"www-authenticate", b"Bearer error=insufficient_scope")], 0, False, ACCEPTED),
        ({"header": {"a": "1", "b": "2"}}, 200, [(b"a", b"1")], 0, False, ACCEPTED),
        ({"content_type": "text/html"}, 200, [(b"content-type", b"Text/HTML; charset=x")], 0, False, REFUSED),
        ({"content_type": "text/html"}, 200, [], 0, False, ACCEPTED),
        ({"status": 200, "content_type": "text/html"}, 201, [(b"content-type", b"text/html")], 0, False, ACCEPTED),
        ({"status": 200, "json": {"a": 1}}, 201, JSON, 0, False, ACCEPTED),
        ({"status": 200, "json": {"a": 1}}, 200, JSON, 0, False, READ_BODY),
        ({"json": {"a": 1}, "older_than": "60s"}, 200, JSON, 0, False, ACCEPTED),
        ({"json": {"a": 1}, "header": {"x": "y"}}, 200, JSON, 0, False, ACCEPTED),
    ],
)  # fmt: skip
def test_heads(
    rule: dict[str, Any], status: int, headers: list[tuple[bytes, bytes]], age: float, safe: bool, verdict: Verdict
) -> None:
    assert rules(rule).head(status, headers, age, safe) is verdict


def test_trap_33_a_missing_page_costs_no_token_while_the_token_is_young() -> None:
    n8n = rules({"status": [403, 404], "older_than": "60s"}, {"status": 401})
    assert n8n.head(404, [], 5, True) is ACCEPTED
    assert n8n.head(404, [], 600, True) is REFUSED
    assert n8n.head(401, [], 5, True) is REFUSED


def test_a_general_rule_also_applies_to_statuses_that_others_name() -> None:
    both = rules({"status": 400, "json": {"a": 1}}, {"header": {"x": "y"}})
    assert both.head(400, [(b"x", b"y")], 0, False) is REFUSED
    assert both.head(500, [(b"x", b"y")], 0, False) is REFUSED
    assert refused(both, b'{"a": 1}', 400)
    assert not refused(both, b'{"a": 1}', 401)


@pytest.mark.parametrize("rule", [{}, {"older_than": "60s"}, {"safe_only": True}, {"status": []}, {"json": {}}])
def test_a_rule_that_would_refuse_everything_is_no_rule(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs one of"):
        rules(rule)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error_code": 110}', True),
        (b'{"error_code": "110"}', True),
        (b'{"error_code": 110.0}', True),
        (b'\xef\xbb\xbf{"error_code": 111}', True),
        ('{"error_code": 111}'.encode("utf-16"), True),
        (b'{"error\\u005fcode": 111}', True),
        ('{"error_code":111,"error_msg":"过期"}'.encode("gbk"), True),
        (b'{"error_code": 111, "x": NaN}', True),
        (b'{"error_code": 1100}', False),
        (b'{"error_code": null}', False),
        (b'{"error_code": [[110]]}', False),
        (b'{"error_code": true}', False),
        (b'[{"error_code": 110}]', False),
        (b'"error_code: 110"', False),
        (b'{"error_code": 110', False),
        (b"", False),
        (b"<html>110</html>", False),
        (b'{"error_code": ' + b"[" * 5000, False),
        (b'{"a":' * 1500 + b'"error_code"', False),
    ],
)
def test_trap_34_a_code_inside_a_200(body: bytes, expected: bool) -> None:
    assert refused(BAIDU, body) is expected


def test_trap_34_the_code_elsewhere_in_a_payload_is_no_sign() -> None:
    for payload in (
        {"result": "error_code 110"},
        {"result": {"error_code": 110}},
        {"items": [{"error_code": 110}]},
        {"note": '{"error_code": 110}'},
        {"error_code": 0, "code": 110},
    ):
        assert not refused(BAIDU, json.dumps(payload).encode())


def test_trap_34_only_a_bounded_beginning_is_read() -> None:
    long = b'{"error_code": 110, "pad": "%b"}' % (b"x" * 9000)
    assert not refused(BAIDU, long)
    assert not refused(BAIDU, long[:8192], complete=False)
    assert BAIDU.head(200, [*JSON, (b"content-length", b"9000")], 0, False) is ACCEPTED
    assert BAIDU.head(200, [*JSON, (b"content-length", b"8192")], 0, False) is READ_BODY
    markers = rules({"body": ["EXPIRED"]})
    assert markers.head(200, [*JSON, (b"content-length", b"9000")], 0, False) is READ_BODY
    assert refused(markers, b"Expired" + b"x" * 9000, complete=False)
    assert not refused(markers, b"x" * 8192 + b"expired")


def test_trap_34_gzip_is_read_on_a_copy() -> None:
    packed = [*JSON, (b"content-encoding", b"gzip")]
    assert refused(BAIDU, gzip.compress(b'{"error_code": 110}'), headers=packed)
    assert not refused(BAIDU, gzip.compress(b'{"error_code": 110}')[:-12], headers=packed)
    assert not refused(BAIDU, b'{"error_code": 110}', headers=packed)
    assert not refused(BAIDU, gzip.compress(b'{"error_code": 110, "a": "%b"}' % (b"a" * 9000)), headers=packed)
    assert BAIDU.head(200, [*JSON, (b"content-encoding", b"br")], 0, False) is ACCEPTED


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, [(b"content-type", b"image/png")]),
        (200, [(b"content-type", b"application/octet-stream")]),
        (200, [(b"content-type", b"application/x-ndjson")]),
        (200, [*JSON, (b"content-disposition", b"attachment")]),
        (200, [*JSON, (b"content-length", b"0")]),
        (204, JSON),
        (304, JSON),
        (101, JSON),
    ],
)
def test_trap_34_other_replies_are_left_alone(status: int, headers: list[tuple[bytes, bytes]]) -> None:
    assert rules({"body": "110"}, {"json": {"a": 1}}).head(status, headers, 0, False) is ACCEPTED


def test_xml_is_read_for_substrings_only() -> None:
    xml = [(b"content-type", b"text/xml")]
    assert BAIDU.head(200, xml, 0, False) is ACCEPTED
    assert refused(rules({"body": "signin required"}), b"<error>Signin Required</error>", headers=xml)


@pytest.mark.parametrize(
    ("prefix", "complete", "expected"),
    [
        (b'data: {"error_code": 110}\n\n', False, True),
        (b'event: error\r\ndata: {"error_code":\r\ndata: 110}\r\n\r\ndata: x', False, True),
        (b'data: {"error_code": 110}', True, True),
        (b'data: {"error_code": 110}\n', False, False),
        (b'data: {"id": 1}\n\ndata: {"error_code": 110}\n\n', False, False),
        (b": ping\n\n", False, False),
        (b'{"error_code": 110}\n\n', True, False),
    ],
)
def test_trap_35_the_first_event_of_a_stream(prefix: bytes, complete: bool, expected: bool) -> None:
    assert refused(BAIDU, prefix, headers=EVENTS, complete=complete) is expected


@pytest.mark.parametrize(
    ("headers", "prefix", "more"),
    [
        (EVENTS, b"", True),
        (EVENTS, b"data: 1\n", True),
        (EVENTS, b"data: 1\n\n", False),
        (EVENTS, b"data: " + b"x" * 9000, False),
        (JSON, b'{"a"', True),
        (JSON, b"[1, ", False),
        (JSON, b"{" + b" " * 9000, False),
        ([*JSON, (b"content-encoding", b"gzip")], gzip.compress(b"{}", mtime=0)[:8], True),
        ([*JSON, (b"content-encoding", b"gzip")], b"no gzip", False),
        ([*EVENTS, (b"content-encoding", b"gzip")], gzip.compress(b"data: 1\n\n", mtime=0), False),
        ([*JSON, (b"content-encoding", b"gzip")], gzip.compress(b"0" * 100_000, mtime=0), False),
    ],
)
def test_trap_35_no_more_is_waited_for_than_can_matter(
    headers: list[tuple[bytes, bytes]], prefix: bytes, more: bool
) -> None:
    assert wants_more(BAIDU, headers, prefix) is more


INDEXED = rules({"json": {"[0].errorCode": "INVALID_SESSION_ID"}})
MARKERS = rules({"body": "expired"})
PLAIN = [(b"content-type", b"text/plain; charset=utf-8")]


@pytest.mark.parametrize(
    ("refusals", "prefix", "more"),
    [
        (BAIDU, b"Hello there ", False),
        (BAIDU, b'0:"Hello"\n', False),
        (BAIDU, b"<p>", False),
        (BAIDU, "\uff0c你好".encode(), False),
        (BAIDU, b" \r\n", True),
        (BAIDU, b"\xef\xbb", True),
        (BAIDU, b'\xef\xbb\xbf {"a', True),
        (BAIDU, '{"a'.encode("utf-16"), True),
        (BAIDU, ' {"a'.encode("utf-16-le"), True),
        (BAIDU, '{"a'.encode("utf-16-be"), True),
        (BAIDU, b'{"type":"ADDED"}\n', False),
        (BAIDU, b'{"type":"ADDED"}\n{"ty', False),
        (BAIDU, b'{"type":"ADD', True),
        (INDEXED, b"Hello there ", False),
        (INDEXED, b'0:"Hello"\n', False),
        (INDEXED, b"12", True),
        (INDEXED, b'[{"n":0}', True),
        (INDEXED, b'[{"n":0}]', False),
        (MARKERS, b"Hello there ", True),
        (MARKERS, b"12 monkeys", True),
        (MARKERS, b'{"type":"ADDED"}\n', False),
        (MARKERS, b"x" * 8193, False),
        (rules({"json": {"a": 1}}, {"body": "expired"}), b"Hello", True),
        (rules({"json": {"a": 1}, "body": "expired"}), b"Hello", False),
        (rules({"json": {"a": 1}, "content_type": "application/json"}, {"body": "expired"}), b"{", True),
        (rules({"json": {"a": 1}, "content_type": "application/json"}, {"json": {"[0]": 1}}), b"Hello", False),
    ],
)
def test_trap_35_a_stream_is_waited_for_only_while_a_rule_can_match(
    refusals: Refusals, prefix: bytes, more: bool
) -> None:
    assert wants_more(refusals, PLAIN, prefix) is more


@pytest.mark.parametrize(
    "body", [b'{"error_code": 110}\n', b'{"error_code": 110}\n{"n": 1}\n', b'{"error_code": 110} x']
)
@pytest.mark.parametrize("complete", [True, False])
def test_the_first_of_several_documents_refuses(body: bytes, complete: bool) -> None:
    assert refused(BAIDU, body, complete=complete)
    assert not refused(BAIDU, b'{"n": 1}\n' + body, complete=complete)


def test_a_rule_on_what_is_not_there_needs_a_document() -> None:
    missing = rules({"json": {"!data": True}})
    assert refused(missing, b"{}")
    for body in (b"<p>", b'{"dat', b""):
        assert not refused(missing, body)
        assert not refused(missing, body, complete=False)


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        (JSON, True),
        (EVENTS, True),
        ([*PLAIN, (b"content-length", b"8192")], False),
        ([*PLAIN, (b"content-length", b"8193")], True),
    ],
)
def test_what_may_come_as_it_is_made(headers: list[tuple[bytes, bytes]], may: bool) -> None:
    assert MARKERS.reading(200, headers, 0, False).may_be_stream is may


def test_an_array_is_waited_for_where_a_rule_could_match_it() -> None:
    assert wants_more(rules({"json": {"[0].errorCode": "INVALID_SESSION_ID"}}), JSON, b"[")
    assert wants_more(rules({"body": "expired"}), JSON, b"[")
    assert refused(rules({"json": {"[0].errorCode": "INVALID_SESSION_ID"}}), b'[{"errorCode": "INVALID_SESSION_ID"}]')


def test_keys_within_a_rule_are_anded_and_rules_are_ored() -> None:
    both = rules({"json": {"a": 1, "b": 2}, "message": {"m": "x"}, "body": "z"}, {"json": {"c": 3}})
    assert refused(both, b'{"a": 1, "b": 2, "m": "x", "z": 0}')
    assert not refused(both, b'{"a": 1, "b": 2, "m": "x"}')
    assert not refused(both, b'{"a": 1, "b": 3, "m": "x", "z": 0}')
    assert refused(both, b'{"c": "3"}')


def test_the_head_conditions_still_count_for_the_body() -> None:
    older = rules({"json": {"a": 1}, "older_than": "60s"}, {"json": {"b": 1}})
    assert not refused(older, b'{"a": 1}', age=5)
    assert refused(older, b'{"a": 1}', age=65)
    assert refused(older, b'{"b": 1}', age=5)


headers = st.lists(
    st.tuples(
        st.sampled_from([b"content-type", b"content-encoding", b"content-length", b"x"]),
        st.sampled_from([b"application/json", b"text/event-stream", b"gzip", b"deflate", b"5"]) | st.binary(max_size=9),
    ),
    max_size=3,
)
EVERYTHING = rules(
    {"json": {"a": 1, "max(b)": 2}},
    {"message": {"m || length(n)": "x"}},
    {"body": ["过期"], "header": {"x": "y"}},
    {"content_type": "text/x", "status": [200, 401], "older_than": 5},
)


@given(st.integers(100, 999), headers, st.floats(), st.booleans(), st.binary(max_size=200), st.booleans())
def test_trap_34_no_reply_makes_the_judge_fail(
    status: int, head: list[tuple[bytes, bytes]], age: float, safe: bool, body: bytes, complete: bool
) -> None:
    for content in (body, gzip.compress(body), b'{"a":1,"m":' + body, b"data: " + body + b"\n\n"):
        EVERYTHING.head(status, head, age, safe)
        reading = EVERYTHING.reading(status, head, age, safe)
        assert reading.wants_more(content) in (True, False)
        assert reading.refuses(content, complete) in (True, False)
