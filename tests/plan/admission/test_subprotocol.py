"""Client keys among WebSocket subprotocols."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.plan.admission import subprotocol

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
        (b"realtime, openai-insecure-api-key.K, v1", b"K", b"Sec-WebSocket-Protocol: realtime, v1\r\n"),
        (b"openai-insecure-api-key.K, keyless.key.L", b"L", b""),
        (b"base64url.bearer.authorization.k8s.io.S0tL, v4", b"KKK", b"Sec-WebSocket-Protocol: v4\r\n"),
        (b"base64url.bearer.authorization.k8s.io.x", b"x", b""),
        (b"token, 0123456789abcdef", b"0123456789abcdef", b""),
        (b"v2, Bearer, 0123456789abcdef, v1", b"0123456789abcdef", b"Sec-WebSocket-Protocol: v2, v1\r\n"),
        (b"token, chat.v1", None, b"Sec-WebSocket-Protocol: token, chat.v1\r\n"),
        (b"token", None, b"Sec-WebSocket-Protocol: token\r\n"),
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
        (b"token, 0123456789abcdef", [], b"Sec-WebSocket-Protocol: token\r\n"),
        (b"token, chat.v1", [], b""),
        (b"openai-insecure-api-key.K", [], b""),
        (b"keyless.key.K", [], b""),
        (None, [], b""),
    ],
)
def test_a_browser_gets_one_of_what_it_offered(
    offered: bytes | None, reply: list[tuple[bytes, bytes]], answered: bytes
) -> None:
    assert subprotocol.answered(offered, reply) == answered


@pytest.mark.parametrize("form", ["keyless.key.{}", "openai-insecure-api-key.{}", "token, {}", "bearer, {}"])
@given(WORDS, WORDS)
def test_no_key_is_passed_on(form: str, before: list[str], after: list[str]) -> None:
    key = "the-key-of-a-client"
    offered = ", ".join([*before, form.format(key), *after, key]).encode()
    assert key.encode() not in subprotocol.passed_on(offered)
    assert subprotocol.presented_key(offered) is not None
