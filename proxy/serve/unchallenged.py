"""What is said in place of a 401 where clients answer any 401 with a login of their own, around the proxy (MCP).

Owns: the two answers, to a request of ours that is refused and to one that the API has refused. Must not know: which
APIs have such clients, tokens.
"""

from __future__ import annotations

from typing import Any

from proxy.errors import Fault
from proxy.serve.exchange import Exchange
from proxy.serve.upstream import Reply


class Forbidden(Fault):
    """A refusal of our own that asks for nothing."""

    @property
    def status(self) -> int:
        return 403

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"status": self.status}


class Outgrown(Fault):
    """The token is renewed, but this request was too long to be sent once more by us."""

    @property
    def advice(self) -> tuple[str, str] | None:
        """Sent again it gets through."""
        return None

    def problem(self) -> dict[str, Any]:
        document = super().problem()
        hint, message = "Send it again.", f"{self.detail}. Send it again."
        error = document["error"] | {"message": message}
        return document | {"title": "Not sent again", "hint": hint, "message": message, "error": error}


def told(exchange: Exchange, fault: Fault) -> Fault:
    """The same, without a challenge where there must be none."""
    if fault.status != 401 or not exchange.hides_401:
        return fault
    return Forbidden(fault.code, fault.detail, provider=fault.provider, cause=fault.cause)


async def judged(exchange: Exchange, reply: Reply) -> Reply:
    """The reply to pass on. Raises Fault in place of a 401 that must not reach the client."""
    if reply.status != 401 or not exchange.hides_401:
        return reply
    reply.close()
    raise await _refused(exchange)


async def _refused(exchange: Exchange) -> Fault:
    """The API's last word was a 401: with a newer token as well, or there is none, or it could not be sent again."""
    provider = exchange.plan.provider
    name = None if provider is None else provider.name
    skipped = (("X-Keyless-Replay", f"skipped; reason={exchange.skipped}"),)
    if exchange.attempts > 1 or exchange.skipped == "paused":
        detail = "the API refuses a token that is new: who has logged in may not use it"
        headers = (("X-Keyless-Attempts", "2"),) if exchange.attempts > 1 else skipped
        return Fault("login_required", detail, provider=name, headers=headers)
    if exchange.skipped == "token_unavailable":
        try:
            await exchange.lane.token()
        except Fault as fault:  # why there is none
            return fault
    if exchange.skipped == "body_too_large":
        detail = "The token had died and is being renewed, and the request was too long for the proxy to send it again"
        return Outgrown("credential_refused", detail, provider=name, headers=skipped)
    detail = f"the API refuses the token, and the request was not sent again: {exchange.skipped}"
    return Fault("credential_refused", detail, provider=name, headers=skipped)
