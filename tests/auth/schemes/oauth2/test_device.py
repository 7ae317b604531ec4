from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.auth.schemes.oauth2.device import Device, next_interval
from proxy.auth.schemes.oauth2.discovery import Endpoints
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.oauth2.scheme import OAuth2Scheme
from proxy.auth.token import IssuerReply
from proxy.errors import FailureClass, IssuerError

ENDPOINTS = Endpoints("https://i.example/token", device="https://i.example/device")
GOOD = {"device_code": "dc", "user_code": "ABCD-EFGH", "verification_uri": "https://i.example/d", "expires_in": 900}


def begun(document: Any, status: int = 200, endpoints: Endpoints = ENDPOINTS, **more: Any) -> Device:
    written = {"scheme": "oauth2", "grant": "device_code", "issuer": "https://i.example", "client_id": "id"}
    provider = OAuth2Provider.model_validate(written | {"client_auth": "post", "client_secret": "hush-hush"} | more)
    flow = OAuth2Scheme.compile(provider, frozenset()).ask_code(endpoints, 0.0)
    request = next(flow)
    assert request.url == "https://i.example/device"
    assert request.body == b"scope=a&client_id=id&client_secret=hush-hush"
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(StopIteration) as stop:
        flow.send(IssuerReply(status, {}, body))
    made = stop.value.value
    assert isinstance(made, Device)
    return made


def test_a_code() -> None:
    assert begun(GOOD, scope="a") == Device("dc", "ABCD-EFGH", "https://i.example/d", None, 900.0, 5.0)
    more = GOOD | {"interval": "7", "verification_uri_complete": "https://i.example/d?c=ABCD-EFGH"}
    made = begun(more, scope="a")
    assert (made.interval, made.complete_url) == (7.0, "https://i.example/d?c=ABCD-EFGH")
    assert "dc" not in repr(made).replace("device", "")


def test_google_says_url() -> None:
    older = {name.replace("_uri", "_url"): value for name, value in GOOD.items()}
    assert begun(older, scope="a").url == "https://i.example/d"


@pytest.mark.parametrize(
    "change",
    [
        {"user_code": "AB\x1b[2J"},
        {"user_code": ""},
        {"user_code": "x" * 65},
        {"device_code": None},
        {"verification_uri": "http://evil.example/"},
        {"verification_uri": "https://i.example/\x1b]0;x\x07"},
        {"verification_uri": None},
    ],
)
def test_what_no_person_can_be_shown(change: dict[str, Any]) -> None:
    with pytest.raises(IssuerError, match="no code to type"):
        begun(GOOD | change, scope="a")


@pytest.mark.parametrize(
    ("interval", "expires_in", "expected"),
    [(None, None, (5.0, 600.0)), (0, 0, (5.0, 600.0)), (-1, "x", (5.0, 600.0)), (1e9, 60, (60.0, 60.0))],
)
def test_odd_times(interval: Any, expires_in: Any, expected: tuple[float, float]) -> None:
    made = begun(GOOD | {"interval": interval, "expires_in": expires_in}, scope="a")
    assert (made.interval, made.lifetime) == expected


@pytest.mark.parametrize("document", [b"", b"<html>", b"[]", b'{"error": "invalid_client"}'])
def test_a_refusal(document: bytes) -> None:
    with pytest.raises(IssuerError, match="400"):
        begun(document, 400, scope="a")


def test_an_echoed_secret_is_not_told() -> None:
    with pytest.raises(IssuerError) as caught:
        begun({"error_description": "hush-hush"}, 401, scope="a")
    assert "hush" not in caught.value.message


def test_no_endpoint() -> None:
    with pytest.raises(IssuerError, match="no device authorization endpoint"):
        begun(GOOD, endpoints=ENDPOINTS._replace(device=None))


def failing(error: str | None, failure: FailureClass, retry_after: float | None = None) -> IssuerError:
    return IssuerError(failure, "m", error=error, retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "interval", "expected"),
    [
        (failing("authorization_pending", FailureClass.CREDENTIAL), 5, 5),
        (failing("slow_down", FailureClass.CREDENTIAL), 5, 10),
        (failing("slow_down", FailureClass.CREDENTIAL), 58, 60),
        (failing(None, FailureClass.PASSING), 5, 10),
        (failing(None, FailureClass.PASSING), 50, 60),
        (failing(None, FailureClass.PASSING, 90), 5, 90),
    ],
)
def test_the_pace(error: IssuerError, interval: float, expected: float) -> None:
    assert next_interval(error, interval) == expected


@pytest.mark.parametrize("error", ["expired_token", "access_denied", "invalid_grant", None])
def test_the_end(error: str | None) -> None:
    with pytest.raises(IssuerError) as caught:
        next_interval(failing(error, FailureClass.CREDENTIAL), 5)
    assert caught.value.error == error
