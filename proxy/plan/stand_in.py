"""The token endpoint that the proxy plays: its reply, finished at load (docs/config.md#stand_in).

Must not know: requests.
"""

from __future__ import annotations

import json
from typing import Any

from proxy.auth.keys.provider import StandIn
from proxy.plan.route import StandInPlan

PLACEHOLDER = "keyless-placeholder-worth-nothing"


def stand_in_plan(stand_in: StandIn | None) -> StandInPlan | None:
    if stand_in is None:
        return None
    reply = json.dumps(_filled(stand_in.reply), ensure_ascii=False).encode("utf-8")
    return StandInPlan(stand_in.path.encode("ascii"), reply)


def _filled(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("{placeholder}", PLACEHOLDER)
    if isinstance(value, dict):
        return {key: _filled(inner) for key, inner in value.items()}
    return value
