"""SigV4 with botocore as the judge: it computes the signature of what we send with the same key, at the same time."""

from __future__ import annotations

import string

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.signing.request import Keys, Moment, Signable, Signed
from proxy.auth.signing.vendors.sigv4 import aws
from proxy.errors import Fault

AK, SK = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MOMENT = Moment(1767323045.0, lambda: "")
TEXT = st.text(string.ascii_letters + string.digits + "-_.~", max_size=8)
VALUE = st.text(string.ascii_letters + string.digits + " !'()*,;=@", max_size=20)


def judged(request: Signable, service: str, made: Signed) -> str:
    """The signature that botocore makes of it."""
    headers = {"Host": request.host} | dict(request.headers) | made.headers
    signed = made.headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    sent = AWSRequest(
        request.method,
        f"https://{request.host}{request.path}" + (f"?{request.query}" if request.query else ""),
        {name: value for name, value in headers.items() if name.lower() in signed},
        request.body or b"",
    )
    sent.context["timestamp"] = MOMENT.compact
    if request.body is None:
        sent.context["payload_signing_enabled"] = False
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = kind(Credentials(AK, SK), service, "eu-west-1")
    text = auth.string_to_sign(sent, auth.canonical_request(sent))
    return str(auth.signature(text, sent))


@given(
    service=st.sampled_from(["s3", "bedrock", "execute-api"]),
    segments=st.lists(TEXT.filter(lambda text: text.strip(".")), max_size=4),
    pairs=st.dictionaries(TEXT.filter(bool), TEXT, max_size=4),
    values=st.lists(VALUE, max_size=3),
    body=st.binary(max_size=64),
)
def test_botocore_signs_the_same(
    service: str, segments: list[str], pairs: dict[str, str], values: list[str], body: bytes
) -> None:
    query = "&".join(f"{name}={value}" for name, value in pairs.items())
    headers = [(f"x-amz-meta-{number}", value) for number, value in enumerate(values)]
    request = Signable("PUT", "api.example.com", "/" + "/".join(segments), query, headers, body)
    made = aws(request, Keys(AK, SK, None, "eu-west-1", service), MOMENT)
    assert made.headers["Authorization"].endswith(f"Signature={judged(request, service, made)}")


def test_values_of_one_name_are_joined_without_the_blanks_around_them() -> None:
    several = [("x-amz-meta", "1 "), ("x-amz-meta", " 2   3 ")]
    joined = [("x-amz-meta", "1,2 3")]
    keys = Keys(AK, SK, None, "r", "s3")
    made = [aws(Signable("GET", "a", "/", "", sent, None), keys, MOMENT).headers for sent in (several, joined)]
    assert made[0] == made[1]


def test_a_trailer_of_the_sdk_stays_what_it_is() -> None:
    said = [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")]
    made = aws(Signable("PUT", "a", "/", "", said, None), Keys(AK, SK, None, "r", "s3"), MOMENT)
    assert made.headers["X-Amz-Content-SHA256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def test_chunks_that_carry_signatures_cannot_be_signed_anew() -> None:
    said = [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]
    with pytest.raises(Fault) as raised:
        aws(Signable("PUT", "a", "/", "", said, None), Keys(AK, SK, None, "r", "s3"), MOMENT)
    assert raised.value.code == "bad_request"
