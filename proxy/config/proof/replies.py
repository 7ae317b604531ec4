"""A reply that an example writes, as an issuer or an API sends it, and whether rules take it for a refusal.

Must not know: what a refusal leads to.
"""

from __future__ import annotations

import json

from proxy.auth.refusal.refusal import Refusals, Verdict
from proxy.auth.token import IssuerReply
from proxy.config.proof.examples import Reply


def is_told(refusals: Refusals, reply: Reply, age: float = 3600, safe: bool = False) -> bool:
    """Of a token that is `age` seconds old; `safe` as in RefusalExample."""
    headers = [(key.encode(), value.encode()) for key, value in _head(reply).items()]
    verdict = refusals.head(reply.status, headers, age, safe)
    if verdict is Verdict.READ_BODY:
        return refusals.reading(reply.status, headers, age, safe).refuses(_body(reply), True)
    return verdict is Verdict.REFUSED


def of_issuer(reply: Reply) -> IssuerReply:
    headers = {key.lower(): value for key, value in _head(reply).items()}
    cookies = (headers["set-cookie"],) if "set-cookie" in headers else ()
    return IssuerReply(reply.status, headers, _body(reply), cookies)


def _head(reply: Reply) -> dict[str, str]:
    kind = "application/json" if _is_json(reply) else "text/plain"
    return {"Content-Type": kind, **reply.headers}


def _body(reply: Reply) -> bytes:
    return json.dumps(reply.json_).encode() if _is_json(reply) else reply.text.encode()


def _is_json(reply: Reply) -> bool:
    return "json_" in reply.model_fields_set
