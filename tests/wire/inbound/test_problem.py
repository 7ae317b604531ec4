from __future__ import annotations

import json
from email.utils import formatdate, parsedate_to_datetime

import pytest

from proxy.errors import CODES, LONGEST_WAIT, Code, Fault
from proxy.wire.inbound.problem import dated, kind_of_problem, last_words, problem

PROBLEM, JSON = "application/problem+json", "application/json"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, PROBLEM),
        (b"*/*", PROBLEM),
        (b"application/json, */*;q=0.1", PROBLEM),
        (b"Application/Problem+JSON", PROBLEM),
        (b"application/*;q=0.5", PROBLEM),
        (b"application/json", JSON),
        (b"text/event-stream", JSON),
        (b"application/json; charset=utf-8", JSON),
        (b"", JSON),
        (b"application/json, */*;q=0", JSON),
        (b"application/problem+json;q=0.0, application/json, */*", JSON),
        (b"*/*; Q=0 , application/*", PROBLEM),
        (b"application/problem+json;q=0.01", PROBLEM),
    ],
)
def test_its_type_is_one_that_the_client_takes(accept: bytes | None, kind: str) -> None:
    assert kind_of_problem(accept) == kind


@pytest.mark.parametrize("code", CODES)
def test_who_should_come_back_is_told_when_and_who_should_not_is_told_so(code: Code) -> None:
    advice = Fault(code, "because").advice
    status = CODES[code].status
    if status in (429, 503):
        assert advice == ("Retry-After", "1")
    else:
        assert advice == (("X-Should-Retry", "false") if status < 500 or code == "offline" else None)


@pytest.mark.parametrize(
    ("wait", "advice"),
    [
        (0.2, ("Retry-After", "1")),
        (LONGEST_WAIT, ("Retry-After", "60")),
        (LONGEST_WAIT + 0.1, ("X-Should-Retry", "false")),
        (86400.0, ("X-Should-Retry", "false")),
    ],
)
@pytest.mark.parametrize("code", ["rate_limited", "token_unavailable"])
def test_nobody_is_told_to_sleep_for_minutes_but_the_body_has_the_truth(
    code: Code, wait: float, advice: tuple[str, str]
) -> None:
    fault = Fault(code, "because", retry_after=wait)
    headers, body = problem(fault)
    assert [pair for pair in headers if pair[0] != "X-Keyless-Error"] == [advice]
    document = json.loads(body)
    assert document["retry_after"] == -(-wait // 1)
    assert ("Retry-After" in document["hint"]) == (advice[0] == "Retry-After"), "no header is named that isn't there"
    assert document["hint"] in document["message"]


def test_a_sdk_finds_the_same_words_wherever_it_looks() -> None:
    document = Fault("credential_refused", "the issuer answered invalid_client", provider="crm").problem()
    assert document["message"] == document["error"]["message"]
    assert document["detail"] in document["message"]
    assert document["hint"] in document["message"]
    assert document["error"]["code"] == document["code"]


def test_last_words_are_whole_and_dated() -> None:
    head, _, body = last_words(Fault("bad_request", "no HTTP")).partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert int(fields["Content-Length"]) == len(body)
    assert fields["Date"] == formatdate(parsedate_to_datetime(fields["Date"]).timestamp(), usegmt=True)
    assert dated()[0] == "Date"


def test_a_detail_that_is_a_sentence_has_one_full_stop() -> None:
    assert "the secret. The operator" in Fault("credential_refused", "check the secret.").problem()["message"]


def test_a_login_is_named_as_it_is_typed() -> None:
    assert "`keyless login crm`" in Fault("login_required", "nobody has logged in", provider="crm").problem()["hint"]
    assert "`keyless login NAME`" in Fault("login_required", "nobody has logged in").problem()["message"]
