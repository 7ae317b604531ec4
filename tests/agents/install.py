"""Installs the agents, one folder each, as far as they can be: `python -m tests.agents.install FOLDER`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.agents.programs import AGENTS, NODE, SDKS

PATIENCE = 600
"""Seconds for one of them."""
DONE = "installed"


def places(home: Path, name: str) -> list[Path]:
    """Where its command lies, and Node."""
    return [home / name / "node_modules" / ".bin", home / name / "bin", home / "node" / "node_modules" / ".bin"]


def is_installed(home: Path, name: str) -> bool:
    """Neither its command nor its folder tells: a library has no command, and a try that fails leaves a folder."""
    return (home / name / DONE).exists()


def install(home: Path, name: str, package: str) -> str | None:
    """Returns what went wrong."""
    folder = home / name
    (folder / DONE).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(home / "node" / "node_modules" / ".bin"), os.environ["PATH"]])
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), package]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", package]
    for command in [[sys.executable, "-m", "venv", str(folder)], pip] if "==" in package else [npm]:
        try:
            subprocess.run(command, env=os.environ | {"PATH": path}, capture_output=True, timeout=PATIENCE, check=True)
        except subprocess.CalledProcessError as error:
            return str(error.stderr.decode(errors="replace").strip().splitlines()[-1:])
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    (folder / DONE).touch()
    return None


def main() -> None:
    home = Path(sys.argv[1]).resolve()
    wanted = {"node": NODE} | {agent.folder or name: agent.package for name, agent in (AGENTS | SDKS).items()}
    for name, package in wanted.items():
        trouble = install(home, name, package)
        print(f"{name}: {package}" if trouble is None else f"{name}: NOT INSTALLED: {package}: {trouble}", flush=True)


if __name__ == "__main__":
    main()
