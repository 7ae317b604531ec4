"""The token endpoint that the proxy plays for SDKs that insist on one.

Owns: its path and its answer. Pure. Must not know: who asks, how a client's placeholder is made
(plan/admission/placeholders.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from proxy.auth.keys.provider import StandIn
from proxy.auth.schemes import Provider
from proxy.values.record import record

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Preset

PLACEHOLDER: Final = "keyless-placeholder-worth-nothing"
"""What it gives whoever has not proven to be a client."""


@record
class StandInPlan:
    """Its path below the prefix, and the finished JSON that it answers. `lifetime`: the seconds that the JSON tells."""

    path: bytes
    reply: bytes
    lifetime: int

    @classmethod
    def of(cls, written: bool | str, provider: Provider | None, preset: Preset | None) -> StandInPlan | None:
        """`written` in the route: a path of its own, or whether there is one. Of a provider that lacks a secret its
        preset knows the path alone: what is asked there is refused.
        """
        if not written:
            return None
        if provider is not None:
            reply = provider.reply_shape if provider.stand_in is None else provider.stand_in.reply
            return cls.compile(provider.stand_in if written is True else StandIn(path=written, reply=reply))
        path = None if preset is None else (preset.provider.get("stand_in") or {}).get("path")
        path = path if written is True else written
        return cls(path.encode("ascii"), b"", 0) if isinstance(path, str) and path.isascii() else None

    @classmethod
    def compile(cls, stand_in: StandIn | None) -> StandInPlan | None:
        if stand_in is None:
            return None
        reply = json.dumps(_filled(stand_in.reply), ensure_ascii=False).encode("utf-8")
        return cls(stand_in.path.encode("ascii"), reply, stand_in.lifetime)

    def reply_with(self, placeholder: bytes) -> bytes:
        return self.reply.replace(PLACEHOLDER.encode("ascii"), placeholder)


def _filled(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("{placeholder}", PLACEHOLDER)
    if isinstance(value, dict):
        return {key: _filled(inner) for key, inner in value.items()}
    return value
