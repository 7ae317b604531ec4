"""What is read of an SDK's own signature."""

from __future__ import annotations

import pytest

from proxy.auth.signing.presented import NOTHING, Presented, access_key, in_header, in_query
from proxy.auth.signing.vendors import ALGORITHMS
from proxy.errors import Fault

AWS = "AWS4-HMAC-SHA256 Credential=AK/20260102/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0a"
OSS = "OSS4-HMAC-SHA256 Credential=AK/20260102/cn-hangzhou/oss/aliyun_v4_request,AdditionalHeaders=host,Signature=0a"


@pytest.mark.parametrize(
    ("name", "authorization", "said"),
    [
        ("aws-sigv4", AWS, Presented("eu-west-1", "s3", ("host", "x-amz-date"))),
        ("aws-sigv4", AWS.replace("AK/", "A/K/E/"), Presented("eu-west-1", "s3", ("host", "x-amz-date"))),
        ("aws-sigv4", "AWS4-HMAC-SHA256 Credential=AK/s3/aws4_request", NOTHING),
        ("aws-sigv4", "Bearer made-up", NOTHING),
        ("aws-sigv4", "", NOTHING),
        ("oss-v4", OSS, Presented("cn-hangzhou", None, ("host",))),
        ("tencent-tc3", "TC3-HMAC-SHA256 Credential=AK/2026-01-02/cvm/tc3_request, SignedHeaders=a, Signature=0",
         Presented(None, "cvm", ("a",))),
        ("bce-auth-v1", "bce-auth-v1/AK/2026-01-02T03:04:05Z/1800/Host;x-bce-date/0a",
         Presented(None, None, ("host", "x-bce-date"))),
        ("bce-auth-v1", "bce-auth-v1/AK/2026-01-02T03:04:05Z/1800//0a", NOTHING),
        ("cos", "q-sign-algorithm=sha1&q-ak=AK&q-header-list=host;x-cos-acl&q-signature=0",
         Presented(None, None, ("host", "x-cos-acl"))),
        ("aliyun-acs3", "ACS3-HMAC-SHA256 Credential=AK,SignedHeaders=host;x-acs-date,Signature=0",
         Presented(None, None, ("host", "x-acs-date"))),
        ("huawei", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=0", Presented(None, None, ("host",))),
    ],
)  # fmt: skip
def test_in_a_header(name: str, authorization: str, said: Presented) -> None:
    assert in_header(ALGORITHMS[name], authorization.encode()) == said


AWS_QUERY = "X-Amz-Credential=AK%2F20260102%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-SignedHeaders=host"
OSS_QUERY = "x-oss-credential=AK%2F20260102%2Fcn-hangzhou%2Foss%2Faliyun_v4_request"
T0 = 1767323045


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("aws-sigv4", "a=1&b", NOTHING),
        ("aws-sigv4", f"{AWS_QUERY}&X-Amz-Date=20260102T030405Z&X-Amz-Expires=300",
         Presented("eu-west-1", "s3", ("host",), T0 + 300)),
        ("oss-v4", f"{OSS_QUERY}&x-oss-date=20260102T030405Z&x-oss-expires=1",
         Presented("cn-hangzhou", None, None, T0 + 1)),
        ("cos", "q-ak=AK&q-sign-time=1767322985%3B1767323345&q-header-list=host",
         Presented(None, None, ("host",), 1767323345)),
        ("obs", "AccessKeyId=AK&Expires=1767323345&Signature=0", Presented(ends=1767323345)),
        ("bce-auth-v1", "authorization=bce-auth-v1%2FAK%2F2026-01-02T03%3A04%3A05Z%2F60%2Fhost%2F0a",
         Presented(None, None, ("host",), T0 + 60)),
        ("volc", "X-Date=20260102T030405Z&X-Signature=0", Presented(ends=T0 + 900)),
        ("aliyun-rpc", "AccessKeyId=AK&Signature=0&Timestamp=2026-01-02T03%3A04%3A05Z", NOTHING),
    ],
)  # fmt: skip
def test_in_the_query(name: str, query: str, said: Presented) -> None:
    assert in_query(ALGORITHMS[name], query.encode()) == said


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("aws-sigv4", "X-Amz-Date=soon&X-Amz-Expires=300"),
        ("aws-sigv4", "X-Amz-Date=20260102T030405Z&X-Amz-Expires=a-while"),
        ("aws-sigv4", "X-Amz-Date=99999999T999999Z"),
        ("cos", "q-sign-time=now"),
        ("bce-auth-v1", "authorization=bce-auth-v1%2FAK%2Fsoon%2F60%2Fhost%2F0a"),
    ],
)
def test_an_end_that_cannot_be_read(name: str, query: str) -> None:
    with pytest.raises(Fault) as raised:
        in_query(ALGORITHMS[name], query.encode())
    assert raised.value.code == "bad_request"


@pytest.mark.parametrize(
    ("authorization", "key"),
    [
        (AWS, "AK"),
        (OSS, "AK"),
        ("HMAC-SHA256 Credential=kls_a/20260102/r/s/request, SignedHeaders=host, Signature=0", "kls_a"),
        ("ACS3-HMAC-SHA256 Credential=kls_a,SignedHeaders=host,Signature=0", "kls_a"),
        ("SDK-HMAC-SHA256 Access=kls_a, SignedHeaders=host, Signature=0", "kls_a"),
        ("bce-auth-v1/kls_a/2026-01-02T03:04:05Z/1800//0a", "kls_a"),
        ("q-sign-algorithm=sha1&q-ak=kls_a&q-sign-time=1;2", "kls_a"),
        ("OBS kls_a:c2ln", "kls_a"),
        ("Bearer HMAC-SHA256 Credential=kls_a/", None),
        ("Basic a2xz", None),
        ("", None),
    ],
)
def test_the_key_that_a_client_proves_itself_by(authorization: str, key: str | None) -> None:
    assert access_key(authorization.encode()) == (None if key is None else key.encode())
