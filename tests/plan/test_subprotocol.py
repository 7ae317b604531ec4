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
        (b"", None, b""),
        (b"chat", None, b"Sec-WebSocket-Protocol: chat\r\n"),
        (b"keyless.key.K", b"K", b""),
        (b"keyless, keyless.key.K", b"K", b""),
        (b"chat , keyless.key.K,v2", b"K", b"Sec-WebSocket-Protocol: chat, v2\r\n"),
        (b"keyless.key.K, keyless.key.L", b"K", b""),
        (b"keyless.keys, keyless2", None, b"Sec-WebSocket-Protocol: keyless.keys, keyless2\r\n"),
        (b"openai-insecure-api-key.K", None, b"Sec-WebSocket-Protocol: openai-insecure-api-key.K\r\n"),
    ],
)
def test_the_key_is_found_and_goes_no_further(offered: bytes | None, key: bytes | None, passed_on: bytes) -> None:
    assert subprotocol.presented_key(offered) == key
    assert subprotocol.passed_on(offered or b"") == passed_on


@pytest.mark.parametrize(
    ("offered", "reply", "answered"),
    [
        (b"keyless, keyless.key.K", [], b"Sec-WebSocket-Protocol: keyless\r\n"),
        (b"keyless, chat", [(b"sec-websocket-PROTOCOL", b"chat")], b""),
        (b"chat", [], b""),
        (b"keyless.key.K", [], b""),
        (None, [], b""),
    ],
)
def test_a_browser_gets_one_of_what_it_offered(
    offered: bytes | None, reply: list[tuple[bytes, bytes]], answered: bytes
) -> None:
    assert subprotocol.answered(offered, reply) == answered


@given(WORDS, st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), WORDS)
def test_no_key_is_passed_on(before: list[str], key: str, after: list[str]) -> None:
    offered = ", ".join([*before, f"keyless.key.{key}", *after]).encode()
    left = subprotocol.passed_on(offered).decode().removesuffix("\r\n").partition(": ")[2].split(", ")
    assert not any(word.startswith("keyless.key.") for word in left)
    assert subprotocol.presented_key(offered) is not None
