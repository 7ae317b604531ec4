"""cos-python-sdk-v5: objects of COS."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace

from program import MADE_UP, REAL, Request, main
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_auth import CosS3Auth


def config(keys: tuple[str, str], domain: str) -> CosConfig:
    return CosConfig(Region="ap-guangzhou", SecretId=keys[0], SecretKey=keys[1], Domain=domain, Scheme="http")


def call(url: str) -> str:
    cos = CosS3Client(config(MADE_UP, url.removeprefix("http://")), retry=0)
    cos.put_object(Bucket="bucket-1250000000", Body=b"content", Key="a b/测试", ContentType="text/plain")
    cos.list_objects(Bucket="bucket-1250000000", Prefix="a b/", MaxKeys=1)
    return cos.get_object(Bucket="bucket-1250000000", Key="a b/测试")["Body"].get_raw_stream().read().decode()


def judge(request: Request) -> dict[str, str]:
    begin, end = re.search(r"q-sign-time=(\d+);(\d+)", request.headers["authorization"]).groups()
    time.time = lambda: int(begin) + 60
    named = re.search("q-header-list=([^&]*)", request.headers["authorization"])[1]
    sent = SimpleNamespace(method=request.method, url=request.url, headers=request.only(named))
    lifetime = int(end) - int(begin) - 60
    CosS3Auth(config(REAL, "h"), request.key, request.params, lifetime)(sent)
    return {"authorization": sent.headers["Authorization"]}


main(call, judge)
