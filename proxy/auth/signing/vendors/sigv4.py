"""AWS Signature Version 4, and those that were made after it: Volcengine's HMAC-SHA256 and TOS.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html,
volcengine.com/docs/6369/67269, volcengine.com/docs/6349/74839. A body in signed chunks can't be signed anew: its chunks
carry signatures of the key that the SDK had.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from proxy.auth.signing.canonical import (
    canonical_query,
    encoded,
    hmac_sha256,
    lines,
    path_encoded_once,
    sha256,
)
from proxy.auth.signing.request import UNSIGNED, Keys, Moment, Signable, Signed
from proxy.errors import Fault

EMPTY = hashlib.sha256(b"").hexdigest()
_BLANKS = re.compile(r" {2,}")
_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class Family(NamedTuple):
    """How a vendor's words differ. `date`, `token` and `payload` are headers."""

    name: str
    secret: str  # before the secret
    end: str  # of the scope
    date: str
    token: str
    payload: str
    service: str = ""


AWS = Family("AWS4-HMAC-SHA256", "AWS4", "aws4_request", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256")
VOLC = Family("HMAC-SHA256", "", "request", "X-Date", "X-Security-Token", "X-Content-Sha256")
TOS = Family(
    "TOS4-HMAC-SHA256", "", "request", "x-tos-date", "x-tos-security-token", "x-tos-content-sha256", service="tos"
)


def aws(request: Signable, keys: Keys, moment: Moment) -> Signed:
    s3 = keys.service == "s3"
    said = request.header("x-amz-content-sha256") or ""
    if said.startswith("STREAMING-AWS4"):
        raise Fault(
            "bad_request", "the body is in chunks that are signed with another key; let the SDK send it unsigned"
        )
    digest = _TRAILER if said == _TRAILER else (request.body_hash or UNSIGNED)
    path = path_encoded_once(request.path) if s3 else encoded(_plain(request.path), "/~")
    return _signed(AWS, request, keys, moment, digest, path, show=s3 or digest in (_TRAILER, UNSIGNED))


def volc(request: Signable, keys: Keys, moment: Moment) -> Signed:
    return _signed(VOLC, request, keys, moment, request.body_hash or EMPTY, path_encoded_once(request.path), show=True)


def tos(request: Signable, keys: Keys, moment: Moment) -> Signed:
    digest = request.body_hash or UNSIGNED
    return _signed(TOS, request, keys, moment, digest, path_encoded_once(request.path), show=True)


def _plain(path: str) -> str:
    """Outside S3, several slashes count as one."""
    return re.sub("/{2,}", "/", path) or "/"


def _usual(family: Family, name: str) -> bool:
    if name.startswith(("x-amz-", "x-tos-") if family is not VOLC else "x-"):
        return True
    return name in ("content-type", "content-md5")


def _signed(
    family: Family, request: Signable, keys: Keys, moment: Moment, digest: str, path: str, *, show: bool
) -> Signed:
    """`show`: the body's digest is sent in a header of its own."""
    ours = {family.date: moment.compact}
    if keys.session is not None:
        ours[family.token] = keys.session
    if show:
        ours[family.payload] = digest
    chosen = request.chosen({name.lower(): value for name, value in ours.items()}, lambda name: _usual(family, name))
    if family is AWS:
        chosen = {name: _BLANKS.sub(" ", value) for name, value in chosen.items()}
    names = ";".join(chosen)
    query = canonical_query(request.query)
    canonical = f"{request.method}\n{path}\n{query}\n{lines(chosen)}\n{names}\n{digest}"
    steps = (moment.compact[:8], keys.region, family.service or keys.service, family.end)
    scope = "/".join(steps)
    text = f"{family.name}\n{moment.compact}\n{scope}\n{sha256(canonical)}"
    signature = hmac_sha256(keys.derived(family.secret, *steps), text).hex()
    proof = f"{family.name} Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={signature}"
    return Signed({**ours, "Authorization": proof})
