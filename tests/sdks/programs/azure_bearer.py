"""azure-core: its bearer policy takes https alone."""

from __future__ import annotations

import time

from azure.core import PipelineClient
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest
from program import Request, main


class MadeUp:
    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken("made-up-token", int(time.time()) + 3600)


def call(url: str) -> int:
    with PipelineClient(url, policies=[BearerTokenCredentialPolicy(MadeUp(), "a-scope")]) as client:
        reply = client.send_request(HttpRequest("GET", client.format_url("/things")))
        reply.raise_for_status()
        return reply.json()["things"]


def judge(request: Request) -> dict[str, str]:
    return {"authorization": "Bearer real-secret"}


main(call, judge)
