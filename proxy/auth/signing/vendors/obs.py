"""Huawei Cloud OBS, in its own form (support.huaweicloud.com/api-obs/obs_04_0010.html). The body takes no part."""

from __future__ import annotations

import re
from base64 import b64encode

from proxy.auth.signing.canonical import hmac_sha1, parameters
from proxy.auth.signing.request import Keys, Moment, Signable, Signed

_BUCKET = re.compile(r"([a-z0-9][a-z0-9.-]*)\.obs\.[a-z0-9-]+\.myhuaweicloud\.(?:com|cn|eu)")
_RESOURCES = frozenset(
    (
        *("acl", "append", "attname", "backtosource", "cors", "customdomain", "delete", "deletebucket"),
        *("directcoldaccess", "encryption", "inventory", "length", "lifecycle", "location", "logging"),
        *("metadata", "modify", "name", "notification", "object-lock", "partNumber", "policy", "policyStatus"),
        *("position", "quota", "rename", "replication", "response-cache-control"),
        *("response-content-disposition", "response-content-encoding", "response-content-language"),
        *("response-content-type", "response-expires", "restore", "retention", "storageClass"),
        *("storagePolicy", "storageinfo", "tagging", "torrent", "truncate", "uploadId", "uploads"),
        *("versionId", "versioning", "versions", "website", "x-image-process", "x-image-save-bucket"),
        *("x-image-save-object", "x-obs-security-token"),
    )
)
"""The parameters that are signed."""
DROPPED = frozenset(("x-obs-date", "x-amz-date", "x-obs-security-token", "x-amz-security-token"))
"""Of the SDK, in both spellings."""


def obs(request: Signable, keys: Keys, moment: Moment) -> Signed:
    """The key is signed as it is sent, encoded; the bucket is put before it where the host has it. A request that has
    S3's headers is signed in the words of S3's version 2, as the vendor's SDK does for an address.
    """
    s3 = any(name.startswith("x-amz-") for name, _ in request.headers)
    prefix, word = ("x-amz-", "AWS") if s3 else ("x-obs-", "OBS")
    ours, token = {"Date": moment.http}, f"{prefix}security-token"
    own = [(name, value) for name, value in request.headers if name.startswith(prefix) and name not in DROPPED]
    if keys.session is not None:
        ours[token] = keys.session
        own.append((token, keys.session))
    lines = "".join(f"{name}:{value.strip()}\n" for name, value in sorted(own))
    md5, kind = request.header("content-md5") or "", request.header("content-type") or ""
    text = f"{request.method}\n{md5}\n{kind}\n{ours['Date']}\n{lines}{_resource(request)}"
    signature = b64encode(hmac_sha1(keys.secret.encode(), text)).decode("ascii")
    return Signed({**ours, "Authorization": f"{word} {keys.access}:{signature}"})


def _resource(request: Signable) -> str:
    bucket = _BUCKET.fullmatch(request.host.partition(":")[0])
    bare = {piece for piece in request.query.split("&") if "=" not in piece}
    pairs = sorted(pair for pair in parameters(request.query) if pair[0] in _RESOURCES)
    query = "&".join(name if name in bare else f"{name}={value}" for name, value in pairs)
    path = f"/{bucket[1]}{request.path}" if bucket else request.path
    return f"{path}?{query}" if query else path
