"""What the replies on a provider's routes may not hold.

Owns: which texts these are. Must not know: how they are searched for, or what a reply is.
"""

from __future__ import annotations

from proxy.auth.per_token import PerToken
from proxy.auth.placing.draft import Placing
from proxy.auth.token import Token
from proxy.plan.replies.scrub import Needles


class Confidential:
    """The provider's secrets, the token in use and the one before it, and what is injected of the issuer's replies.

    Compiled once per token, for all routes of the provider.
    """

    __slots__ = ("_needles", "_placings", "_secrets")

    def __init__(self, secrets: frozenset[str] = frozenset()) -> None:
        self._secrets = secrets
        self._placings: list[Placing] = []
        self._needles: PerToken[Needles] = PerToken()

    def include(self, placing: Placing) -> None:
        """What this one carries beside the token is as good as one. For all routes before the first token."""
        self._placings.append(placing)

    def needles(self, token: Token) -> Needles:
        needles = self._needles.get(token)
        return self._needles.keep(token, Needles(self._texts(token))) if needles is None else needles

    def _texts(self, token: Token) -> list[str]:
        lately = [token] if token.previous is None else [token, token.previous]
        texts = [each.value for each in lately] + [each.refresh_token or "" for each in lately]
        carried = [text for each in lately for placing in self._placings for text in placing.carried(each)]
        return [*texts, *carried, *self._secrets]
