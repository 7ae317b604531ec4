"""slack_sdk: a file, which goes to a URL of the reply."""

from __future__ import annotations

from program import Request, main
from slack_sdk import WebClient


def call(url: str) -> str:
    client = WebClient("made-up-secret", base_url=f"{url}/api/")
    return str(client.files_upload_v2(content="content", filename="a.txt", channel="C1")["ok"])


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-secret"}


main(call, judge)
