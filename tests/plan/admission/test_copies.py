"""What is taken out of a request once a key has proven its client."""

from __future__ import annotations

from base64 import b64encode

import pytest

from proxy.plan.admission.copies import holds_key, without_keys
from proxy.plan.admission.key_places import KeySlots
from proxy.plan.headers import Head
from proxy.plan.router import Way
from proxy.values.template import Template

KEPT = b"k-e-y-of-a-client"
KEY = b"kls_a-key/of+a client"
BOT = KeySlots.compile("/api", None, Template.parse("/bot{token}"), None)


def way(query: bytes = b"", rest: bytes = b"/x") -> Way[None]:
    return Way(None, b"/api" + rest, query, rest)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (b"a=1&b=2", b"a=1&b=2"),
        (b"key=kls_a-key%2Fof%2Ba+client&b=2", b"b=2"),
        (b"a=1&any=Bearer%20kls_a-key%2Fof%2Ba%20client", b"a=1"),
        (b"a=%20&b=+", b"a=%20&b=+"),
    ],
)
def test_out_of_the_query(query: bytes, left: bytes) -> None:
    _, found = without_keys([KEY], Head([], {}), way(query), KeySlots())
    assert found.query == left


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (b"X-Amz-Credential=kls_a-client-key%2F20260102%2Fr%2Fs3&b=2", b"X-Amz-Credential=-%2F20260102%2Fr%2Fs3&b=2"),
        (b"x%2Damz-credential=kls_a-client-key/d", b"x%2Damz-credential=-/d"),
        (b"X-Amz-Credential=kls_a-client-key;b=kls_a-client-key", b"X-Amz-Credential=-;b=-"),
        (b"X-Amz-Credential=%6bls_a-client-key%2Fd&b=2", b"b=2"),
        (b"any=kls_a-client-key%2Fd&b=2", b"b=2"),
    ],
)
def test_a_presigned_urls_key_goes_and_what_it_is_for_stays(query: bytes, left: bytes) -> None:
    slots = KeySlots(filled=frozenset(("x-amz-credential",)))
    _, found = without_keys([b"kls_a-client-key"], Head([], {}), way(query), slots)
    assert found.query == left


def test_out_of_headers_that_would_pass_and_out_of_cookies() -> None:
    lines = [b"X-A: 1\r\n", b"X-Odd: Bearer " + KEY + b"\r\n", b"X-B: 2\r\n"]
    head, _ = without_keys([KEY], Head(lines, {b"cookie": b"a=1; k=" + KEY, b"host": b"h"}), way(), KeySlots())
    assert head.lines == [b"X-A: 1\r\n", b"X-B: 2\r\n"]
    assert head.facts == {b"cookie": b"a=1", b"host": b"h"}


def test_what_holds_none_stays_the_same() -> None:
    head, here = Head([b"X-A: 1\r\n"], {b"cookie": b"a=1"}), way(b"a=1")
    assert without_keys([KEY], head, here, BOT) == (head, here)


@pytest.mark.parametrize(
    ("rest", "left"),
    [
        (b"/botkls_a-key/getMe", b"/getMe"),
        (b"/botkls_a-key", b""),
        (b"/botkls_another/getMe", b"/botkls_another/getMe"),
        (b"/file/botkls_a-key", b"/file/botkls_a-key"),
    ],
)
def test_out_of_the_place_in_the_path(rest: bytes, left: bytes) -> None:
    _, found = without_keys([b"kls_a-key"], Head([], {}), way(rest=rest), BOT)
    assert (found.rest, found.path) == (left, b"/api" + left)


@pytest.mark.parametrize("value", [KEPT, b"Bearer " + KEPT, b"Basic " + b64encode(b"user:" + KEPT), b"Token t=" + KEPT])
def test_a_header_holds_a_key_however_it_is_written(value: bytes) -> None:
    assert holds_key(value, [KEPT])
    assert not holds_key(value, [b"another"])


def test_of_a_short_key_only_whole_values_go() -> None:
    lines = [b"X-Env: test-1\r\n", b"X-Key: test\r\n"]
    cookies = {b"cookie": b"a=testing; k=test"}
    head, found = without_keys([b"test"], Head(lines, cookies), way(b"name=testing&key=test&test=1"), KeySlots())
    assert head.lines == [b"X-Env: test-1\r\n"]
    assert head.facts == {b"cookie": b"a=testing"}
    assert found.query == b"name=testing&test=1"
