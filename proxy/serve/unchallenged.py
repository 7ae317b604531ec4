"""What is said in place of a 401 where clients answer any 401 with a login of their own, around the proxy (MCP).

Owns: the two answers. Must not know: which APIs have such clients, tokens.
"""

from __future__ import annotations

from typing import Any

from proxy.errors import Fault
from proxy.serve.exchange import Exchange


class Forbidden(Fault):
    """A refusal of our own that asks for nothing."""

    @property
    def status(self) -> int:
        return 403

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"status": self.status}


def forbidden(fault: Fault) -> Fault:
    """The same refusal, without its challenge."""
    return Forbidden(fault.code, fault.detail, provider=fault.provider)


async def refused(exchange: Exchange) -> Fault:
    """The API's last word was a 401: with a newer token as well, or there is none, or it could not be sent again."""
    provider = exchange.plan.provider
    name = None if provider is None else provider.name
    if exchange.attempts > 1:
        detail = "the API refuses a token that is new: who has logged in may not use it"
        return Fault("login_required", detail, provider=name, headers=(("X-Keyless-Attempts", "2"),))
    if exchange.skipped == "token_unavailable":
        try:
            await exchange.lane.token()
        except Fault as fault:  # why there is none
            return fault
    why = exchange.skipped or "by the rules of its provider"
    detail = f"the API refuses the token, and the request was not sent again: {why}"
    headers = () if exchange.skipped is None else (("X-Keyless-Replay", f"skipped; reason={why}"),)
    return Fault("credential_refused", detail, provider=name, headers=headers)
