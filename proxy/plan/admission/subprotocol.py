"""A key in `Sec-WebSocket-Protocol`: the one header whose words a web page chooses for a WebSocket.

    new WebSocket(url, ["keyless", "keyless.key.KEY", "chat.v1"])

Owns: the forms of it, this proxy's own and those of SDKs, and that a key goes no further. Pure. A browser gives up if
none of the subprotocols that it offers comes back, so where the API chose none, one that was kept from it is answered.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Iterable, Iterator
from typing import NamedTuple

NAME = b"Sec-WebSocket-Protocol"
LOWER = b"sec-websocket-protocol"
_OURS = b"keyless"
_KEY = b"keyless.key."
_OF_SDKS = b"openai-insecure-api-key."
_OF_KUBERNETES = b"base64url.bearer.authorization.k8s.io."
"""The token behind it is in base64url, without `=`."""
_INTRODUCING = frozenset((b"token", b"bearer"))
"""Words that the next one is a key to (Deepgram: `["token", KEY]`), if it is long enough for one."""
_SHORTEST = 16


class _Word(NamedTuple):
    """A subprotocol as it was offered; `key` is that which stands in it. `ours`: it is not for the API."""

    text: bytes
    ours: bool = False
    key: bytes | None = None

    def __repr__(self) -> str:
        return "<a subprotocol>"  # keys stand among them


def presented_key(offered: bytes | None) -> bytes | None:
    """The key among the subprotocols that a client offers; this proxy's own form counts before those of SDKs."""
    keys = [word for word in _words(offered) if word.key is not None]
    own = (word.key for word in keys if word.text.startswith(_KEY))
    return next(own, keys[0].key if keys else None)


def passed_on(offered: bytes) -> bytes:
    """The header line for the API, without keys and what is meant for us."""
    words = list(_words(offered))
    keys = {word.key for word in words}
    rest = [word.text for word in words if not word.ours and word.text not in keys]
    return b"%b: %b\r\n" % (NAME, b", ".join(rest)) if rest else b""


def answered(offered: bytes | None, reply: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The header line that the API's 101 lacks for this client."""
    kept = [word.text for word in _words(offered) if word.ours and word.key is None]
    if not kept or any(name.lower() == LOWER for name, _ in reply):
        return b""
    return b"%b: %b\r\n" % (NAME, kept[0])


def _words(offered: bytes | None) -> Iterator[_Word]:
    texts = [text for each in (offered or b"").split(b",") if (text := each.strip())]
    for before, text, after in zip([b"", *texts], texts, [*texts[1:], b""], strict=False):
        if before.lower() in _INTRODUCING and len(text) >= _SHORTEST:
            yield _Word(text, True, text)
        else:
            yield _word(text, after)


def _word(text: bytes, after: bytes) -> _Word:
    for beginning in (_KEY, _OF_SDKS):
        if text.startswith(beginning):
            return _Word(text, True, text.removeprefix(beginning))
    if text.startswith(_OF_KUBERNETES):
        return _Word(text, True, _decoded(text.removeprefix(_OF_KUBERNETES)))
    return _Word(text, text == _OURS or (text.lower() in _INTRODUCING and len(after) >= _SHORTEST))


def _decoded(text: bytes) -> bytes:
    """As it stands, if it is no base64url."""
    try:
        return urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except Error:
        return text
