"""The secrets with which the processes of one proxy know each other's work again, by what makes them one proxy.

Owns: their order. Must not know: what is made with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proxy.tokens.store.key_file import key_file, new_key

_FILE, _OF_RUN = "secret", "run"


def common_secrets(store_key: Sequence[str] | None, private: Path | None) -> list[bytes]:
    """Those of all replicas and for good, where they have a `store_key`; else those of this start: `private` is the
    folder that its workers share. Raises OSError, ValueError.
    """
    keys = store_key or [new_key() if private is None else key_file(private / _FILE)]
    return [key.encode("utf-8") for key in keys]


def run_secret(private: Path | None) -> bytes:
    """The one of this start alone, whatever the config says: it ends with it. Raises OSError, ValueError."""
    return (new_key() if private is None else key_file(private / _OF_RUN)).encode("utf-8")
