"""simple-salesforce: `instance_url` is https, and its path is dropped."""

from __future__ import annotations

from program import Request, main
from simple_salesforce import Salesforce


def call(url: str) -> int:
    return Salesforce(instance_url=url, session_id="made-up-session").query("SELECT Id FROM Account")["totalSize"]


def judge(request: Request) -> dict[str, str]:
    assert request.path.startswith("/services/data/v")
    return {"authorization": "Bearer real-secret"}


main(call, judge)
