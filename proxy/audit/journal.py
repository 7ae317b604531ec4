"""What operators read of as it happens, whether or not the config has `audit`: one call says it in both logs.

Owns: the lines of the logger `keyless.audit` for these events. Must not know: what a line of the audit log looks like
(audit/events.py), how it was found out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from proxy.audit.events import Audit
from proxy.errors import Fault
from proxy.logger import get_logger

log = get_logger("keyless.audit")


class Reader(NamedTuple):
    """Who asks for a token: a client of the config, and the person or machine behind it if the credential says."""

    client: str | None
    who: str = ""


class Asked(NamedTuple):
    """A request for a token: the peer's address and its origin, method and target, and the provider that it names."""

    sender: tuple[str, str | None]
    target: tuple[str, bytes]
    provider: str
    exists: bool


def secrets_changed(audit: Audit | None, changed: Mapping[str, Sequence[str]]) -> None:
    """`changed`: names by `providers` and `clients`."""
    if changed:
        log.info("secret changed", **changed)
    if audit is not None:
        for name in changed.get("providers", ()):
            audit.secret_changed(provider=name)
        for name in changed.get("clients", ()):
            audit.secret_changed(client=name)


def token_given(audit: Audit | None, asked: Asked, reader: Reader, generation: int, expires_in: int | None) -> None:
    """`expires_in` is in seconds, None for what never expires."""
    log.info("token handed out", **_named(asked, reader), generation=generation, expires_in=expires_in)
    _token_read(audit, asked, reader, outcome="given", generation=generation)


def token_denied(audit: Audit | None, asked: Asked, reader: Reader, fault: Fault) -> None:
    """Of those whom nobody knows only the audit log is told: anybody could fill the operators' log."""
    if reader.client is not None:
        log.warning("token denied", **_named(asked, reader), code=fault.code)
    _token_read(audit, asked, reader, outcome=fault.code)


def _named(asked: Asked, reader: Reader) -> dict[str, str | None]:
    names = {"client": reader.client, "provider": asked.provider, "peer": asked.sender[0]}
    return names | ({"who": reader.who} if reader.who else {})


def _token_read(audit: Audit | None, asked: Asked, reader: Reader, **facts: str | int) -> None:
    """A name that no provider has may be anything, a secret too; so it is left out."""
    if audit is not None:
        provider = asked.provider if asked.exists else None
        audit.request("token_read", reader.client, asked.sender, asked.target, provider=provider, **facts)
