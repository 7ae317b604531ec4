"""The algorithms that `sign` may name: a file each, and a row each, here."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.auth.signing.request import Algorithm
from proxy.auth.signing.vendors.acs3 import acs3
from proxy.auth.signing.vendors.bce import bce
from proxy.auth.signing.vendors.cos import cos
from proxy.auth.signing.vendors.huawei import huawei
from proxy.auth.signing.vendors.obs import DROPPED, obs
from proxy.auth.signing.vendors.oss import oss
from proxy.auth.signing.vendors.qiniu import qiniu
from proxy.auth.signing.vendors.rpc import rpc
from proxy.auth.signing.vendors.sigv4 import aws, tos, volc
from proxy.auth.signing.vendors.tc3 import tc3


def _names(prefix: str, *names: str) -> frozenset[str]:
    return frozenset((*(prefix + name for name in names), "authorization"))


def _presigned(prefix: str, *names: str) -> frozenset[str]:
    """Parameters, in lower case."""
    usual = ("algorithm", "credential", "date", "expires", "signedheaders", "security-token", "signature")
    return frozenset(prefix + name for name in (*usual, *names))


_AWS = _names("x-amz-", "date", "security-token", "content-sha256")
_COS = ("q-sign-algorithm", "q-ak", "q-sign-time", "q-key-time", "q-header-list", "q-url-param-list", "q-signature")
_RPC = ("accesskeyid", "signature", "signaturemethod", "signaturetype", "signatureversion", "signaturenonce")

ALGORITHMS: Mapping[str, Algorithm] = {
    "bce-auth-v1": Algorithm(bce, _names("x-bce-", "date", "security-token"), frozenset(("authorization",))),
    "aws-sigv4": Algorithm(
        aws,
        _AWS,
        _presigned("x-amz-", "content-sha256") | {"awsaccesskeyid"},
        ("buffer", "unsigned"),
        ("region", "service"),
        ("region", "service"),
        older=("awsaccesskeyid", "expires", "signature"),
    ),
    "tencent-tc3": Algorithm(
        tc3,
        _names("x-tc-", "timestamp", "token", "content-sha256"),
        frozenset(),
        ("buffer", "unsigned"),
        ("service",),
        ("service",),
    ),
    "aliyun-acs3": Algorithm(
        acs3,
        _names("x-acs-", "date", "signature-nonce", "content-sha256", "security-token", "accesskey-id"),
        bodies=("buffer",),
    ),
    "aliyun-rpc": Algorithm(
        rpc,
        frozenset(("authorization",)),
        frozenset((*_RPC, "timestamp", "securitytoken")),
        ("buffer",),
        place="query",
    ),
    "volc": Algorithm(
        volc,
        _names("x-", "date", "security-token", "content-sha256"),
        _presigned("x-", "notsignbody", "signedqueries"),
        ("buffer",),
        ("region", "service"),
        ("region", "service"),
    ),
    "huawei": Algorithm(
        huawei, _names("x-", "sdk-date", "security-token", "sdk-content-sha256"), bodies=("buffer", "unsigned")
    ),
    "oss-v4": Algorithm(
        oss,
        _names("x-oss-", "date", "security-token", "content-sha256"),
        _presigned("x-oss-", "signature-version", "additional-headers") | {"ossaccesskeyid"},
        needs=("region",),
        scope=("region", ""),
        older=("ossaccesskeyid", "expires", "signature", "security-token"),
    ),
    "cos": Algorithm(cos, _names("x-cos-", "security-token"), frozenset((*_COS, "x-cos-security-token"))),
    "obs": Algorithm(
        obs,
        frozenset(("date", "authorization", *DROPPED)),
        frozenset(("accesskeyid", "awsaccesskeyid", "expires", "signature", *DROPPED)),
    ),
    "qiniu": Algorithm(qiniu, frozenset(("x-qiniu-date", "authorization")), bodies=("buffer",)),
    "tos": Algorithm(
        tos,
        _names("x-tos-", "date", "security-token", "content-sha256"),
        _presigned("x-tos-", "content-sha256"),
        ("unsigned", "buffer"),
        ("region",),
        ("region", ""),
    ),
}
"""`fills` and `query` are in lower case; the first of `bodies` is what holds where nothing is said."""
