"""tencentcloud-sdk-python: a call of API 3.0."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from program import MADE_UP, REAL, Request, main
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312.cvm_client import CvmClient
from tencentcloud.cvm.v20170312.models import DescribeInstancesRequest


def client(keys: tuple[str, str], host: str) -> CvmClient:
    profile = ClientProfile(httpProfile=HttpProfile(endpoint=host, protocol="http"))
    return CvmClient(Credential(*keys), "ap-guangzhou", profile)


def call(url: str) -> int:
    asked = DescribeInstancesRequest()
    asked.Limit = 1
    return client(MADE_UP, url.removeprefix("http://")).DescribeInstances(asked).TotalCount


def judge(request: Request) -> dict[str, str]:
    stamp = request.headers["x-tc-timestamp"]
    names = {"Content-Type": "content-type", "Host": "host", "X-TC-Timestamp": "x-tc-timestamp"}
    header = {name: request.headers[lower] for name, lower in names.items()}
    sent = SimpleNamespace(method=request.method, uri=request.path, data=request.body, header=header)
    day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    signature = client(REAL, "h")._get_tc3_signature({}, sent, day, "cvm", REAL[1])
    return {
        "authorization": f"TC3-HMAC-SHA256 Credential={REAL[0]}/{day}/cvm/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={signature}"
    }


main(call, judge)
