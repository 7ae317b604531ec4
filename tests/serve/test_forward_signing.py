"""Routes whose API wants a signature, with a vendor's own SDK as client and as judge."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from proxy.serve.body import EDITABLE
from tests.conftest import Stage
from tests.raw import Message, RawApi

REAL = {"access_key": "AKIDEXAMPLE", "secret_key": "the-real-secret-key"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ECHO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 23\r\n\r\nis: the-real-secret-key"
S3 = {"name": "aws-sigv4", **REAL, "region": "eu-west-1", "service": "s3"}
BEDROCK = S3 | {"service": "bedrock"}


async def ready(stage: Stage, sign: Mapping[str, Any], *replies: bytes, base: str = "") -> RawApi:
    api = await stage.api(*replies or (OK,))
    provider = {"scheme": "signed", "sign": dict(sign)}
    await stage.open({"/aws": {"upstream": api.url + base, "provider": "p"}}, providers={"p": provider})
    return api


def signature(request: Message, service: str) -> str:
    """What AWS would expect of this request."""
    proof = request.get("Authorization") or ""
    signed = proof.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    url = f"http://{request.get('Host')}{request.target}"
    headers = {name: value for name, value in request.headers if name.lower() in signed}
    sent = AWSRequest(request.start.split(" ")[0], url, headers, request.body)
    sent.context["timestamp"] = request.get("X-Amz-Date")
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = kind(Credentials(REAL["access_key"], REAL["secret_key"]), service, "eu-west-1")
    return str(auth.signature(auth.string_to_sign(sent, auth.canonical_request(sent)), sent))


def proven(request: Message, service: str) -> bool:
    return (request.get("Authorization") or "").endswith(f"Signature={signature(request, service)}")


def client(stage: Stage, service: str) -> Any:
    session = botocore.session.get_session()
    return session.create_client(
        service,
        region_name="eu-west-1",
        endpoint_url=f"{stage.url}/aws",
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up-too",
        aws_session_token="made-up-as-well",
        config=Config(retries={"max_attempts": 0}, proxies={}, s3={"addressing_style": "path"}),
    )


async def test_botocore_with_made_up_keys_reads_and_writes_s3(stage: Stage) -> None:
    api = await ready(stage, S3, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OK)

    def calls() -> bytes:
        s3 = client(stage, "s3")
        s3.put_object(Bucket="bucket", Key="a b/ü+c", Body=b"content", Metadata={"note": "a  b"})
        return bytes(s3.get_object(Bucket="bucket", Key="a b/ü+c")["Body"].read())

    assert await asyncio.to_thread(calls) == b"ok"
    put, got = api.requests
    assert (put.start, got.start.split(" ")[0]) == ("PUT /bucket/a%20b/%C3%BC%2Bc HTTP/1.1", "GET")
    assert b"content" in put.body
    for request in api.requests:
        assert proven(request, "s3")
        assert "made-up" not in str(request.headers)


async def test_botocore_with_made_up_keys_calls_bedrock(stage: Stage) -> None:
    api = await ready(stage, BEDROCK)

    def call() -> bytes:
        made = client(stage, "bedrock-runtime").invoke_model(modelId="a.b-v1:0", body=b'{"a": 1}')
        return bytes(made["body"].read())

    assert await asyncio.to_thread(call) == b"ok"
    assert api.requests[0].body == b'{"a": 1}'
    assert proven(api.requests[0], "bedrock")


async def test_who_signs_nothing_is_signed_for(stage: Stage) -> None:
    api = await ready(stage, BEDROCK, base="/v1")
    reply = await stage.ask(
        "POST /aws/x?b=2&a=1 HTTP/1.1", "Authorization: Bearer kls", "Content-Length: 2", body=b"{}"
    )
    assert reply.status == 200
    assert api.requests[0].target == "/v1/x?b=2&a=1"
    assert proven(api.requests[0], "bedrock")


async def test_a_get_gets_no_body_by_it(stage: Stage) -> None:
    api = await ready(stage, BEDROCK)
    await stage.ask("GET /aws/x HTTP/1.1")
    assert api.requests[0].get("Content-Length") is None
    assert proven(api.requests[0], "bedrock")


async def test_another_service_is_refused_before_anything_is_sent(stage: Stage) -> None:
    api = await ready(stage, S3)
    proof = "AWS4-HMAC-SHA256 Credential=a/20260102/eu-west-1/iam/aws4_request, SignedHeaders=host, Signature=0"
    reply = await stage.ask("GET /aws/x HTTP/1.1", f"Authorization: {proof}")
    assert (reply.status, reply.code) == (403, "route_refused")
    assert api.requests == []


async def test_a_body_that_is_too_large_to_be_signed(stage: Stage) -> None:
    api = await ready(stage, BEDROCK)
    wire = await stage.wire()
    await wire.send(
        f"POST /aws/x HTTP/1.1\r\nHost: {stage.authority}\r\nTransfer-Encoding: chunked\r\n\r\n".encode(),
        b"%x\r\n" % (EDITABLE + 1),
        b"a" * (EDITABLE + 1),
    )
    reply = await wire.message()
    assert (reply.status, reply.code) == (413, "body_too_large")
    assert api.requests == []


async def test_a_body_that_need_not_be_signed_streams(stage: Stage) -> None:
    api = await ready(stage, S3)
    size = EDITABLE + 1
    reply = await stage.ask("PUT /aws/x HTTP/1.1", f"Content-Length: {size}", body=b"a" * size)
    assert reply.status == 200
    assert len(api.requests[0].body) == size
    assert api.requests[0].get("X-Amz-Content-SHA256") == "UNSIGNED-PAYLOAD"


async def test_the_key_does_not_come_back(stage: Stage) -> None:
    await ready(stage, S3, ECHO)
    assert b"real-secret" not in (await stage.ask("GET /aws/x HTTP/1.1")).body


@pytest.mark.parametrize("name", ["bce-auth-v1", "cos", "obs", "huawei", "aliyun-acs3", "aliyun-rpc"])
async def test_others_are_signed_too(stage: Stage, name: str) -> None:
    api = await ready(stage, {"name": name, **REAL})
    assert (await stage.ask("GET /aws/x?a=1 HTTP/1.1", "Authorization: made-up")).status == 200
    sent = api.requests[0]
    assert REAL["access_key"] in (sent.get("Authorization") or "") + sent.target
    assert "made-up" not in str(sent.headers)


async def test_a_client_key_as_the_sdks_access_key(stage: Stage) -> None:
    api = await stage.api(OK)
    await stage.open(
        {"/aws": {"upstream": api.url, "provider": "p"}},
        providers={"p": {"scheme": "signed", "sign": BEDROCK}},
        clients=[{"name": "app", "key": "kls_of-an-application"}],
    )
    proof = "AWS4-HMAC-SHA256 Credential={}/20260102/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=0"
    token = "X-Amz-Security-Token: made-up"
    good = await stage.ask("GET /aws/x HTTP/1.1", "Authorization: " + proof.format("kls_of-an-application"), token)
    wrong = await stage.ask("GET /aws/x HTTP/1.1", "Authorization: " + proof.format("kls_of-another"), token)
    assert (good.status, wrong.status, wrong.code) == (200, 401, "client_key_required")
    assert len(api.requests) == 1
    assert "kls_" not in str(api.requests[0].headers)
