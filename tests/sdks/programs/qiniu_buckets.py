"""qiniu: management calls."""

from __future__ import annotations

import qiniu
from program import MADE_UP, REAL, Request, main
from qiniu.auth import QiniuMacAuth


def call(url: str) -> str:
    qiniu.set_default(default_uc_host=url, default_rs_host=url, default_api_host=url)
    buckets, info = qiniu.BucketManager(qiniu.Auth(*MADE_UP)).buckets()
    assert info.status_code == 200, (info.status_code, info.exception, info.text_body)
    return buckets[0]


def judge(request: Request) -> dict[str, str]:
    mac, kind = QiniuMacAuth(*REAL), request.headers.get("content-type")
    own = {
        f"X-Qiniu-{name[8:].title()}": value for name, value in request.headers.items() if name.startswith("x-qiniu-")
    }
    token = mac.token_of_request(
        request.method, request.headers["host"], request.url, mac.qiniu_headers(own), kind, request.body
    )
    return {"authorization": f"Qiniu {token}"}


main(call, judge)
