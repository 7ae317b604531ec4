"""Telling an issuer that a token is no longer wanted (RFC 7009).

Must not know: which tokens there are, or what happens to their records.
"""

from __future__ import annotations

from proxy.auth.paths import read_json
from proxy.auth.schemes.discovery import Endpoints, Finding
from proxy.auth.schemes.oauth2 import OAuth2Scheme
from proxy.errors import FailureClass, IssuerError


def revoke(scheme: OAuth2Scheme, endpoints: Endpoints, token: str, kind: str, wall: float) -> Finding[None]:
    """`kind` is `refresh_token` or `access_token`. Raises IssuerError. A token that is dead already is revoked, too."""
    if endpoints.revocation is None:
        raise IssuerError(
            FailureClass.CREDENTIAL, "the issuer names no revocation endpoint", hint="Give `revocation_url`."
        )
    asking = scheme.ask(endpoints.revocation, endpoints.token, wall, {"token": token, "token_type_hint": kind})
    reply = yield asking.request
    if 200 <= reply.status < 300:
        return
    try:
        document = read_json(reply.body)
    except ValueError:
        document = None
    raise scheme.reader.diagnosis.explain(reply, document, "", wall, asking.hidden, refreshing=False)
