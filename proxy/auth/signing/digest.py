"""A digest that the config describes: how shops and exchanges sign, each with its own text, hash and names.

Owns: how such a digest is made. Must not know: any vendor, or how a description is written.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from proxy.auth.signing.canonical import encoded, parameters
from proxy.auth.signing.request import Keys, Moment, Signable, Signed
from proxy.values.template import Template

OF_ACCOUNT = ("access_key", "session_token", "time", "nonce")
OF_REQUEST = ("secret", "pairs", "method", "host", "path", "query", "target", "body", *OF_ACCOUNT)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Described:
    """Texts of `query` and `headers` with `{signature}` are filled after the digest, and take no part in it.

    `zone` is in seconds ahead of UTC.
    """

    hash: str
    keyed: bool
    output: str
    text: Template = field(repr=False)
    pair: Template = field(repr=False)
    glue: str
    leave_out: frozenset[str]
    empty: bool
    query: Mapping[str, Template] = field(repr=False)
    headers: Mapping[str, Template] = field(repr=False)
    time: str
    zone: float

    def sign(self, request: Signable, keys: Keys, moment: Moment) -> Signed:
        known = {
            "access_key": keys.access,
            "session_token": keys.session or "",
            "time": time_of(self.time, self.zone, moment.wall),
        }
        known["nonce"] = moment.nonce()
        before = _filled({name: text for name, text in self.query.items() if "signature" not in text.names}, known)
        query = "&".join(part for part in (request.query, _query(before)) if part)
        known |= {"secret": latin(keys.secret), "method": request.method, "host": request.host, "path": request.path}
        known |= {"query": query, "target": f"{request.path}?{query}" if query else request.path}
        body = (request.body or b"").decode("latin-1")
        form = body if (request.header("content-type") or "").lower().startswith(_FORM) else ""
        known |= {"body": body, "pairs": self._pairs(parameters(query) + parameters(form))}
        known["signature"] = self._digest(self.text.render(known.__getitem__), keys.secret)
        after = _filled({name: text for name, text in self.query.items() if "signature" in text.names}, known)
        return Signed(_filled(self.headers, known), _query(before | after))

    def _pairs(self, pairs: list[tuple[str, str]]) -> str:
        kept = sorted(pair for pair in pairs if pair[0] not in self.leave_out and (pair[1] or self.empty))
        return self.glue.join(self.pair.render({"name": name, "value": value}.__getitem__) for name, value in kept)

    def _digest(self, text: str, secret: str) -> str:
        return digested(self.hash, secret if self.keyed else None, text.encode("latin-1"), self.output)


def digested(hash_: str, key: str | None, said: bytes, output: str) -> str:
    """With a key, an HMAC."""
    if key is not None:
        made = hmac.digest(key.encode(), said, hash_)
    else:
        made = hashlib.new(hash_, said, usedforsecurity=False).digest()
    return OUTPUTS[output](made)


def time_of(written: str, zone: float, wall: float) -> str:
    """Unix time `wall` in a word of `_TIMES`, or by a pattern of strftime, `zone` seconds ahead of UTC."""
    if written in _TIMES:
        return _TIMES[written](wall)
    return datetime.fromtimestamp(int(wall), timezone(timedelta(seconds=zone))).strftime(written)


OUTPUTS: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "HEX": lambda made: made.hex().upper(),
    "base64": lambda made: b64encode(made).decode("ascii"),
}
_TIMES: Mapping[str, Callable[[float], str]] = {
    "s": lambda wall: str(int(wall)),
    "ms": lambda wall: str(int(wall * 1000)),
    "iso": lambda wall: datetime.fromtimestamp(int(wall), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "iso_ms": lambda wall: datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
}
"""Any other is a pattern of strftime."""


def _filled(templates: Mapping[str, Template], known: Mapping[str, str]) -> dict[str, str]:
    return {name: template.render(known.__getitem__) for name, template in templates.items()}


def _query(pairs: Mapping[str, str]) -> str:
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs.items())


def latin(text: str) -> str:
    """As its bytes go out."""
    return text.encode().decode("latin-1")
