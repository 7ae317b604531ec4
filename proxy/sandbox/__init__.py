"""An issuer and an API in one process, with made-up keys: for first steps, for our tests, and for yours.

    async with Sandbox() as sandbox:
        ...  # point a route at f"{sandbox.url}/oauth2/api" and a provider at f"{sandbox.url}/oauth2/token"
        sandbox.void()  # every token dies now
        assert sandbox.mints["oauth2"] == 2

Owns: four styles of issuer, four styles of refusal, and the switches that make them misbehave. Must not know: the
proxy. It imports nothing of it, so that neither can hide the other's mistakes.
"""

from proxy.sandbox.issuer import KEY, PUBLIC_KEY, REFRESH_TOKEN, SECRET
from proxy.sandbox.server import Sandbox

__all__ = ["KEY", "PUBLIC_KEY", "REFRESH_TOKEN", "SECRET", "Sandbox"]
