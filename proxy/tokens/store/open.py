"""Which engine a `store:` setting means, and with which keys its records are sealed.

Owns: the choice. Must not know: records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from proxy.companions import without
from proxy.config.secrets.seal import Plain, Seal
from proxy.tokens.records import Records
from proxy.tokens.store import Store, StoreDown
from proxy.tokens.store.file import FileStore
from proxy.tokens.store.key_file import key_file
from proxy.tokens.store.memory import MemoryStore

KEY_FILE = "key"


def open_records(store: str, keys: Sequence[str] | None, folder: Path) -> Records:
    """`store` as configured, or what the workers of one proxy have for its memory; a relative directory is below
    `folder`, the config's. Raises StoreDown.
    """
    kind, _, where = store.partition(":")
    if kind == "memory" and not where:
        return Records(MemoryStore(), Plain())
    if kind in ("memory", "file"):
        path = folder / Path(where).expanduser()
        engine, configured = FileStore(path), list(keys or ())
        known = _keys_beside(path, configured)
        if len(known) > len(configured):
            engine.sealed_with(path / KEY_FILE, known[-1])
        return Records(engine, _seal(known))
    return Records(_redis(store), _seal(keys or ()))


def sealed_files(store: str, keys: Sequence[str] | None, folder: Path) -> tuple[Path, Callable[[], Seal]] | None:
    """The directory of a file store, and what makes its seal; None for other stores. That raises StoreDown."""
    kind, _, where = store.partition(":")
    if kind != "file":
        return None
    path = folder / Path(where).expanduser()
    return path, lambda: _seal(_keys_beside(path, keys or ()))


def keeps_nothing(store: str) -> bool:
    """All is forgotten with the proxy."""
    return store.partition(":")[0] == "memory"


def _keys_beside(folder: Path, keys: Sequence[str]) -> list[str]:
    """A key file from before `store_key` was set goes on opening what it sealed."""
    path = folder / KEY_FILE
    if keys and not path.exists():
        return list(keys)
    try:
        return [*keys, key_file(path)]
    except OSError as error:
        raise StoreDown(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise StoreDown(str(error)) from None


def _seal(keys: Sequence[str]) -> Seal:
    try:
        return Seal(keys)
    except ValueError as error:
        raise StoreDown(f"store_key: {error}") from None


def _redis(url: str) -> Store:
    try:
        with without("opentelemetry", "opentelemetry.sdk"):  # redis-py measures itself where that is installed: 10 MiB
            from proxy.tokens.store.redis import RedisStore  # noqa: PLC0415 -- an extra, not in the base install
    except ImportError:
        raise StoreDown("store: redis needs an extra; run: pip install 'keyless[redis]'") from None
    try:
        return RedisStore(url)
    except ValueError:
        raise StoreDown(
            "store: expected redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or the same with rediss"
        ) from None
