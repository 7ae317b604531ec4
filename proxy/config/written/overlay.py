"""One tree over another.

Owns: which of them counts where. Must not know: what the trees say, presets. Commands that load no config use it, too,
so it imports nothing.
"""

from __future__ import annotations

from typing import Any


def merged(under: Any, over: Any) -> Any:
    """Mappings merge deeply; null takes out what is under it; anything else of `over` replaces it (RFC 7396)."""
    if isinstance(under, dict) and isinstance(over, dict):
        removed = {key for key, value in over.items() if value is None and key in under}
        added = {key: merged(under.get(key), value) for key, value in over.items() if key not in removed}
        return {key: value for key, value in under.items() if key not in removed} | added
    return over
