"""What is counted of one credential's mints. Must not know: tokens, issuers, what made anyone ask."""

from __future__ import annotations

from typing import Final

from proxy.figures.histogram import API, Histogram

TRIGGERS: Final = ("request", "ahead", "refusal", "start", "handout", "operator", "store")
"""Why a flight began: a request had to wait; a live token nears its end; the API refused one; the proxy started, or a
load balancer asked whether it is ready; a client wants a token to take away; someone pressed a switch; another process
left one half way."""
OUTCOMES: Final = ("minted", "adopted", "passing", "credential", "login")
"""How it ended: with a token of its own, with one that another process had brought, or with a failure of this class."""


class MintCounts:
    """By trigger and outcome; `waited` counts those who joined a flight that somebody else had begun; `calls` is how
    long the issuer took, whatever it said.
    """

    __slots__ = ("calls", "ended", "waited")

    def __init__(self) -> None:
        self.ended: dict[tuple[str, str], int] = {}
        self.waited = 0
        self.calls = Histogram(API)

    def end(self, trigger: str, outcome: str) -> None:
        self.ended[trigger, outcome] = self.ended.get((trigger, outcome), 0) + 1
