"""`python calls NAME URL KEY` makes that call, and says as JSON what a person would read, and after how long.

Owns: the way in and out. Must not know: any SDK, Keyless.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from typing import Any

import china
import clouds
import models
import work

MODULES = (models, china, clouds, work)


class Clock:
    """Begins with the first connection, since SDKs take seconds to import."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._made = time.monotonic()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _: Any) -> None:
        if event == "socket.connect" and self._began is None:
            self._began = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - (self._began or self._made)


def tried(name: str, url: str, key: str) -> dict[str, Any]:
    """`raised` is the exception's class, `above` what its traceback has besides."""
    call = next(vars(module)[name] for module in MODULES if name in vars(module))
    clock = Clock()
    try:
        said, raised, above = str(call(url, key)), "", ""
    except Exception as error:  # whatever it is, a person reads it
        said, raised, above = str(error), type(error).__name__, "".join(traceback.format_exception(error))
    return {"said": said, "raised": raised, "above": above, "seconds": round(clock.seconds(), 1)}


if __name__ == "__main__":
    print("\n" + json.dumps(tried(*sys.argv[1:])), flush=True)
