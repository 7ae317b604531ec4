"""Tencent Cloud's TC3-HMAC-SHA256 (cloud.tencent.com/document/api/213/30654)."""

from __future__ import annotations

from proxy.auth.signing.canonical import hmac_sha256, lines, sha256
from proxy.auth.signing.request import UNSIGNED, Keys, Moment, Signable, Signed


def tc3(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """The query is signed as it is sent; an unsigned payload is told by the digest of that word."""
    ours = {"X-TC-Timestamp": str(int(moment.wall))}
    if keys.session is not None:
        ours["X-TC-Token"] = keys.session
    kind = request.header("content-type")
    if kind is None:
        kind = "application/x-www-form-urlencoded" if request.method == "GET" else "application/json"
        ours["Content-Type"] = kind
    digest = request.body_hash
    if digest is None:
        ours["X-TC-Content-SHA256"], digest = UNSIGNED, sha256(UNSIGNED)
    headers = lines({"content-type": kind, "host": request.host})
    canonical = f"{request.method}\n/\n{request.query}\n{headers}\ncontent-type;host\n{digest}"
    day = moment.iso[:10]
    scope = f"{day}/{keys.service}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{int(moment.wall)}\n{scope}\n{sha256(canonical)}"
    signature = hmac_sha256(keys.derived("TC3", day, keys.service, "tc3_request"), text).hex()
    proof = f"TC3-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
    return Signed({**ours, "Authorization": proof})
