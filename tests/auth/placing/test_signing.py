"""From a draft to a signature and back; what an SDK signed with made-up keys goes."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.keys.sign import Sign
from proxy.auth.placing.draft import Draft
from proxy.auth.placing.signing import Signing
from proxy.auth.signing.request import Moment, Signable
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.values.now import Now

TOKEN = Token.eternal("sk", Now(0.0, 0.0))
WALL = 1767323045.0
KEYS = {"access_key": "ak", "secret_key": "sk"}
S3 = {"name": "aws-sigv4", **KEYS, "region": "eu-west-1", "service": "s3"}
BEDROCK = S3 | {"service": "bedrock", "regions": ["us-east-1"], "services": ["bedrock-agent"]}


def signing(**written: Any) -> Signing:
    return Sign.model_validate(written).signing()


def drafted(
    *lines: bytes, query: bytes = b"", body: bytes | None = None, presented: bytes | None = None, method: str = "GET"
) -> Draft:
    made = Draft(method, Origin(True, "api.test", 443), b"/v1", b"/x", list(lines))
    made.query, made.body, made.clock = query, body, lambda: Now(0.0, WALL)
    if presented is not None:
        made.presented = {b"authorization": presented}
    return made


def placed(written: dict[str, Any], draft: Draft) -> dict[str, str]:
    signing(**written).place(draft, TOKEN)
    return {name.decode().lower(): value.decode() for name, value in draft.fields}


def of_sdk(region: str, service: str, signed: str = "host;x-amz-date") -> bytes:
    scope = f"made-up/20250101/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature=00".encode()


def test_the_signature_joins_the_headers() -> None:
    sent = placed(S3, drafted(b"Accept: a\r\n"))
    assert sent["accept"] == "a"
    assert sent["x-amz-date"] == "20260102T030405Z"
    assert sent["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert sent["authorization"].startswith("AWS4-HMAC-SHA256 Credential=ak/20260102/eu-west-1/s3/aws4_request, ")


def test_what_is_signed_is_what_goes_out() -> None:
    written = S3 | {"session_token": "st"}
    draft = drafted(b"Content-Type: a/b\r\n", query=b"b=2&a=%20")
    made = signing(**written)
    sent = placed(written, draft)
    assert draft.target == b"/v1/x?b=2&a=%20"
    request = Signable("GET", "api.test", "/v1/x", "b=2&a=%20", [("content-type", "a/b")], None)
    assert sent["authorization"] == made.algorithm.sign(request, made.keys, Moment(WALL, str)).headers["Authorization"]
    assert sent["x-amz-security-token"] == "st"


@pytest.mark.parametrize(
    ("region", "service"), [("eu-west-1", "bedrock"), ("us-east-1", "bedrock"), ("us-east-1", "bedrock-agent")]
)
def test_an_sdks_region_and_service_within_the_lists(region: str, service: str) -> None:
    sent = placed(BEDROCK, drafted(body=b"{}", presented=of_sdk(region, service)))
    assert f"Credential=ak/20260102/{region}/{service}/aws4_request" in sent["authorization"]


@pytest.mark.parametrize("label", ["127", "10", "localhost:8080", "[::1]:8080"])
def test_a_service_that_is_a_piece_of_our_own_address_says_nothing(label: str) -> None:
    """tencentcloud for Node takes what is before the first dot of its endpoint."""
    sent = placed(BEDROCK, drafted(body=b"{}", presented=of_sdk("eu-west-1", label)))
    assert "Credential=ak/20260102/eu-west-1/bedrock/aws4_request" in sent["authorization"]


@pytest.mark.parametrize(
    ("region", "service", "what"),
    [
        ("us-east-2", "bedrock", "region"),
        ("us-east", "bedrock", "region"),
        ("us-east-1", "s3", "service"),
        ("US-EAST-1", "bedrock", "region"),
        ("us-east-1", "bedrock.evil.example", "service"),
    ],
)
def test_another_region_or_service_is_refused(region: str, service: str, what: str) -> None:
    with pytest.raises(Fault) as raised:
        placed(BEDROCK, drafted(body=b"{}", presented=of_sdk(region, service)))
    assert raised.value.code == "route_refused"
    assert what in raised.value.detail
    assert region not in raised.value.detail.split()


def test_headers_that_the_sdk_signed_are_signed_too() -> None:
    sent = placed(S3, drafted(b"Accept: a\r\n", presented=of_sdk("eu-west-1", "s3", "accept;host;user-agent")))
    assert "SignedHeaders=accept;host;x-amz-content-sha256;x-amz-date," in sent["authorization"]


def test_a_digest_that_the_sdk_sent_is_replaced() -> None:
    draft = drafted(b"A: b\r\nX-Amz-Content-SHA256: 00\r\n", b"C: d\r\n")
    sent = placed(S3 | {"body": "buffer"}, draft)
    assert sent["x-amz-content-sha256"].startswith("e3b0c442")
    assert [name.lower() for name, _ in draft.fields].count(b"x-amz-content-sha256") == 1
    assert (sent["a"], sent["c"]) == ("b", "d")


PRESIGNED = b"X-Amz-Credential=made-up%2F20260102%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=00&X-Amz-Algorithm=x"


def test_a_presigned_url_is_signed_in_headers() -> None:
    draft = drafted(query=b"a=1&" + PRESIGNED + b"&X-Amz-Date=20260102T030400Z&X-Amz-Expires=6&b=2")
    assert "Credential=ak/20260102/eu-west-1/s3/" in placed(S3, draft)["authorization"]
    assert draft.query == b"a=1&b=2"


def test_a_presigned_url_ends_at_its_own_expiry() -> None:
    with pytest.raises(Fault) as raised:
        placed(S3, drafted(query=PRESIGNED + b"&X-Amz-Date=20260102T030400Z&X-Amz-Expires=4"))
    assert raised.value.code == "route_refused"


OSS = {"name": "oss-v4", **KEYS, "region": "cn-hangzhou"}
OLDER = [
    (S3, b"AWSAccessKeyId=made-up&x-amz-security-token=made-up"),
    (OSS, b"security-token=made-up&OSSAccessKeyId=made-up"),
]
"""What boto3 and oss2 presign with where nobody tells them otherwise: the vendor's earlier signature."""


@pytest.mark.parametrize(("written", "query"), OLDER)
def test_an_older_presigned_url_is_signed_in_headers_too(written: dict[str, Any], query: bytes) -> None:
    draft = drafted(query=b"a=1&" + query + b"&Signature=00%3D&Expires=1767323046&b=2")
    assert "HMAC-SHA256 Credential=ak/20260102/" in placed(written, draft)["authorization"]
    assert draft.query == b"a=1&b=2"


@pytest.mark.parametrize(("written", "query"), OLDER)
def test_an_older_presigned_url_ends_at_its_own_expiry(written: dict[str, Any], query: bytes) -> None:
    with pytest.raises(Fault) as raised:
        placed(written, drafted(query=query + b"&Expires=1767323044"))
    assert raised.value.code == "route_refused"


def test_parameters_that_are_called_so_without_an_access_key_are_the_apis() -> None:
    draft = drafted(query=b"Expires=1&Signature=2")
    placed(S3, draft)
    assert draft.query == b"Expires=1&Signature=2"


def test_a_presigned_url_whose_values_have_semicolons_goes_as_a_whole() -> None:
    """As the documentation of COS writes them."""
    draft = drafted(query=b"a=1&q-ak=made-up&q-sign-time=1;1767323046&q-header-list=content-type;host&q-signature=0")
    placed({"name": "cos", **KEYS}, draft)
    assert draft.query == b"a=1"


def test_a_signature_in_the_query_replaces_the_sdks() -> None:
    draft = drafted(query=b"Action=X&AccessKeyId=made-up&Signature=0&SignatureNonce=1&Timestamp=0")
    placed({"name": "aliyun-rpc", **KEYS}, draft)
    assert draft.query.startswith(b"Action=X&AccessKeyId=ak&SignatureMethod=HMAC-SHA1&")
    assert b"made-up" not in draft.query
    assert draft.query.count(b"Signature=") == 1


@pytest.mark.parametrize(
    ("written", "needs"),
    [
        (S3, False),
        (S3 | {"body": "buffer"}, True),
        (BEDROCK, True),
        (S3 | {"services": ["bedrock"]}, True),
        ({"name": "bce-auth-v1", **KEYS}, False),
        ({"name": "aliyun-acs3", **KEYS}, True),
        ({"name": "huawei", **KEYS}, True),
        ({"name": "huawei", **KEYS, "body": "unsigned"}, False),
        ({"name": "tos", **KEYS, "region": "r"}, False),
    ],
)
def test_which_need_the_whole_body(written: dict[str, Any], needs: bool) -> None:
    assert signing(**written).needs_body is needs


def test_no_body_is_made_of_none_and_one_stays_as_it_is() -> None:
    draft = drafted(body=b"")
    placed(BEDROCK, draft)
    assert draft.body is None
    draft = drafted(body=b"{}", method="POST")
    placed(BEDROCK, draft)
    assert draft.body == b"{}"


def test_the_names_that_clients_have_no_say_in() -> None:
    names = signing(**S3).names
    assert names.headers == {b"authorization", b"x-amz-date", b"x-amz-security-token"}
    assert "x-amz-signature" in names.query


def test_what_is_shown_of_it() -> None:
    made = signing(**S3 | {"secret_key": "hush", "session_token": "hush-too"})
    masked = made.masked(lambda _: "")
    assert masked.places == {"header": {"Authorization": "aws-sigv4, of each request"}}
    draft = drafted()
    masked.place(draft, TOKEN)
    assert draft.lines == [b"Authorization: ***\r\n"]
    draft = drafted(query=b"Action=X")
    signing(name="aliyun-rpc", **KEYS).masked(lambda _: "").place(draft, TOKEN)
    assert draft.query == b"Action=X&Signature=***"
    assert "hush" not in repr(made)
    assert made.carried(TOKEN) == ()
    assert signing(name="aliyun-rpc", **KEYS).places == {"query": {"Signature": "aliyun-rpc, of each request"}}


def test_a_nonce_serves_once() -> None:
    made = signing(name="aliyun-acs3", **KEYS)
    drafts = [drafted(body=b""), drafted(body=b"")]
    for draft in drafts:
        made.place(draft, TOKEN)
    assert drafts[0].lines != drafts[1].lines
