"""Telling an issuer that a token is no longer wanted (RFC 7009).

Must not know: which tokens there are, or what happens to their records.
"""

from __future__ import annotations

from proxy.auth.paths import read_json
from proxy.auth.reading.failure import Diagnosis
from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding
from proxy.auth.schemes.request import Asking
from proxy.errors import FailureClass, IssuerError


def endpoint(endpoints: Endpoints) -> str:
    """Where that is told. Raises IssuerError."""
    if endpoints.revocation is None:
        raise IssuerError(
            FailureClass.CREDENTIAL, "the issuer names no revocation endpoint", hint="Give `revocation_url`."
        )
    return endpoints.revocation


def revoke(asking: Asking, diagnosis: Diagnosis, wall: float) -> Finding[None]:
    """Raises IssuerError. A token that is dead already is revoked, too."""
    reply = yield asking.request
    if 200 <= reply.status < 300:
        return
    try:
        document = read_json(reply.body)
    except ValueError:
        document = None
    raise diagnosis.explain(reply, document, "", wall, asking.hidden, refreshing=False)
