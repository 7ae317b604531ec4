"""Alibaba Cloud's ACS3-HMAC-SHA256 (help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature)."""

from __future__ import annotations

import hashlib

from proxy.auth.signing.canonical import canonical_query, hmac_sha256, lines, sha256
from proxy.auth.signing.request import Keys, Moment, Signable, Signed


def acs3(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """The path is signed as it is sent, and there is no unsigned form."""
    digest = hashlib.sha256(request.body or b"").hexdigest()
    ours = {"x-acs-date": moment.iso, "x-acs-signature-nonce": moment.nonce(), "x-acs-content-sha256": digest}
    if keys.session is not None:
        ours |= {"x-acs-security-token": keys.session, "x-acs-accesskey-id": keys.access}
    chosen = request.chosen(ours, lambda name: name.startswith("x-acs-") or name == "content-type")
    names = ";".join(chosen)
    query = canonical_query(request.query)
    canonical = f"{request.method}\n{request.path}\n{query}\n{lines(chosen)}\n{names}\n{digest}"
    signature = hmac_sha256(keys.secret.encode(), f"ACS3-HMAC-SHA256\n{sha256(canonical)}").hex()
    proof = f"ACS3-HMAC-SHA256 Credential={keys.access},SignedHeaders={names},Signature={signature}"
    return Signed({**ours, "Authorization": proof})
