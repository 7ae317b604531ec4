"""A login on another device (RFC 8628): a short code to type there, and polls until someone has.

Owns: both requests, and what each reply means for the next poll. Must not know: who waits, or how.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any

from proxy.auth.paths import read_json
from proxy.auth.reading.failure import Diagnosis
from proxy.auth.reading.times import in_words, number
from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding, secure
from proxy.auth.schemes.oauth2.grants import DEVICE_CODE
from proxy.auth.schemes.request import Asking
from proxy.auth.token import IssuerReply
from proxy.errors import FailureClass, IssuerError
from proxy.values.record import record

INTERVAL = 5.0
"""RFC 8628 §3.2, where the issuer names none; and what `slow_down` adds (§3.5)."""
LONGEST_INTERVAL = 60.0
LIFETIME = 600.0
_CODE = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?")
_ENDS = {
    "expired_token": ("the code has expired before anyone confirmed it", "Run `keyless login` again."),
    "access_denied": ("the login was refused", "Whoever confirms the code must allow it."),
}


@record
class Device:
    """What the person is told, and the secret half that the polls present. Times are seconds."""

    code: str = field(repr=False)
    user_code: str
    url: str
    complete_url: str | None
    lifetime: float
    interval: float

    def redemption(self) -> dict[str, str]:
        return {"grant_type": DEVICE_CODE, "device_code": self.code}


def endpoint(endpoints: Endpoints) -> str:
    """Where codes are given out. Raises IssuerError if nobody says where that is."""
    if endpoints.device is None:
        raise IssuerError(
            FailureClass.CREDENTIAL,
            "the issuer's metadata names no device authorization endpoint",
            hint="Give `device_url`, or use `grant: authorization_code`.",
        )
    return endpoints.device


def start(asking: Asking, diagnosis: Diagnosis, wall: float) -> Finding[Device]:
    """Ask for a code. Raises IssuerError."""
    reply = yield asking.request
    document = _document(reply)
    device = _device(document) if 200 <= reply.status < 300 else None
    if device is None:
        why = "no code to type" if 200 <= reply.status < 300 else ""
        raise diagnosis.explain(reply, document, why, wall, asking.hidden, refreshing=False)
    return device


def next_interval(error: IssuerError, interval: float) -> float:
    """Seconds until the next poll; or the login is over, and the error is raised."""
    if error.error == "authorization_pending":
        return interval
    if error.error == "slow_down":
        return min(interval + INTERVAL, LONGEST_INTERVAL)
    if error.failure is FailureClass.PASSING:
        doubled = min(interval * 2, LONGEST_INTERVAL)  # RFC 8628 §3.5, for timeouts
        return max(doubled, error.retry_after or 0.0)
    if error.error in _ENDS:
        message, hint = _ENDS[error.error]
        raise IssuerError(error.failure, message, error=error.error, hint=hint)
    raise error


def expired() -> IssuerError:
    message, hint = _ENDS["expired_token"]
    return IssuerError(FailureClass.LOGIN, message, error="expired_token", hint=hint)


def _document(reply: IssuerReply) -> Any:
    try:
        return read_json(reply.body)
    except ValueError:
        return None


def _device(document: Any) -> Device | None:
    """None for a reply that a person can't be shown: it goes to a terminal, where control characters do harm."""
    if not isinstance(document, dict):
        return None
    # Google and Microsoft have said verification_url since before the RFC
    url = document.get("verification_uri") or document.get("verification_url")
    code, user_code = document.get("device_code"), document.get("user_code")
    if not (isinstance(code, str) and code and isinstance(user_code, str) and _CODE.fullmatch(user_code)):
        return None
    if not (isinstance(url, str) and secure(url)):
        return None
    complete = document.get("verification_uri_complete")
    return Device(
        code,
        user_code,
        url,
        complete if isinstance(complete, str) and secure(complete) else None,
        _seconds(document.get("expires_in"), LIFETIME),
        min(_seconds(document.get("interval"), INTERVAL), LONGEST_INTERVAL),
    )


def _seconds(value: Any, otherwise: float) -> float:
    amount = in_words(value) if isinstance(value, str) and number(value) is None else number(value)
    return amount if amount is not None and amount > 0 else otherwise
