"""Which replies are rewritten, what of their heads goes, and which lines of an event stream are JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.placing.draft import Names
from proxy.http.fields import Fields
from proxy.plan.replies.links import Links
from proxy.plan.replies.rewrite import Rewrite, Rewriting
from proxy.plan.target import Target

OWN = b"http://localhost:8080"
REWRITE = Rewrite(Links(Target.parse("https://api.test"), b"/api", Names()), [])
JSON = (b"Content-Type", b"application/json; charset=utf-8")
URL, LOCAL = b'{"url":"https://api.test/x"}', b'{"url":"http://localhost:8080/api/x"}'


def begun(*headers: tuple[bytes, bytes], status: int = 200, own: bytes = OWN) -> Rewriting | None:
    return REWRITE.begin(status, list(headers), own)


@pytest.mark.parametrize(
    "kind",
    [
        *(b"application/json", b"Application/JSON;charset=utf-8", b"application/problem+json", b"text/json"),
        *(b"application/vnd.github.v3+json", b"application/x-ndjson", b"application/jsonl", b"application/json-seq"),
    ],
)
def test_json_of_all_kinds(kind: bytes) -> None:
    rewriting = begun((b"content-type", kind))
    assert rewriting is not None
    assert rewriting.text.feed(URL) + rewriting.text.end() == LOCAL


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"Content-Type", b"text/html")],
        [(b"Content-Type", b"application/javascript")],
        [(b"Content-Type", b"application/jose+json")],
        [JSON, (b"Content-Encoding", b"gzip")],
        [JSON, (b"Content-Encoding", b"identity, br")],
        [JSON, (b"Signature-Input", b"sig1=()")],
        [JSON, (b"Wechatpay-Signature", b"x")],
    ],
)
def test_what_is_left_alone(headers: Fields) -> None:
    assert begun(*headers) is None


def test_parts_and_clients_without_an_address_are_left_alone() -> None:
    assert begun(JSON, status=206) is None
    assert begun(JSON, own=b"http://") is None
    assert begun(JSON, (b"Content-Encoding", b"identity")) is not None


def test_what_is_said_of_the_bytes_goes() -> None:
    gone = [b"Content-Length", b"ETag", b"Digest", b"Content-Digest", b"Repr-Digest", b"Content-MD5"]
    rewriting = begun(JSON, *((name, b"1") for name in gone), (b"X-Request-Id", b"7"))
    assert rewriting is not None
    assert rewriting.headers == [JSON, (b"X-Request-Id", b"7")]


def test_where_the_issuer_says_which_upstream_it_is() -> None:
    links = Links(Target.parse("https://a.crm.test/data"), b"/crm", Names())
    led = Rewrite(Links(Target.parse("https://elsewhere.test"), b"/crm", Names()), ["files.test"]).led(links)
    text = b'["https://a.crm.test/data/x","https://elsewhere.test/x","https://files.test/x"]'
    rewriting = led.begin(200, [JSON], OWN)
    assert rewriting is not None
    assert rewriting.text.feed(text) == (
        b'["http://localhost:8080/crm/x","https://elsewhere.test/x","http://localhost:8080/crm/~files.test/x"]'
    )


EVENTS = (
    b'event: start\nid: "https://api.test/x"\ndata: ' + URL + b"\n\n"
    b'data: "https://api.test/said in words"\n\n'
    b'data: {\ndata:  "url":\ndata:  "https://api.test/x"}\n\n'
    b'data: and "https://api.test/x" again\n\n'
    b": " + URL + b"\n"
    b"data:[" + URL + b"]\r\n\r\n"
    b'data: "https://api.test/x"\n\n'
    b"data: [DONE]\n\n"
)
REWRITTEN = (
    b'event: start\nid: "https://api.test/x"\ndata: ' + LOCAL + b"\n\n"
    b'data: "https://api.test/said in words"\n\n'
    b'data: {\ndata:  "url":\ndata:  "http://localhost:8080/api/x"}\n\n'
    b'data: and "https://api.test/x" again\n\n'
    b": " + URL + b"\n"
    b"data:[" + LOCAL + b"]\r\n\r\n"
    b'data: "https://api.test/x"\n\n'
    b"data: [DONE]\n\n"
)


@given(st.lists(st.integers(0, len(EVENTS)), max_size=8) | st.just(list(range(len(EVENTS)))))
def test_of_events_the_objects_and_lists(cuts: list[int]) -> None:
    rewriting = begun((b"Content-Type", b"text/event-stream"))
    assert rewriting is not None
    ends = [*sorted(cuts), len(EVENTS)]
    pieces = [EVENTS[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert b"".join(map(rewriting.text.feed, pieces)) + rewriting.text.end() == REWRITTEN


def test_an_event_waits_for_nothing_behind_it() -> None:
    rewriting = begun((b"Content-Type", b"text/event-stream"))
    assert rewriting is not None
    for event in (b"data: " + URL + b"\n\n", b'data: {"a": "b"}\n\n', b"data: plain\n\n"):
        assert rewriting.text.feed(event).endswith(b"\n\n")
