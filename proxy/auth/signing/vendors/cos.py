"""Tencent Cloud COS (cloud.tencent.com/document/product/436/7778). The body takes no part."""

from __future__ import annotations

import hashlib

from proxy.auth.signing.canonical import decoded, encoded, hmac_sha1, parameters
from proxy.auth.signing.request import Keys, Moment, Signable, Signed

EARLY, LATE = 60, 10_000
"""Seconds around now in which it is good, as the vendor's SDK has them."""


def cos(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """Over the decoded path; names in lower case, values encoded."""
    ours = {} if keys.session is None else {"x-cos-security-token": keys.session}
    chosen = request.chosen(ours, lambda name: name.startswith("x-cos-") or name in ("content-type", "content-md5"))
    headers = _listed(list(chosen.items()))
    query = _listed(parameters(request.query))
    now = int(moment.wall)
    span = f"{now - EARLY};{now + LATE}"
    key = hmac_sha1(keys.secret.encode(), span).hex()
    path = decoded(request.path, plus=False)
    canonical = f"{request.method.lower()}\n{path}\n{_text(query)}\n{_text(headers)}\n"
    hashed = hashlib.sha1(canonical.encode("latin-1"), usedforsecurity=False).hexdigest()
    proof = {
        "q-sign-algorithm": "sha1",
        "q-ak": keys.access,
        "q-sign-time": span,
        "q-key-time": span,
        "q-header-list": ";".join(name for name, _ in headers),
        "q-url-param-list": ";".join(name for name, _ in query),
        "q-signature": hmac_sha1(key.encode(), f"sha1\n{span}\n{hashed}\n").hex(),
    }
    return Signed({**ours, "Authorization": "&".join(f"{name}={value}" for name, value in proof.items())})


def _listed(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted((encoded(name).lower(), encoded(value)) for name, value in pairs)


def _text(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)
