"""Whose SDKs read an error of the proxy's own: each vendor's look in places of their own (docs/errors.md#shapes).

Owns: the names that presets give them. Must not know: what an error has in each (wire/inbound/error_shape.py).
"""

from __future__ import annotations

from typing import Literal

ErrorShape = Literal[
    "openai",
    "anthropic",
    "google",
    "aws",
    "s3",
    "mcp",
    "oauth",
    "bce",
    "elasticsearch",
    "errcode",
    "msg",
    "telegram",
    "tos",
]
