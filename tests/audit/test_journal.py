"""What is said in both logs: the same events, whether or not there is an audit log, and of strangers only there."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest

from proxy.audit.events import Audit
from proxy.audit.journal import Asked, Reader, secrets_changed, token_denied, token_given
from proxy.config.model import Log
from proxy.errors import Fault
from proxy.logs import setup
from proxy.values.now import Now

ASKED = Asked(("10.0.0.1", None), ("GET", b"/-/token/crm"), "crm", exists=True)


class Lines:
    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def append(self, facts: Mapping[str, Any]) -> None:
        self.written.append({name: value for name, value in facts.items() if name != "time" and value is not None})

    def check(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def audit(lines: Lines) -> Audit:
    return Audit(lines, lambda: Now(0.0, 0.0), "audit.log")


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    setup.configure(Log(level="debug"), stream)
    return stream


def test_changed_secrets_are_one_line_of_the_log_and_one_each_of_the_audit_log(
    audit: Audit, lines: Lines, log: io.StringIO
) -> None:
    secrets_changed(audit, {"providers": ["crm", "mail"], "clients": ["app"]})
    assert lines.written == [
        {"event": "secret_changed", "provider": "crm"},
        {"event": "secret_changed", "provider": "mail"},
        {"event": "secret_changed", "client": "app"},
    ]
    assert log.getvalue().count("secret changed") == 1
    assert all(name in log.getvalue() for name in ("crm", "mail", "app"))


def test_nothing_changed_is_nothing_said(audit: Audit, lines: Lines, log: io.StringIO) -> None:
    secrets_changed(audit, {})
    assert (lines.written, log.getvalue()) == ([], "")


@pytest.mark.parametrize("audited", [True, False])
def test_a_token_that_is_given(audited: bool, audit: Audit, lines: Lines, log: io.StringIO) -> None:
    token_given(audit if audited else None, ASKED, Reader("app", "ann"), generation=3, expires_in=60)
    for part in ("client=app", "provider=crm", "peer=10.0.0.1", "who=ann", "generation=3", "expires_in=60"):
        assert part in log.getvalue()
    events = [(line["event"], line["who"], line["provider"], line["outcome"]) for line in lines.written]
    assert events == ([("token_read", "client:app", "crm", "given")] if audited else [])


def test_a_token_that_is_denied_to_a_client(audit: Audit, lines: Lines, log: io.StringIO) -> None:
    token_denied(audit, ASKED, Reader("app"), Fault("route_refused", "no"))
    assert "token denied" in log.getvalue()
    assert "code=route_refused" in log.getvalue()
    assert "who=" not in log.getvalue()
    (line,) = lines.written
    assert (line["who"], line["outcome"]) == ("client:app", "route_refused")


def test_of_strangers_the_operators_log_says_nothing(audit: Audit, lines: Lines, log: io.StringIO) -> None:
    """And a name that no provider has may be a secret that somebody pasted."""
    asked = ASKED._replace(provider="sk-a-secret", exists=False)
    token_denied(audit, asked, Reader(None), Fault("client_key_required", "no"))
    assert log.getvalue() == ""
    (line,) = lines.written
    assert (line["who"], line["outcome"], line.get("provider")) == ("anyone", "client_key_required", None)
