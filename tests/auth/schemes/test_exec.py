"""What a command's output means. No process runs here: tests/tokens/calls/test_local.py has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.auth.schemes.exec import ExecProvider, ExecScheme
from proxy.auth.token import CommandRequest, IssuerReply, Minted
from proxy.errors import FailureClass, IssuerError
from tests.auth.reading.test_lifetime import jwt

WALL = 1767323045.0  # 2026-01-02T03:04:05Z
HOUR = "2026-01-02T04:04:05Z"
PAST = "2026-01-02T02:04:05Z"
SIGV4 = {"name": "aws-sigv4", "region": "us-east-1", "service": "bedrock"}
AWS = {"Version": 1, "AccessKeyId": "ak", "SecretAccessKey": "sk", "SessionToken": "st", "Expiration": HOUR}


def provider(**written: Any) -> ExecProvider:
    return ExecProvider.model_validate({"scheme": "exec", "command": ["print-it"], **written})


def scheme(**written: Any) -> ExecScheme:
    return ExecScheme.compile(provider(**written), frozenset())


def printed(output: str | bytes | dict[str, Any], **written: Any) -> Minted:
    text = json.dumps(output) if isinstance(output, dict) else output
    flow = scheme(**written).login(WALL, None)
    assert isinstance(next(flow), CommandRequest)
    with pytest.raises(StopIteration) as stop:
        flow.send(IssuerReply(200, {}, text if isinstance(text, bytes) else text.encode()))
    assert isinstance(stop.value.value, Minted)
    return stop.value.value


def kubernetes(version: str = "v1", **status: Any) -> dict[str, Any]:
    return {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential", "status": status}


@pytest.mark.parametrize(
    ("output", "token", "lifetime"),
    [
        ("abc\n", "abc", 300),
        (b"\xef\xbb\xbfabc\r\n", "abc", 300),
        ('"quoted"\n', "quoted", 300),
        ("12345", "12345", 300),
        (jwt({"exp": WALL + 900}), jwt({"exp": WALL + 900}), 900),
        ({"token": "abc", "expires_in": 3600}, "abc", 3600),
        ({"token": "abc", "expires_in": "1h"}, "abc", 3600),
        ({"token": "abc", "expires_at": HOUR}, "abc", 3600),
        ({"token": "abc", "expires_at": WALL + 60}, "abc", 60),
        (kubernetes(token="abc", expirationTimestamp=HOUR), "abc", 3600),
        (kubernetes("v1beta1", token="abc"), "abc", 300),
    ],
)
def test_shapes_that_are_understood_unasked(output: Any, token: str, lifetime: float) -> None:
    made = printed(output)
    assert (made.value, made.lifetime) == (token, lifetime)


def test_a_bare_token_lives_as_long_as_ttl_says() -> None:
    assert printed("abc", ttl="50m").lifetime == 3000


def test_json_by_path() -> None:
    reply = {"token": "accessToken", "expires_at": {"path": "expires_on", "unit": "s"}}
    made = printed({"accessToken": "abc", "expires_on": WALL + 600, "kind": "ExecCredential"}, reply=reply)
    assert (made.value, made.lifetime) == ("abc", 600)


def test_a_command_is_told_what_kubernetes_tells_its_plugins() -> None:
    request = scheme(env={"A": "1"}, timeout="3s").request
    assert (request.argv, request.timeout, request.variables["A"]) == (("print-it",), 3.0, "1")
    assert json.loads(request.variables["KUBERNETES_EXEC_INFO"])["kind"] == "ExecCredential"
    assert scheme(env={"KUBERNETES_EXEC_INFO": "x"}).request.variables == {"KUBERNETES_EXEC_INFO": "x"}


def test_the_keys_of_aws_sign_requests() -> None:
    made = printed(AWS, sign=SIGV4)
    assert (made.value, made.lifetime, made.reply) == ("sk", 3600, AWS)
    made = printed(AWS | {"Expiration": None}, sign=SIGV4)
    assert made.lifetime == 300


def test_keys_that_are_elsewhere_sign_too() -> None:
    paths = {"access_key": "c.id", "secret_key": "c.key", "session_token": "c.token"}
    reply = {"expires_at": "c.until"}
    made = printed({"c": {"id": "a", "key": "b", "until": HOUR}}, sign=SIGV4 | paths, reply=reply)
    assert (made.value, made.lifetime) == ("b", 3600)


@pytest.mark.parametrize(
    ("output", "written", "failure", "message"),
    [
        ("please log in first\n", {}, FailureClass.PASSING, "neither JSON nor a token alone"),
        ("a\nb\n", {}, FailureClass.PASSING, "neither JSON nor a token alone"),
        ("é", {}, FailureClass.PASSING, "neither JSON nor a token"),
        ('{"token": "a', {}, FailureClass.PASSING, "neither JSON nor a token"),
        ("<html>", {}, FailureClass.PASSING, "neither JSON nor a token"),
        ("[1, 2]", {}, FailureClass.PASSING, "neither JSON nor a token"),
        ({"access_token": "abc"}, {}, FailureClass.PASSING, "no text at `token`"),
        ({"token": 5}, {}, FailureClass.PASSING, "no text at `token`"),
        ({"token": ""}, {}, FailureClass.PASSING, "no text at `token`"),
        ({"token": "a\nb"}, {}, FailureClass.PASSING, "no header can carry"),
        ("abc", {"reply": {"token": "a"}}, FailureClass.PASSING, "no JSON object"),
        (
            kubernetes(clientCertificateData="x", clientKeyData="y"),
            {},
            FailureClass.PASSING,
            "no text at `status.token`",
        ),
        (kubernetes(token="abc", expirationTimestamp=PAST), {}, FailureClass.PASSING, "ended 3600 s ago"),
        ({"token": "abc", "expires_at": WALL}, {}, FailureClass.PASSING, "ended 0 s ago"),
        (jwt({"exp": WALL - 5}), {}, FailureClass.PASSING, "ended 5 s ago"),
        (AWS | {"Expiration": PAST}, {"sign": SIGV4}, FailureClass.PASSING, "ended 3600 s ago"),
        (AWS, {}, FailureClass.CREDENTIAL, "AWS keys, which are no token"),
        ({"Version": 1}, {"sign": SIGV4}, FailureClass.PASSING, "no text at `SecretAccessKey`"),
    ],
)
def test_nonsense_and_dead_tokens(output: Any, written: dict[str, Any], failure: FailureClass, message: str) -> None:
    with pytest.raises(IssuerError) as failed:
        printed(output, **written)
    assert failed.value.failure is failure
    assert message in failed.value.message
    assert failed.value.hint or "header" in message
    assert "abc" not in failed.value.message


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ({"command": ["", "x"]}, ("command", 0)),
        ({"command": ["a", "b\0c"]}, ("command", 1)),
        ({"env": {"A B": "x"}}, ("env", "A B")),
        ({"env": {"A": "x\0"}}, ("env", "A")),
        ({"reply": {"token": "header:X"}}, ("reply", "token")),
        ({"reply": {"token": "a b"}}, ("reply", "token")),
        ({"sign": SIGV4, "inject": {"header": {"X": "{token}"}}}, ("inject",)),
        ({"sign": SIGV4 | {"access_key": "a b"}}, ("sign", "access_key")),
        ({"sign": {"name": "aws-sigv4", "service": "s3"}}, ("sign", "region")),
    ],
)
def test_what_is_wrong_is_told_by_place(written: dict[str, Any], where: tuple[Any, ...]) -> None:
    assert where in [finding.where for finding in provider(**written).check(())]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"timeout": "2s"}, True),
        ({}, {"command": ["print-it", "-v"]}, False),
        ({}, {"env": {"A": "1"}}, False),
        ({}, {"reply": {"token": "t"}}, False),
        ({}, {"ttl": "5m"}, False),
        ({"sign": SIGV4}, {"sign": SIGV4 | {"region": "eu-west-1"}}, True),
        ({"sign": SIGV4}, {"sign": SIGV4 | {"secret_key": "k"}}, False),
    ],
)
def test_trap_06_another_command_is_another_cell(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    assert (scheme(**one).identity == scheme(**other).identity) is same


def test_a_repr_shows_no_word_of_the_command() -> None:
    made = scheme(command=["get", "--password=hush-hush"], env={"A": "hush-hush"})
    assert "hush" not in repr(made) + repr(made.request) + repr(provider(command=["hush"]))
