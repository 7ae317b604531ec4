"""Sources of secrets outside this machine's files: a vault, a keyring, a cloud's secret store, a command.

Owns: which there are, and what they have in common. Each file has one `Source(around)`, made once per load and called
from several threads with what stands behind the colon; it returns the value, raises Unavailable for what may come
right by itself, or ValueError for what takes another config or installation. No message holds a value, or what a
server said. Their libraries are extras, imported when a config first asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import field
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TypeVar

from proxy.errors import KeylessError
from proxy.values.record import record

_MODULES = {"vault": "vault", "keyring": "keyring", "aws-sm": "aws", "exec": "command"}
OUTSIDE = frozenset(_MODULES)

T = TypeVar("T")


class Unavailable(KeylessError):  # noqa: N818 -- it says what is the case
    """There is no value now. `detail` may be shown to operators, but not to clients."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


@record
class Around:
    """Where the config lies, and the variables of the environment and `.env` together."""

    folder: Path
    variables: Mapping[str, str] = field(repr=False)


class Outside:
    """All outside sources of one load, each made when it's first needed."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._around = Around(folder, variables)
        self._made: dict[str, Callable[[str], str]] = {}
        self._lock = Lock()

    def value(self, kind: str, name: str) -> str:
        """Raises Unavailable or ValueError."""
        try:
            return self._source(kind)(name)
        except (Unavailable, ValueError):
            raise
        except Exception as error:  # a library's own, with words that may hold anything
            raise Unavailable(f"{kind} can't be asked ({type(error).__name__})") from None

    def _source(self, kind: str) -> Callable[[str], str]:
        with self._lock:
            if kind not in self._made:
                self._made[kind] = import_module(f"{__name__}.{_MODULES[kind]}").Source(self._around)
            return self._made[kind]


def fill(future: Future[T], ask: Callable[[], T]) -> None:
    """For all who wait for one answer: what `ask` returns, or raises."""
    try:
        future.set_result(ask())
    except Exception as error:
        future.set_exception(error)


def lacks_extra(kind: str, extra: str) -> ValueError:
    return ValueError(f"${{{kind}:...}} needs an extra; run: pip install 'keyless[{extra}]'")


def text_of(document: object, name: str) -> str:
    """The field `name` of a secret that is a JSON object. Raises Unavailable."""
    value = document.get(name) if isinstance(document, Mapping) else None
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Unavailable(
        f"there is no field '{name}' that is a text" if value is not None else f"there is no field '{name}'"
    )
