"""replicate: a prediction, and its stream, which a URL of the reply leads to."""

from __future__ import annotations

import replicate
from program import Request, main


def call(url: str) -> str:
    client = replicate.Client(base_url=url, api_token="made-up-secret")
    return "".join(map(str, client.stream("meta/llama", input={"prompt": "hi"})))


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-secret"}


main(call, judge)
