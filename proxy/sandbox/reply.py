"""An answer as a value, so that what is said can be decided and tested without a server."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Reply(NamedTuple):
    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


def json_reply(status: int, document: Any, *headers: tuple[str, str]) -> Reply:
    return Reply(status, json.dumps(document, ensure_ascii=False).encode(), headers=headers)


def tidy(number: float) -> float:
    """Whole numbers as ints, as issuers send them; a fraction only where the test asked for one."""
    rounded = round(number, 6)
    return int(rounded) if rounded == int(rounded) else rounded
