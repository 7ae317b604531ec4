"""What the programs have in common: `call URL` uses an SDK with made-up keys, `judge` tells what a request that reached
the API should have carried, computed by the same SDK with the real ones.

Owns: the way in and out, as JSON. Must not know: any SDK. It runs with the SDKs' Python, without Keyless.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from calendar import timegm
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

MADE_UP = ("made-up-id", "made-up-secret")
REAL = ("real-id", "real-secret")
REGION = "eu-west-1"


class Request(NamedTuple):
    """As it came. `headers` by names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def key(self) -> str:
        return unquote(self.path)

    @property
    def query(self) -> str:
        return urlsplit(self.target).query

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def url(self) -> str:
        return f"http://{self.headers['host']}{self.target}"

    def only(self, names: str) -> dict[str, str]:
        """The headers of a list such as `host;x-amz-date`."""
        return {name: self.headers[name] for name in names.split(";")}


def moment(text: str, pattern: str) -> float:
    return timegm(time.strptime(text, pattern))


def main(call: Callable[[str], Any], judge: Callable[[Request], dict[str, str]]) -> None:
    if sys.argv[1] == "call":
        print(json.dumps(call(sys.argv[2])))
        return
    sent = json.load(sys.stdin)
    sent["body"] = base64.b64decode(sent["body"])
    print(json.dumps(judge(Request(**sent))))
