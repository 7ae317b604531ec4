"""What a vendor's SDK says in a signature that it made with made-up keys: for which region and service, over which
headers, until when.

Owns: reading it, in a header or in the query. Must not know: whether that is allowed. The signature itself is worth
nothing here and is never checked.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime
from typing import NamedTuple

from proxy.auth.signing.canonical import parameters
from proxy.auth.signing.request import Algorithm
from proxy.errors import Fault

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
_LISTED = re.compile(r"(?:SignedHeaders|AdditionalHeaders|q-header-list)=([^,&\s]+)")
_OF_BCE = re.compile(r"bce-auth-v1/[^/]*/([^/]*)/(\d{1,9})/([^/]*)/")
_ACCESS_KEY = re.compile(
    rb"[A-Z0-9-]*HMAC-SHA256 (?:Credential|Access)=([^/,\s]+)|bce-auth-v1/([^/\s]+)/"
    rb"|q-sign-algorithm=sha1&q-ak=([^&\s]+)|(?:OBS|AWS) ([^:\s]+):"
)
_OF_ADDRESS = re.compile(r"\d+|.*[:\[].*")
"""Some SDKs take a host's first label for the service (tencentcloud for Node); an address's or a port's is none."""
_LONGEST = 8192


class Presented(NamedTuple):
    """`ends`, Unix time, is a presigned URL's; `signed` is None where the SDK did not say."""

    region: str | None = None
    service: str | None = None
    signed: tuple[str, ...] | None = None
    ends: float | None = None


NOTHING = Presented()


def in_header(algorithm: Algorithm, authorization: bytes) -> Presented:
    text = authorization[:_LONGEST].decode("latin-1")
    credential, listed = _CREDENTIAL.search(text), _LISTED.search(text)
    of_bce = _OF_BCE.match(text)
    names = of_bce[3] if of_bce else listed[1] if listed else ""
    return _scoped(algorithm, credential[1] if credential else "", names)


def in_query(algorithm: Algorithm, query: bytes) -> Presented:
    """Raises Fault for a presigned URL whose end can't be read."""
    said = {name.lower(): value for name, value in parameters(query.decode("latin-1"))}
    names = algorithm.of_signature(query)
    ours = {name: value for name, value in said.items() if name in names}
    if not ours:
        return NOTHING
    of_bce = _OF_BCE.match(ours.get("authorization", ""))
    credential = next((value for name, value in ours.items() if name.endswith("credential")), "")
    listed = next((value for name, value in ours.items() if name.endswith(("signedheaders", "q-header-list"))), "")
    found = _scoped(algorithm, credential, of_bce[3] if of_bce else listed)
    return found._replace(ends=_end(ours, of_bce))


def access_key(authorization: bytes) -> bytes | None:
    """The name of the key that an SDK signed with, by which a client may prove itself."""
    found = _ACCESS_KEY.match(authorization)
    return None if found is None else next(filter(None, found.groups()))


def _scoped(algorithm: Algorithm, credential: str, names: str) -> Presented:
    parts = credential.split("/")
    size = len(algorithm.scope)
    scope = dict(zip(algorithm.scope, parts[-size - 1 : -1], strict=False)) if size and len(parts) > size + 2 else {}
    service = scope.get("service")
    if service is not None and _OF_ADDRESS.fullmatch(service):
        service = None
    return Presented(scope.get("region"), service, tuple(names.lower().split(";")) if names else None)


def _end(ours: dict[str, str], of_bce: re.Match[str] | None) -> float | None:
    """None for a signature that has none: such as come in the query of every call."""
    try:
        if of_bce:
            return calendar.timegm(datetime.strptime(of_bce[1], "%Y-%m-%dT%H:%M:%SZ").timetuple()) + int(of_bce[2])  # noqa: DTZ007 -- Z
        if "q-sign-time" in ours:
            return float(int(ours["q-sign-time"].rpartition(";")[2]))
        expires = next((value for name, value in ours.items() if name.endswith("expires")), None)
        date = next((value for name, value in ours.items() if name.endswith("-date")), None)
        if date is not None:
            began = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
            return began + int(expires or 900)
        return None if expires is None else float(int(expires))
    except (ValueError, OverflowError):
        raise Fault("bad_request", "the presigned URL does not say until when it is good") from None
