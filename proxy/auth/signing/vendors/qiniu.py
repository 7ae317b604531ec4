"""Qiniu's management APIs (developer.qiniu.com/kodo/1201/access-token)."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from proxy.auth.signing.canonical import hmac_sha1
from proxy.auth.signing.request import Keys, Moment, Signable, Signed

_OPAQUE = "application/octet-stream"


def qiniu(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """The type is signed only if there is one, the body only if its type is another than `_OPAQUE`."""
    ours = {"X-Qiniu-Date": moment.compact}
    own = [(name, value) for name, value in request.headers if name.startswith("x-qiniu-") and name != "x-qiniu-date"]
    said = sorted([(_spelt(name), value.strip()) for name, value in own] + list(ours.items()))
    kind = request.header("content-type")
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target}", f"Host: {request.host}"]
    lines += [] if not kind else [f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in said]
    body = (request.body or b"").decode("latin-1") if kind and kind != _OPAQUE else ""
    text = "\n".join(lines) + "\n\n" + body
    signature = urlsafe_b64encode(hmac_sha1(keys.secret.encode(), text)).decode("ascii")
    return Signed({**ours, "Authorization": f"Qiniu {keys.access}:{signature}"})


def _spelt(name: str) -> str:
    """X-Qiniu-Meta-A, as Go writes names."""
    return "-".join(part.capitalize() for part in name.split("-"))
