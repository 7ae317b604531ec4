"""Huawei Cloud's SDK-HMAC-SHA256 (support.huaweicloud.com/devg-apisign/api-sign-algorithm.html)."""

from __future__ import annotations

from proxy.auth.signing.canonical import canonical_query, hmac_sha256, lines, path_encoded_once, sha256
from proxy.auth.signing.request import UNSIGNED, Keys, Moment, Signable, Signed


def huawei(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """The path gets a slash at its end in the digest alone; names with an underscore are never signed."""
    ours = {"X-Sdk-Date": moment.compact}
    if keys.session is not None:
        ours["X-Security-Token"] = keys.session
    digest = request.body_hash
    if digest is None:
        ours["X-Sdk-Content-Sha256"] = digest = UNSIGNED
    lower = {name.lower(): value for name, value in ours.items()}
    chosen = request.chosen(lower, lambda name: (name.startswith("x-") and "_" not in name) or name == "content-type")
    names = ";".join(chosen)
    path = _each_segment(request.path)
    query = canonical_query(request.query, plus=False)
    canonical = f"{request.method}\n{path}\n{query}\n{lines(chosen)}\n{names}\n{digest}"
    signature = hmac_sha256(keys.secret.encode(), f"SDK-HMAC-SHA256\n{moment.compact}\n{sha256(canonical)}").hex()
    proof = f"SDK-HMAC-SHA256 Access={keys.access}, SignedHeaders={names}, Signature={signature}"
    return Signed({**ours, "Authorization": proof})


def _each_segment(path: str) -> str:
    """`%2F` stays one: it parts no segments on the wire."""
    whole = "/".join(path_encoded_once(segment).replace("/", "%2F") for segment in path.split("/"))
    return whole if whole.endswith("/") else f"{whole}/"
