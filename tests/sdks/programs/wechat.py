"""wechatpy: a call with a made-up token in the query."""

from __future__ import annotations

from program import MADE_UP, Request, main
from wechatpy import WeChatClient


def call(url: str) -> list[str]:
    WeChatClient.API_BASE_URL = f"{url}/cgi-bin/"
    return WeChatClient(*MADE_UP, access_token="made-up-token").misc.get_wechat_ips()


def judge(request: Request) -> dict[str, str]:
    return {"?access_token": "real-token"}


main(call, judge)
