"""An API says that our clock is off: its own is taken for what is signed, and the request goes out once more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from proxy.config.load import load
from proxy.plan.compile import compile_plan
from proxy.serve.skew import MOST, learnt
from proxy.values.now import Now
from tests.conftest import Stage
from tests.raw import RawApi

DAY = 86400.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DENIED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied"
S3 = {"name": "aws-sigv4", "access_key": "ak", "secret_key": "sk", "region": "eu-west-1", "service": "s3"}


def skewed(ahead: float, body: bytes = b"RequestTimeTooSkewed") -> bytes:
    said = formatdate(time.time() + ahead, usegmt=True)
    return b"HTTP/1.1 403 Forbidden\r\nDate: %b\r\nContent-Length: %d\r\n\r\n%b" % (said.encode(), len(body), body)


async def behind(stage: Stage, *replies: bytes, **keys: Any) -> RawApi:
    api = await stage.api(*replies)
    provider = {"scheme": "signed", "sign": S3, "skewed": [{"status": 403, "body": "RequestTimeTooSkewed"}], **keys}
    route = {"upstream": api.url, "provider": "p", "replay": {"max_body": "1KiB"}}
    await stage.open({"/s3": route}, providers={"p": provider})
    return api


def signed_at(api: RawApi, index: int) -> float:
    stamp = datetime.strptime(f"{api.requests[index].get('X-Amz-Date')}+0000", "%Y%m%dT%H%M%SZ%z")
    return stamp.timestamp()


def report(stage: Stage) -> Any:
    return stage.service.view.provider("p")


@pytest.mark.parametrize("ahead", [DAY, -DAY, 1000.0])
async def test_the_request_is_signed_anew_with_the_apis_time(ahead: float, stage: Stage) -> None:
    api = await behind(stage, skewed(ahead), OK, OK)
    with capture_logs() as said:
        reply = await stage.ask("PUT /s3/a HTTP/1.1", "Content-Length: 1", body=b"x")
        again = await stage.ask("GET /s3/a HTTP/1.1")
    assert (reply.status, again.status, len(api.requests)) == (200, 200, 3)
    assert reply.get("X-Keyless-Attempts") == "2"
    assert [round((signed_at(api, index) - time.time()) / 100) for index in range(3)] == [0, *[round(ahead / 100)] * 2]
    assert report(stage).skew == pytest.approx(ahead, abs=10)
    [told] = [line for line in said if line["event"] == "clock differs"]
    assert told["provider"] == "p"


async def test_a_second_no_passes(stage: Stage) -> None:
    api = await behind(stage, skewed(DAY), skewed(DAY))
    reply = await stage.ask("GET /s3/a HTTP/1.1")
    assert (reply.status, reply.body, len(api.requests)) == (403, b"RequestTimeTooSkewed", 2)


async def test_a_clock_that_comes_right_again_is_learnt_too(stage: Stage) -> None:
    api = await behind(stage, skewed(DAY), OK, skewed(0.0), OK)
    assert (await stage.ask("GET /s3/a HTTP/1.1")).status == 200
    assert (await stage.ask("GET /s3/a HTTP/1.1")).status == 200
    assert len(api.requests) == 4
    assert abs(report(stage).skew) < 10


@pytest.mark.parametrize(
    "reply",
    [lambda: skewed(5.0), lambda: skewed(DAY, b"AccessDenied"), lambda: DENIED],
    ids=["the same time", "no mark", "no date"],
)
async def test_nothing_is_learnt_otherwise(reply: Callable[[], bytes], stage: Stage) -> None:
    api = await behind(stage, reply())
    assert (await stage.ask("GET /s3/a HTTP/1.1")).status == 403
    assert (len(api.requests), report(stage).skew) == (1, None)


async def test_a_body_that_is_gone_is_not_sent_again_but_the_next_request_is_in_time(stage: Stage) -> None:
    api = await behind(stage, skewed(DAY), OK)
    body = b"x" * 70_000
    reply = await stage.ask("PUT /s3/a HTTP/1.1", f"Content-Length: {len(body)}", body=body)
    assert (reply.status, reply.get("X-Keyless-Replay")) == (403, "skipped; reason=body_too_large")
    assert (await stage.ask("GET /s3/a HTTP/1.1")).status == 200
    assert signed_at(api, 1) - time.time() > DAY / 2


async def test_what_remains_is_judged_as_ever(stage: Stage) -> None:
    """The mark of a clock may be that of a dead key as well: only the time tells them apart."""
    api = await behind(stage, skewed(DAY), skewed(DAY), dead=[{"status": 403, "body": "RequestTimeTooSkewed"}])
    reply = await stage.ask("GET /s3/a HTTP/1.1")
    assert (reply.status, reply.get("X-Should-Retry"), len(api.requests)) == (403, "false", 2)
    assert "dead" in report(stage).last_error


def test_clocks_of_apis_that_clients_choose_are_not_kept_without_end(tmp_path: Path) -> None:
    config = {
        "providers": {"p": {"scheme": "signed", "sign": S3}},
        "routes": {"/a": {"upstream": "https://a.test", "provider": "p"}},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    loaded = load(path)
    plan = compile_plan(loaded, lambda: 0.5, Now(1.0, 1.8e9)).routes["/a"]
    assert plan.provider is not None
    assert plan.provider.scheme is not None
    for number in range(MOST + 10):
        target = replace(plan.target, origin=plan.target.origin._replace(host=f"a{number}.test"))
        assert learnt(replace(plan, target=target), [(b"date", formatdate(1.7e9, usegmt=True).encode())], 1.8e9)
    assert len(plan.provider.scheme.skews or ()) == MOST
