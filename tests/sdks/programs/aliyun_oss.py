"""oss2: objects of OSS, signature version 4."""

from __future__ import annotations

from datetime import UTC, datetime

import oss2
import oss2.auth
from oss2.http import Request as OssRequest
from program import MADE_UP, REAL, Request, main, moment


def call(url: str) -> str:
    bucket = oss2.Bucket(oss2.AuthV4(*MADE_UP), url, "bucket", region="cn-hangzhou", is_cname=True)
    bucket.put_object("a b/测试", "content", headers={"Content-Type": "text/plain", "x-oss-meta-a": "b"})
    bucket.list_objects_v2(prefix="a b/", delimiter="/")
    return bucket.get_object("a b/测试").read().decode()


def judge(request: Request) -> dict[str, str]:
    stamp = datetime.fromtimestamp(moment(request.headers["x-oss-date"], "%Y%m%dT%H%M%SZ"), UTC)
    oss2.auth.datetime = type("Frozen", (), {"utcnow": staticmethod(lambda: stamp)})
    kept = {name: value for name, value in request.headers.items() if name != "authorization"}
    sent = OssRequest(request.method, request.url, params=request.params, headers=kept)
    sent.region, sent.product = "cn-hangzhou", "oss"
    oss2.AuthV4(*REAL)._sign_request(sent, "bucket", request.key.removeprefix("/"))
    return {"authorization": sent.headers["authorization"]}


main(call, judge)
