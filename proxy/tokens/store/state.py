"""The state folder of this user, and the store in it for logins of people where the config's own keeps nothing.

Owns: where that is. Must not know: which logins there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from proxy.tokens.records import Records
from proxy.tokens.store import StoreDown
from proxy.tokens.store.open import open_records

LOGINS = "logins"


def state_folder(environ: Mapping[str, str]) -> Path:
    """Raises RuntimeError for a user without a home."""
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "keyless"


def open_logins(environ: Mapping[str, str]) -> Records:
    """Raises StoreDown."""
    try:
        folder = state_folder(environ) / LOGINS
    except RuntimeError:
        raise StoreDown("this user has no home, and $XDG_STATE_HOME is not set; set `store: file:DIR`") from None
    return open_records(f"file:{folder}", None, folder)
