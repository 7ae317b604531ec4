"""Which ids of others are taken over."""

from __future__ import annotations

import pytest

from proxy.http.request_id import Parent, given_id, parent_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("said", "parent", "expected"),
    [
        (None, None, ""),
        ("7", None, "7"),
        ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", None, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ("x" * 128, None, "x" * 128),
        ("7", PARENT, "7"),
        (None, PARENT, TRACE),
        ("", PARENT, TRACE),
        ("x" * 129, PARENT, TRACE),
        ("a b", PARENT, TRACE),
        ("a, b", None, ""),  # two headers are none
        ("<b>", None, ""),
        ("a\x1b[2J", None, ""),
        ("ä", None, ""),
        ("kls_1234", None, ""),  # a client key in the wrong place
    ],
)
def test_an_id(said: str | None, parent: str | None, expected: str) -> None:
    facts = {b"x-request-id": said, b"traceparent": parent}
    assert given_id({name: value.encode() for name, value in facts.items() if value is not None}) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (PARENT, Parent(TRACE, SPAN, True)),
        (f"00-{TRACE}-{SPAN}-00", Parent(TRACE, SPAN, False)),
        (f"00-{TRACE}-{SPAN}-03", Parent(TRACE, SPAN, True)),
        (f"01-{TRACE}-{SPAN}-01-more", Parent(TRACE, SPAN, True)),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
        (f"{PARENT}, {PARENT}", None),
        (f"{PARENT}\n", None),
        ("", None),
    ],
)
def test_a_parent(said: str, expected: Parent | None) -> None:
    assert parent_of({b"traceparent": said.encode()}) == expected
