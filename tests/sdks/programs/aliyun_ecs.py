"""alibabacloud_tea_openapi: an RPC call, signed with ACS3-HMAC-SHA256."""

from __future__ import annotations

import re

from alibabacloud_ecs20140526.client import Client
from alibabacloud_ecs20140526.models import DescribeRegionsRequest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from program import MADE_UP, REAL, Request, main


def call(url: str) -> str:
    access, secret = MADE_UP
    host = url.removeprefix("http://")
    config = Config(access_key_id=access, access_key_secret=secret, endpoint=host, protocol="HTTP")
    return Client(config).describe_regions(DescribeRegionsRequest(accept_language="zh-CN")).body.request_id


def judge(request: Request) -> dict[str, str]:
    sent = DaraRequest()
    sent.method, sent.pathname, sent.query = request.method, request.path, request.params
    sent.headers = request.only(re.search("SignedHeaders=([^,]+)", request.headers["authorization"])[1])
    digest = request.headers["x-acs-content-sha256"]
    return {"authorization": Utils.get_authorization(sent, "ACS3-HMAC-SHA256", digest, *REAL)}


main(call, judge)
