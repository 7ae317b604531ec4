"""Alibaba Cloud's older signature of RPC calls (help.aliyun.com/zh/sdk/product-overview/rpc-mechanism)."""

from __future__ import annotations

from base64 import b64encode

from proxy.auth.signing.canonical import encoded, hmac_sha1, parameters
from proxy.auth.signing.request import Keys, Moment, Signable, Signed


def rpc(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """Over the parameters of query and form, which the signature joins; nothing else takes part."""
    ours = {
        "AccessKeyId": keys.access,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": moment.nonce(),
        "Timestamp": moment.iso,
    }
    if keys.session is not None:
        ours["SecurityToken"] = keys.session
    form = (request.header("content-type") or "").lower().startswith("application/x-www-form-urlencoded")
    sent = parameters(request.query)
    if form:
        sent += parameters((request.body or b"").decode("latin-1"))
    pairs = sorted([*sent, *ours.items()])
    query = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs)
    text = f"{request.method}&%2F&{encoded(query)}"
    signature = b64encode(hmac_sha1(f"{keys.secret}&".encode(), text)).decode("ascii")
    added = {**ours, "Signature": signature}
    return Signed({}, "&".join(f"{name}={encoded(value)}" for name, value in added.items()))
