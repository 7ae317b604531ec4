"""The public keys of issuers whose access tokens clients show: fetched when needed, kept, renewed behind requests.

Owns: when keys are fetched. Must not know: tokens. One flight per issuer, whoever waits; a caller that goes away
cancels nothing. An issuer that is down harms nobody but those whose tokens need a key that isn't here.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.auth.jwks import PublicKey, find_keys
from proxy.auth.life.backoff import pause
from proxy.errors import FailureClass, Fault, IssuerError
from proxy.logger import get_logger
from proxy.plan.admission.jwt_clients import JwtRule
from proxy.tasks import Flight
from proxy.tokens.calls.issuer import Issuer
from proxy.values.now import Now

log = get_logger("keyless.clients")

FRESH = 600.0
"""Seconds until keys are fetched anew: so long may one that the issuer has withdrawn still count."""
KEPT = 86400.0
"""Seconds that keys serve on while the issuer can't be reached."""
MIN_INTERVAL = 15.0
"""Seconds between two fetches for the sake of a key that isn't there: made-up tokens must not hammer the issuer."""
PATIENCE = 20.0


class IssuerKeys:
    """Of one issuer. `keys` is None before the first fetch has succeeded; `version` counts changes."""

    def __init__(self, rule: JwtRule, issuer: Issuer, clock: Callable[[], Now], draw: Callable[[], float]) -> None:
        self.name = rule.issuer
        self.keys: tuple[PublicKey, ...] | None = None
        self.version = 0
        self._rule = rule
        self._issuer = issuer
        self._clock = clock
        self._draw = draw
        self._fetched = 0.0
        self._next = 0.0
        self._failures = 0
        self._flight: Flight[None] = Flight()

    def usable(self, boot: float) -> tuple[PublicKey, ...] | None:
        """The keys as they are; those that age are renewed in the background."""
        if self.keys is None or boot - self._fetched > KEPT:
            return None
        if boot - self._fetched > FRESH:
            self._fly(boot)
        return self.keys

    def may_fetch(self, boot: float) -> bool:
        """Whether it makes sense to wait for newer keys now."""
        return self._flight.under_way or boot >= max(self._next, self._fetched + MIN_INTERVAL if self.keys else 0.0)

    def unavailable(self, boot: float) -> Fault:
        waits = max(1.0, self._next - boot)
        return Fault("issuer_unavailable", f"the keys of {self.name} can't be had at present", retry_after=waits)

    @property
    def failing(self) -> bool:
        return self._failures > 0

    async def fetch(self) -> None:
        """Wait for newer keys, if it makes sense. What came of it shows in `keys` and `failing`."""
        boot = self._clock().boot
        if self.may_fetch(boot):
            self._fly(boot)
        await self._flight.landed(PATIENCE)

    async def close(self, patience: float = 0.0) -> None:
        """`patience`: seconds that a fetch under way may still take, for those who wait for it."""
        await self._flight.close(patience)

    def _fly(self, boot: float) -> None:
        if boot >= self._next:
            self._flight.start(self._fetch, f"keys of {self.name}")

    async def _fetch(self) -> None:
        try:
            now = self._clock()
            keys = await self._issuer.run(find_keys(self.name, self._rule.jwks_uri, now.wall, self._rule.private))
        except IssuerError as error:
            self._failed(error)
        except Exception as error:
            self._failed(IssuerError(FailureClass.PASSING, type(error).__name__))
        else:
            self._fetched, self._failures = now.boot, 0
            if _ids(keys) != _ids(self.keys or ()):
                self.version += 1
                log.info("client tokens: keys taken over", issuer=self.name, keys=len(keys))
            self.keys = keys

    def _failed(self, error: IssuerError) -> None:
        """All of it passes some day: nothing here is a credential of ours."""
        self._failures += 1
        passing = IssuerError(FailureClass.PASSING, error.message, retry_after=error.retry_after)
        waits = pause(passing, self._failures, self._draw())
        self._next = self._clock().boot + waits
        log.warning("client tokens: keys not had", issuer=self.name, reason=error.message, next_try_in=round(waits, 1))


def _ids(keys: tuple[PublicKey, ...]) -> frozenset[str]:
    return frozenset(key.key.thumbprint() for key in keys)
