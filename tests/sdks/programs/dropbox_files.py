"""dropbox: a call, and an upload, which goes to another host. It takes https alone, and addresses from variables."""

from __future__ import annotations

import dropbox
from program import Request, main


def call(url: str) -> str:
    box = dropbox.Dropbox("made-up-token", max_retries_on_error=0)
    return f"{box.check_user('hi').result} {box.files_upload(b'content', '/测试').name}"


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-secret"}


main(call, judge)
