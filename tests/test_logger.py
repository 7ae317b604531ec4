"""What a process that serves does without."""

from __future__ import annotations

import subprocess
import sys

import pytest

SEEN = "import sys; print(any(name in sys.modules for name in ('rich.console', 'pygments')))"


@pytest.mark.parametrize("first", ["proxy.cli.run", "proxy.library.keyless", "proxy.sink, proxy.logs, proxy.app"])
def test_nothing_that_serves_takes_rich_along(first: str) -> None:
    said = subprocess.run([sys.executable, "-c", f"import {first}; {SEEN}"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_who_needs_rich_still_gets_it() -> None:
    code = "import rich, proxy.logger; import rich.console as here; print(here.Console.__name__, 'structlog' in vars())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "Console False"


def test_a_program_that_has_rich_keeps_its_tracebacks() -> None:
    code = "import rich.console, proxy.logger, structlog; print(structlog.dev.rich is not None)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "True"
