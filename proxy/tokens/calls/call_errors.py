"""What a call to an issuer failed of, in words: who did what, and what to do about it.

Owns: the classes of the HTTP library's exceptions, none of which shows, and none of their texts: they quote what the
issuer sent, and URLs, whose query may hold a secret. Must not know: how a call is made.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import aiohttp
from aiohttp import http_exceptions
from yarl import URL

from proxy import shortage
from proxy.errors import FailureClass, IssuerError
from proxy.plan.reach import OutOfReach
from proxy.tokens.calls.resolver import refusal_in

LONGEST_FIELD = 32 * 1024
"""Bytes of a header's value, or of a reason phrase."""
MOST_FIELDS = 256
LONGEST_HEAD = 64 * 1024
"""As long as an API's may be (wire/outbound)."""

_UNREACHABLE = "The issuer can't be reached."
_GARBAGE = "Something else may answer there: check the issuer's URL, its port, and whether it is http or https."
_TOO_LONG = "The issuer, or what stands before it, has to send less; its administrator can tell where it comes from."
_PROXY = "Check the outbound proxy, and what it lets through."


class BrokeOff(aiohttp.ClientError):
    """The connection broke before the head of a reply had come."""


def explained(url: URL, error: Exception) -> IssuerError:
    """All of it passes some day, as networks and DNS do; what is out of reach is not to be tried again at once."""
    refusal = refusal_in(error)
    if refusal is not None:
        return _out_of_reach(url, refusal)
    if (lack := _lack(error)) is not None:
        ours = shortage.tell(lack)
        return IssuerError(FailureClass.PASSING, ours.detail, ours=ours)
    what, hint = _said(error)
    return IssuerError(FailureClass.PASSING, f"{url.host}: {what}", hint=hint, again=True)


def late(url: URL) -> IssuerError:
    message = f"{url.host} did not answer in time"
    return IssuerError(FailureClass.PASSING, message, hint=_UNREACHABLE, again=True)


def too_long(url: URL) -> IssuerError:
    """For a head that is too long as a whole."""
    message = f"{url.host}: the headers of the issuer's reply are longer than {LONGEST_HEAD // 1024} KiB"
    return IssuerError(FailureClass.PASSING, message, hint=_TOO_LONG)


def _out_of_reach(url: URL, refusal: OutOfReach) -> IssuerError:
    hint = "Set `private: true` on the provider if that is meant." if refusal.private else "Correct the issuer's URL."
    return IssuerError(FailureClass.PASSING, f"{url.host}: {refusal.why}", hint=hint)


def _lack(error: Exception) -> str | None:
    """What this machine lacked, and not the issuer."""
    cause: BaseException = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return shortage.of(cause) if isinstance(cause, OSError) else None


def _said(error: Exception) -> tuple[str, str]:
    """What happened, and what to do."""
    misread = [cause for cause in _causes(error) if isinstance(cause, http_exceptions.HttpProcessingError)]
    if misread:
        return _misread(misread[-1])  # those before it wrap it
    if isinstance(error, BrokeOff | aiohttp.ClientPayloadError):
        return "the connection broke", _UNREACHABLE
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the outbound proxy refused the tunnel with status {error.status}", _PROXY
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the outbound proxy: {_unreached(error)}", _PROXY
    return _unreached(error), _UNREACHABLE


def _misread(error: http_exceptions.HttpProcessingError) -> tuple[str, str]:
    if isinstance(error, http_exceptions.ContentLengthError | http_exceptions.TransferEncodingError):
        return "the issuer's reply was cut short", _UNREACHABLE
    if isinstance(error, http_exceptions.LineTooLong):
        return f"the issuer's reply has a header of more than {LONGEST_FIELD // 1024} KiB", _TOO_LONG
    if "too many headers" in error.message.lower():  # has no class of its own
        return f"the issuer's reply has more than {MOST_FIELDS} headers", _TOO_LONG
    if isinstance(error, http_exceptions.ContentEncodingError):
        return "the issuer's reply is compressed, though not asked for, and can't be opened", _GARBAGE
    return "the issuer's reply is not valid HTTP", _GARBAGE


def _unreached(error: Exception) -> str:
    """The network's and TLS's own words; they name no URL."""
    cause: BaseException = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason.lower().replace('_', ' ')}" if cause.reason else "TLS failed"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return "the call could not be made" if isinstance(error, ValueError) else "the connection failed"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
