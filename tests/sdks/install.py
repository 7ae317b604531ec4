"""Installs the SDKs of rows.yaml: `python -m tests.sdks.install FOLDER`.

Those that agree share one environment; what can't be installed is named, and its rows are skipped.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.sdks.rows import rows

PATIENCE = 1200
"""Seconds for one environment."""


def groups() -> dict[str, set[str]]:
    """The packages of each environment of Python's; the shared one has no name."""
    packages: dict[str, set[str]] = {}
    for row in rows().values():
        if row.language == "python":
            packages.setdefault(row.venv, set()).update(row.versions)
    return packages


def installed(home: Path, packages: Iterable[str]) -> str | None:
    """Returns what went wrong."""
    if not (home / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=PATIENCE)
    return _trouble([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *sorted(packages)])


def _trouble(command: list[str]) -> str | None:
    try:
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    except subprocess.CalledProcessError as error:
        return " ".join(error.stderr.decode(errors="replace").strip().splitlines()[-3:])
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None


def main() -> None:
    home = Path(sys.argv[1]).resolve()
    for venv, packages in groups().items():
        folder = home / "apart" / venv if venv else home
        trouble = installed(folder, packages)
        if trouble is not None:
            print(f"NOT AS ONE: {trouble}", flush=True)
            for package in sorted(packages):
                trouble = installed(folder, [package])
                print(f"{package}: {f'NOT INSTALLED: {trouble}' if trouble else 'installed'}", flush=True)
    of_node = sorted({version for row in rows().values() if row.language == "node" for version in row.versions})
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home / "node"), *of_node]
    (home / "node").mkdir(exist_ok=True)
    trouble = _trouble(npm) if of_node else None
    print("npm: installed" if trouble is None else f"npm: NOT INSTALLED: {trouble}", flush=True)


if __name__ == "__main__":
    main()
