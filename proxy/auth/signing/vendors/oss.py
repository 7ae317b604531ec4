"""Alibaba Cloud OSS, version 4 (help.aliyun.com/zh/oss/developer-reference/recommend-to-use-signature-version-4)."""

from __future__ import annotations

import re

from proxy.auth.signing.canonical import canonical_query, hmac_sha256, lines, path_encoded_once, sha256
from proxy.auth.signing.request import UNSIGNED, Keys, Moment, Signable, Signed

_BUCKET = re.compile(r"([a-z0-9][a-z0-9-]*)\.(?:s3\.)?oss-[a-z0-9-]+\.aliyuncs\.com")
_SIGNED = ("content-type", "content-md5")


def oss(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """The bucket is put before the path where the host has it. Host is signed only if the SDK named it."""
    ours = {"x-oss-date": moment.compact, "x-oss-content-sha256": UNSIGNED}
    if keys.session is not None:
        ours["x-oss-security-token"] = keys.session
    additional = sorted(name for name in request.signed or () if name == "host" or request.header(name) is not None)
    chosen = request.chosen(ours, lambda name: name.startswith("x-oss-") or name in (*_SIGNED, *additional))
    chosen |= {name: value for name, value in request.headers if name in _SIGNED or name.startswith("x-oss-")} | ours
    if "host" not in additional:
        del chosen["host"]
    bucket = _BUCKET.fullmatch(request.host.partition(":")[0])
    path = path_encoded_once(f"/{bucket[1]}{request.path}" if bucket else request.path)
    query = canonical_query(request.query, bare=True)
    names = ";".join(additional)
    canonical = f"{request.method}\n{path}\n{query}\n{lines(dict(sorted(chosen.items())))}\n{names}\n{UNSIGNED}"
    steps = (moment.compact[:8], keys.region, "oss", "aliyun_v4_request")
    text = f"OSS4-HMAC-SHA256\n{moment.compact}\n{'/'.join(steps)}\n{sha256(canonical)}"
    signature = hmac_sha256(keys.derived("aliyun_v4", *steps), text).hex()
    listed = f",AdditionalHeaders={names}" if names else ""
    proof = f"OSS4-HMAC-SHA256 Credential={keys.access}/{'/'.join(steps)}{listed},Signature={signature}"
    return Signed({**ours, "Authorization": proof})
