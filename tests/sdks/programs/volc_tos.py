"""tos: objects of TOS."""

from __future__ import annotations

import re
from types import SimpleNamespace

import tos
import tos.auth
from program import MADE_UP, REAL, Request, main
from tos.credential import StaticCredentialsProvider


def call(url: str) -> str:
    client = tos.TosClientV2(*MADE_UP, url, "cn-beijing", max_retry_count=0, enable_crc=False, is_custom_domain=True)
    client.put_object("bucket", "a b/测试", content=b"content", content_type="text/plain")
    client.list_objects_type2("bucket", prefix="a b/")
    return client.get_object("bucket", "a b/测试").read().decode()


def judge(request: Request) -> dict[str, str]:
    named = re.search("SignedHeaders=([^,]+)", request.headers["authorization"])[1]
    sent = SimpleNamespace(
        method=request.method,
        path=request.key,
        params=request.params,
        headers=request.only(named),
        generic_input=None,
    )
    auth = tos.auth.AuthBase(StaticCredentialsProvider(*REAL), "cn-beijing")
    auth.credential = auth.credentials_provider.get_credentials()
    listed = sorted(sent.headers.items())
    signature = auth._make_signature(date=request.headers["x-tos-date"], req=sent, signed_headers=listed)
    return {"authorization": auth._inject_signature_to_request(signature, request.headers["x-tos-date"], listed)}


main(call, judge)
