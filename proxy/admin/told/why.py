"""Why a request ended as it did, and what to do, in sentences. Pure.

Owns: the words. Must not know: who reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from proxy.errors import CODES
from proxy.figures.ended import CACHED, Ended

_NOTES: Final = {
    "body_too_large": "Its body was too long to be sent again (`replay.max_body`). The token is renewed: try again.",
    "credential_dead": "The API says that this key is dead, and nothing can renew it: put another one where it is set.",
    "unanswered": "The API's challenge is none that can be answered.",
    "paused": "The last renewal on this route was in vain: it is probably not the token, but a missing permission.",
    "token_unavailable": "No newer token was to be had; the provider says why.",
}
CLIENT_GONE: Final = 499


def why(ended: Ended) -> list[str]:
    return list(_sentences(ended))


def _sentences(ended: Ended) -> Iterator[str]:
    if ended.code in CODES:
        meaning = CODES[ended.code]
        page = f" The page was of {ended.origin}." if ended.origin else ""
        yield f"{meaning.title}: {ended.cause.rstrip('.')}.{page}"
        yield meaning.hint.replace("{provider}", ended.provider or "NAME")
        return
    if ended.status == CLIENT_GONE:
        yield "The client left before its answer."
        return
    again = ended.attempts > 1
    if again and ended.status in (401, 403):
        yield "The API refused a newer token, too: it is probably a missing permission."
    elif again:
        yield "The API refused the token; a newer one was fetched, and the request sent once more."
    if ended.note == CACHED:
        yield "The route's cache has answered; the API was not asked."
    elif ended.note:
        yield "The API refused the credential, and the request was not sent again."
        yield _NOTES.get(ended.note, ended.note)
    elif ended.status >= 400 and not again:
        yield "This is the API's own answer: the proxy passed it on as it came."
        if ended.status in (401, 403):
            yield "See whether the provider's account is the right one, and may do this."
    if ended.cut:
        yield "The API broke off its reply."
