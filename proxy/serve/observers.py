"""Those who watch over requests: who asks, how much, what is written down. Each is a part of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proxy.audit.events import Audit
from proxy.logs import AccessLog
from proxy.serve.quota.local import Quotas
from proxy.serve.visitors import Visitors
from proxy.values.now import Now


@dataclass(frozen=True, slots=True)
class Watch:
    """None for what the config doesn't ask for."""

    clock: Callable[[], Now]
    visitors: Visitors | None
    quotas: Quotas | None
    access: AccessLog | None
    audit: Audit | None
