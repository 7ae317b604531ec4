"""Routes whose credential a command prints, or a file holds."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conftest import Stage
from tests.raw import Message, RawApi

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
COUNTS = """
    import pathlib, json
    file = pathlib.Path("count")
    count = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(count))
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


async def ready(stage: Stage, command: list[str], *replies: bytes, **more: Any) -> RawApi:
    api = await stage.api(*replies or (OK,))
    provider = {"scheme": "exec", "command": command} | more
    await stage.open({"/x": {"upstream": api.url, "provider": "cli"}}, providers={"cli": provider})
    return api


async def test_a_command_is_run_once_for_many_requests_and_again_when_its_token_is_refused(stage: Stage) -> None:
    code = COUNTS + '    print(json.dumps({"token": f"token-{count}", "expires_in": 3600}))'
    api = await ready(stage, python(code), OK, OK, UNAUTHORIZED, OK)
    for _ in range(3):
        reply = await stage.call("/x/a")
        assert reply.status == 200
    assert reply.get("X-Keyless-Attempts") == "2"
    sent = [request.get("Authorization") for request in api.requests]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("command", "status", "code", "said"),
    [
        (["no-such-command-here"], 424, "credential_refused", "Correct the provider's `command`"),
        (python("raise SystemExit(3)"), 503, "token_unavailable", "exit code 3"),
        (python("import sys; print('abc'); sys.exit(1)"), 503, "token_unavailable", "exit code 1"),
        (python("print('hush ' * 20000)"), 503, "token_unavailable", "more than 65536 bytes"),
        (python("import time; time.sleep(60)"), 503, "token_unavailable", "more than 1 s"),
        (python("print('please log in')"), 503, "token_unavailable", "Run the provider's `command` by hand"),
        (python("print('{')"), 503, "token_unavailable", "Run the provider's `command` by hand"),
        (
            python("""print('{"token": "dead-one", "expires_at": "2020-01-01T00:00:00Z"}')"""),
            503,
            "token_unavailable",
            "dead already",
        ),
    ],
)
async def test_bad_commands(stage: Stage, command: list[str], status: int, code: str, said: str) -> None:
    api = await ready(stage, command, timeout="1s" if "sleep" in command[-1] else "20s")
    reply = await stage.call("/x/a")
    assert (reply.status, reply.json()["code"]) == (status, code)
    assert said in reply.json()["detail"]
    assert not api.requests
    assert "dead-one" not in stage.log.getvalue()
    assert "hush" not in stage.log.getvalue()


async def test_stderr_is_not_for_clients_and_only_scrubbed_for_the_log(stage: Stage) -> None:
    code = "import sys; sys.exit('the session of alice is over: aB3dE6gH9jK2mN5p')"
    await ready(stage, python(code))
    reply = await stage.call("/x/a")
    assert "alice" not in reply.body.decode()
    assert "it said: the session of alice is over: ***" in stage.log.getvalue()
    assert "aB3dE6gH9jK2mN5p" not in stage.log.getvalue()


async def test_the_token_is_scrubbed_from_replies(stage: Stage) -> None:
    echo = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\na-printed-token!"
    await ready(stage, ["echo", "a-printed-token"], echo)
    assert (await stage.call("/x/a")).body == b"***************!"


# ---------------------------------------------------------------------------------------------- credential_process

KEYS = {
    "Version": 1,
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "printed-secret",
    "SessionToken": "printed-session",
}
SIGN = {"name": "aws-sigv4", "region": "eu-west-1", "service": "bedrock"}


def proven(request: Message) -> bool:
    """Whether AWS would take it."""
    proof = request.get("Authorization") or ""
    signed = proof.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: value for name, value in request.headers if name.lower() in signed}
    url = f"http://{request.get('Host')}{request.target}"
    sent = AWSRequest(request.start.split(" ")[0], url, headers, request.body)
    sent.context["timestamp"] = request.get("X-Amz-Date")
    auth = SigV4Auth(Credentials("ASIAEXAMPLE", "printed-secret"), "bedrock", "eu-west-1")
    return proof.endswith(str(auth.signature(auth.string_to_sign(sent, auth.canonical_request(sent)), sent)))


async def test_printed_keys_sign_requests(stage: Stage) -> None:
    echo = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\r\nprinted-session printed-secret"
    api = await ready(stage, ["echo", json.dumps(KEYS)], OK, echo, sign=SIGN)
    assert (await stage.call("/x/model/a/invoke", "POST", data=b"{}")).status == 200
    (request,) = api.requests
    assert proven(request)
    assert request.get("X-Amz-Security-Token") == "printed-session"
    assert "Credential=ASIAEXAMPLE/" in (request.get("Authorization") or "")
    assert (await stage.call("/x/a")).body == b"*" * 15 + b" " + b"*" * 14


async def test_printed_keys_are_others_after_a_refusal(stage: Stage) -> None:
    code = COUNTS + '    print(json.dumps({"AccessKeyId": f"AK{count}", "SecretAccessKey": f"printed-{count}"}))'
    api = await ready(stage, python(code), UNAUTHORIZED, OK, sign=SIGN)
    assert (await stage.call("/x/a")).status == 200
    first, second = (request.get("Authorization") or "" for request in api.requests)
    assert ("Credential=AK1/" in first, "Credential=AK2/" in second) == (True, True)


async def test_an_output_without_keys_is_no_credential(stage: Stage) -> None:
    await ready(stage, ["echo", '{"SecretAccessKey": "printed-secret"}'], sign=SIGN)
    reply = await stage.call("/x/a")
    assert reply.status >= 424
    assert "printed-secret" not in reply.body.decode() + stage.log.getvalue()
