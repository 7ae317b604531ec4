"""Client keys among WebSocket subprotocols."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan import subprotocol

WORDS = st.lists(st.text(st.characters(codec="ascii", exclude_characters=",", min_codepoint=33), min_size=1))


@pytest.mark.parametrize(
    ("offered", "key", "passed_on"),
    [
        (None, None, b""),
        ("", None, b""),
        ("chat", None, b"Sec-WebSocket-Protocol: chat\r\n"),
        ("keyless.key.K", "K", b""),
        ("keyless, keyless.key.K", "K", b""),
        ("chat , keyless.key.K,v2", "K", b"Sec-WebSocket-Protocol: chat, v2\r\n"),
        ("keyless.key.K, keyless.key.L", "K", b""),
        ("keyless.keys, keyless2", None, b"Sec-WebSocket-Protocol: keyless.keys, keyless2\r\n"),
        ("openai-insecure-api-key.K", None, b"Sec-WebSocket-Protocol: openai-insecure-api-key.K\r\n"),
    ],
)
def test_the_key_is_found_and_goes_no_further(offered: str | None, key: str | None, passed_on: bytes) -> None:
    assert subprotocol.presented_key(offered) == key
    assert subprotocol.passed_on((offered or "").encode()) == passed_on


@pytest.mark.parametrize(
    ("offered", "reply", "answered"),
    [
        ("keyless, keyless.key.K", [], b"Sec-WebSocket-Protocol: keyless\r\n"),
        ("keyless, chat", [(b"sec-websocket-PROTOCOL", b"chat")], b""),
        ("chat", [], b""),
        ("keyless.key.K", [], b""),
        (None, [], b""),
    ],
)
def test_a_browser_gets_one_of_what_it_offered(
    offered: str | None, reply: list[tuple[bytes, bytes]], answered: bytes
) -> None:
    assert subprotocol.answered(offered, reply) == answered


@given(WORDS, st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), WORDS)
def test_no_key_is_passed_on(before: list[str], key: str, after: list[str]) -> None:
    offered = ", ".join([*before, f"keyless.key.{key}", *after])
    left = subprotocol.passed_on(offered.encode()).decode().removesuffix("\r\n").partition(": ")[2].split(", ")
    assert not any(word.startswith("keyless.key.") for word in left)
    assert subprotocol.presented_key(offered) is not None
