"""Who asks for a page.

Owns: what an operator is, whether a person looks, and how the audit log names a request. Must not know: what is asked
for.
"""

from __future__ import annotations

import hashlib
import hmac

from proxy.admin.access.passes import Known, Passes
from proxy.errors import Fault
from proxy.plan.admission.guard import Guard
from proxy.plan.admission.readings import bearer
from proxy.wire.inbound.request import Request

_ADMIN_KEY = "Send `admin.key` of the config as a bearer token."


def check_operator(request: Request, guard: Guard, key: bytes | None, passes: Passes) -> None:
    """`key` is the admin key's SHA-256; without one, only this machine may. Raises Fault."""
    headers = request.known
    check_page(headers, guard)
    if key is not None:
        given = bearer(headers.get(b"authorization", b"")), headers.get(b"x-api-key")
        if not any(is_key(text, key) for text in given) and not passes.holds(headers, key):
            raise Fault("client_key_required", "this needs the admin key", hint=_ADMIN_KEY)
    elif not request.is_local:
        raise Fault("route_refused", "this is not for other machines", hint="Set `admin.key` in the config.")
    elif not guard.vouches(headers) and request.peer is not None:
        # A web page that let its own name point here (DNS rebinding) comes from this machine, too.
        raise Fault("host_refused", "set `admin.key`, or add the name to `browser.hosts`")


def check_page(headers: Known, guard: Guard) -> None:
    """Whichever page asks is the proxy's own; others may lead a person here, and no more. Raises Fault."""
    opened = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
    foreign = headers.get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none") and not opened
    if (b"origin" in headers and not guard.is_own(headers)) or foreign:
        raise Fault("origin_refused", "other pages than the proxy's own may not look after it")


def is_key(text: bytes | None, key: bytes) -> bool:
    return hmac.compare_digest(hashlib.sha256(text or b"").digest(), key)


def reads_html(request: Request) -> bool:
    """A person looks at what is answered."""
    return (request.header(b"accept") or b"").startswith(b"text/html")


def about(request: Request) -> tuple[tuple[str, str | None], tuple[str, bytes]]:
    """Sender and target, as the audit log has them."""
    return (request.peer or "unix", request.headers.get("Origin")), (request.method, request.target)
