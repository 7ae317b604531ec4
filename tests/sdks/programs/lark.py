"""lark-oapi: a call whose token the stand-in sells."""

from __future__ import annotations

import lark_oapi
from lark_oapi.api.im.v1 import ListChatRequest
from program import MADE_UP, Request, main


def call(url: str) -> int:
    client = lark_oapi.Client.builder().app_id(MADE_UP[0]).app_secret(MADE_UP[1]).domain(url).build()
    reply = client.im.v1.chat.list(ListChatRequest.builder().build())
    assert reply.success(), reply.msg
    return reply.code


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-token"}


main(call, judge)
