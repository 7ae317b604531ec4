"""Vendors' own SDKs with made-up keys: each calls an API through the proxy, and then says what the requests that
arrived should have carried.

They are installed in an environment of their own (rows.yaml), and run as programs: `make sdks`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from proxy.config.presets import presets
from tests.conftest import Stage
from tests.raw import Message
from tests.wire.outbound.test_dial import Names

PYTHON = os.environ.get("KEYLESS_SDKS", "")
NODE = os.environ.get("KEYLESS_NODE", "")
"""A folder with `node_modules`."""
PROGRAMS = Path(__file__).with_name("programs")
PATIENCE = 60.0
REAL = ("real-id", "real-secret")

pytestmark = pytest.mark.skipif(not PYTHON, reason="the vendors' SDKs are not installed here: `make sdks` runs these")


def answer(body: str = "", kind: str = "application/json", status: str = "200 OK", **headers: str) -> bytes:
    named = {"Content-Type": kind, "ETag": '"e"', **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


OBJECT = answer("content", "text/plain")
DONE = answer("", "text/plain")
LISTED = answer(
    '<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><Prefix/><KeyCount>0</KeyCount><MaxKeys>1</MaxKeys>'
    "<IsTruncated>false</IsTruncated></ListBucketResult>",
    "application/xml",
)
CONVERSED = {
    "output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


class Sdk(NamedTuple):
    """`provider` is what the config says of it, `replies` the API's in order, `result` what the program prints."""

    provider: dict[str, Any]
    replies: tuple[bytes, ...]
    result: Any
    prefix: str = "/sdk"
    host: str = "127.0.0.1"


def of_preset(name: str, access: str, secret: str, **more: str) -> dict[str, Any]:
    return {"use": name, access: REAL[0], secret: REAL[1], **more}


def session_of(sdk: Sdk) -> str:
    """The preset's parameter for the token of temporary keys."""
    return next((name for name in presets()[sdk.provider["use"]].parameters if name in SESSION), "")


SESSION = ("session_token", "security_token", "token")
AWS = ("access_key_id", "secret_access_key")
SDKS = {
    "boto3_s3": Sdk(of_preset("aws-s3", *AWS, region="eu-west-1"), (DONE, OBJECT, LISTED, OBJECT), "content 0 content"),
    "boto3_bedrock": Sdk(
        of_preset("aws-bedrock", *AWS, region="eu-west-1"), (answer(json.dumps(CONVERSED)),) * 2, "hi"
    ),
    "tencent_cvm": Sdk(
        of_preset("tencent-cloud", "secret_id", "secret_key", service="cvm"),
        (answer('{"Response": {"TotalCount": 0, "InstanceSet": [], "RequestId": "r"}}'),),
        0,
        "/",
    ),
    "aliyun_ecs": Sdk(
        of_preset("aliyun", "access_key_id", "access_key_secret", host="ecs.aliyuncs.com"),
        (answer('{"RequestId": "r", "Regions": {"Region": []}}'),),
        "r",
        "/",
    ),
    "baidu_bos": Sdk(
        of_preset("baidu-bos", "access_key", "secret_key", region="bj"),
        (DONE, answer('{"name": "bucket", "contents": []}'), OBJECT),
        "content",
        "/",
    ),
    "tencent_cos": Sdk(
        of_preset("tencent-cos", "secret_id", "secret_key", region="ap-guangzhou", bucket="bucket-1250000000"),
        (DONE, LISTED, OBJECT),
        "content",
    ),
    "aliyun_oss": Sdk(
        of_preset("aliyun-oss", "access_key_id", "access_key_secret", region="cn-hangzhou", bucket="bucket"),
        (DONE, LISTED, OBJECT),
        "content",
        "/",
        "bucket.oss-cn-hangzhou.aliyuncs.com",
    ),
    "volc_tos": Sdk(
        of_preset("volc-tos", "access_key", "secret_key", region="cn-beijing", bucket="bucket"),
        (DONE, answer('{"Name": "bucket", "Contents": []}'), OBJECT),
        "content",
        "/",
    ),
    "huawei_obs": Sdk(of_preset("huawei-obs", *AWS, region="cn-north-4"), (DONE, LISTED, OBJECT), "content", "/"),
    "huawei_vpc": Sdk(
        of_preset("huawei-aksk", "access_key", "secret_key", host="vpc.myhuaweicloud.com"),
        (answer('{"vpc": {"id": "v"}}'), answer('{"vpcs": []}')),
        "v []",
        "/",
    ),
    "qiniu_buckets": Sdk(
        of_preset("qiniu", "access_key", "secret_key"), (answer('["bucket"]', X_Reqid="r"),), "bucket"
    ),
    "stripe_api": Sdk(
        {"use": "stripe", "api_key": REAL[1]}, (answer('{"object": "list", "data": [], "url": "/v1/customers"}'),), 0
    ),
}


@pytest.mark.parametrize("name", SDKS)
async def test_what_it_signed_with_made_up_keys_is_good(name: str, stage: Stage) -> None:
    for request in await requests_of(name, stage, {}):
        await judged(name, request)


@pytest.mark.parametrize("name", [name for name, sdk in SDKS.items() if session_of(sdk)])
async def test_with_temporary_keys_too(name: str, stage: Stage) -> None:
    for request in await requests_of(name, stage, {session_of(SDKS[name]): "real-token"}):
        assert "real-token" in [value for key, value in request.headers if key.lower().endswith("token")]
        await judged(name, request)


async def requests_of(name: str, stage: Stage, more: dict[str, str]) -> list[Message]:
    sdk = SDKS[name]
    api = await stage.api(*sdk.replies)
    stage.resolve = Names("127.0.0.1")
    upstream = api.url.replace("127.0.0.1", sdk.host)
    route = {"upstream": upstream, "provider": "vendor", "plain_http": True, "private": True}
    await stage.open({sdk.prefix: route}, providers={"vendor": sdk.provider | more})
    result = await called(name, stage.url + sdk.prefix.rstrip("/"))
    assert result == sdk.result
    assert len(api.requests) == len(sdk.replies)
    return api.requests


TOKENS = {
    "lark": (
        {"use": "feishu", "app_id": REAL[0], "app_secret": REAL[1]},
        {"code": 0, "tenant_access_token": "real-token", "expire": 7200, "msg": "ok"},
        answer('{"code": 0, "msg": "success", "data": {"items": []}}'),
        0,
        "/",
    ),
    "wechat": (
        {"use": "wechat-stable-token", "appid": REAL[0], "appsecret": REAL[1]},
        {"access_token": "real-token", "expires_in": 7200},
        answer('{"ip_list": ["127.0.0.1"]}'),
        ["127.0.0.1"],
        "/wechat",
    ),
}


@pytest.mark.parametrize("name", TOKENS)
async def test_its_made_up_token_becomes_a_real_one(name: str, stage: Stage) -> None:
    provider, sold, reply, result, prefix = TOKENS[name]
    issuer, api = await stage.api(answer(json.dumps(sold))), await stage.api(reply)
    route = {"upstream": api.url, "provider": "vendor", "stand_in": True}
    await stage.open({prefix: route}, providers={"vendor": provider | {"request": {"url": f"{issuer.url}/token"}}})
    assert await called(name, stage.url + prefix.rstrip("/")) == result
    assert REAL[1].encode() in issuer.requests[0].body
    assert len(api.requests) == 1
    await judged(name, api.requests[0])


async def called(name: str, url: str, **environ: str) -> Any:
    return json.loads((await run(name, "call", url, environ=environ)).splitlines()[-1])


async def judged(name: str, request: Message) -> None:
    """What the vendor's own code makes of the request with the real keys is what it carries."""
    method, target, _ = request.start.split(" ")
    headers = {key.lower(): value for key, value in request.headers}
    sent = {"method": method, "target": target, "headers": headers, "body": base64.b64encode(request.body).decode()}
    for place, wanted in json.loads(await run(name, "judge", said=json.dumps(sent).encode())).items():
        found = headers.get(place) if not place.startswith("?") else dict(pairs(target)).get(place[1:])
        assert (found or "").replace(", ", ",") == wanted.replace(", ", ","), request.start
    assert "made-up" not in f"{request.start} {request.headers}"
    assert b"made-up" not in request.body


def pairs(target: str) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in target.partition("?")[2].split("&"))
    return [(key, value) for key, _, value in parts]


async def run(
    name: str, *words: str, said: bytes = b"", may_fail: bool = False, environ: Mapping[str, str] | None = None
) -> str:
    """Without this machine's own proxies and keys, and in a home of its own: SDKs leave caches and identities there."""
    with tempfile.TemporaryDirectory(prefix="kls-sdk-") as home:
        own = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        program = await _started(name, words, own | dict(environ or {}))
        try:
            async with asyncio.timeout(PATIENCE):
                out, wrong = await program.communicate(said)
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
    assert may_fail or program.returncode == 0, wrong.decode()[-3000:]
    return out.decode()


async def _started(name: str, words: Sequence[str], environ: dict[str, str]) -> asyncio.subprocess.Process:
    """Python's, or Node's where it has a program of this name."""
    pipe, of_node = asyncio.subprocess.PIPE, PROGRAMS / f"{name}.cjs"
    command = ["node", str(of_node)] if of_node.exists() else [PYTHON, str(PROGRAMS / f"{name}.py")]
    own = {"KEYLESS_NODE": str(Path(NODE).resolve())} if of_node.exists() else {}
    return await asyncio.create_subprocess_exec(
        *command, *words, stdin=pipe, stdout=pipe, stderr=pipe, env=environ | own
    )
