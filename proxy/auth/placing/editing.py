"""The body of a draft, made ready for having something put into it.

Owns: opening it, its type, and the headers that are no longer true of it. Must not know: what is put in.
"""

from __future__ import annotations

from typing import Final

from proxy.auth.placing.draft import Draft
from proxy.errors import Fault
from proxy.http.coding import opened
from proxy.http.fields import first, without

FORM: Final = b"application/x-www-form-urlencoded"
_OF_THE_BYTES: Final = frozenset((b"content-encoding", b"content-md5", b"digest", b"content-digest", b"repr-digest"))
"""What is told of a body and no longer true of an edited one (RFC 9530 §2, §3)."""


def editable(draft: Draft, kind: bytes) -> bytes:
    """The body without its codings; a Content-Type line is there then. Raises Fault."""
    fields = draft.fields
    body = opened(draft.body or b"", fields)
    given = first(fields, b"content-type")
    if kind == FORM and body and given is not None and not given.lower().startswith(FORM):
        raise Fault("bad_request", "the credential goes into the body, which can't take it: expected a form")
    draft.lines = [b"%b: %b\r\n" % field for field in without(fields, _OF_THE_BYTES)]
    if given is None:
        draft.lines.append(b"Content-Type: %b\r\n" % kind)
    return body
