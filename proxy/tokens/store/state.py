"""The store in this user's state folder, for logins of people where the config's own keeps nothing.

Owns: where in it that is. Must not know: which logins there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from proxy.config.place import state_folder
from proxy.tokens.records import Records
from proxy.tokens.store import StoreDown
from proxy.tokens.store.open import open_records

LOGINS = "logins"


def open_logins(environ: Mapping[str, str]) -> Records:
    """Raises StoreDown."""
    try:
        folder = state_folder(environ) / LOGINS
    except RuntimeError:
        raise StoreDown("this user has no home, and $XDG_STATE_HOME is not set; set `store: file:DIR`") from None
    with suppress(OSError):  # what can't be made is told by whoever needs it
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # commands refuse one that others can enter
    return open_records(f"file:{folder}", None, folder)
