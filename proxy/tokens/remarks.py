"""What an operator should know of a good reply: a lifetime that was guessed, clocks that differ, scopes that lack.

Must not know: how either is found out (auth/reading/lifetime.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from proxy.auth.reading.lifetime import skew, skew_told
from proxy.auth.token import Minted
from proxy.logger import get_logger

log = get_logger("keyless.mint")

_LIFETIME = "Correct `reply.expires_in` or `reply.expires_at`, or set the provider's `ttl`."
_CLOCK = (
    "Set this machine's clock, if it is the wrong one. Lifetimes are right all the same; what is signed may not be."
)
_SCOPES = "Have the issuer grant them to this client, or take them out of `scope`."


def remark(names: Sequence[str], minted: Minted, sent: float, came: float) -> None:
    """`sent` and `came`: when the request went out and its reply had come, Unix time."""
    if minted.doubt is not None:
        counts_as = round(minted.lifetime)
        log.warning("lifetime guessed", provider=names, reason=minted.doubt, counts_as=counts_as, hint=_LIFETIME)
    if minted.lacks:
        log.warning("fewer scopes granted", provider=names, lacks=" ".join(minted.lacks), hint=_SCOPES)
    ahead = 0.0 if minted.dated is None else skew(sent, came, minted.dated)
    if (told := skew_told(ahead)) is not None:
        log.warning("clocks differ", provider=names, reason=told, seconds=round(ahead), hint=_CLOCK)
