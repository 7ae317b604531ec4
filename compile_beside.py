"""Compiles this checkout beside a proxy that already serves from its sources: `make run` begins it and goes on at once.

The build lies in a folder of its own, and counts from the next start: the last step is one rename of the file that
Python finds it by (proxy/process/build.py). One that is broken off leaves nothing that is ever read. Where there is no
C compiler nothing happens; a build that fails says why, and is tried again at the next start.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

from proxy.process.build import HERE, UNFINISHED, Place

ROOT = Path(__file__).resolve().parent
KEPT = 2
"""Builds: what runs may still read the one before."""

CAUSE = re.compile(r"error: (?!subprocess-exited)(.+)", re.IGNORECASE)
"""What pip, the compiler or Python says was wrong; pip's own first line says only that something was."""

Make = Callable[[Path], Path]
"""Builds in this folder and says where in it the code lies. Raises CompileError."""


class CompileError(Exception):
    """Its text is for the terminal."""


def main(stamp: Path) -> None:
    """`stamp` is touched whenever sources have been installed: what was begun before does not count then."""
    if HERE.switch.exists() or HERE.under_way() or shutil.which("cc") is None or not hasattr(os, "fork"):
        return
    for left in HERE.builds.glob(f"{UNFINISHED}*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    installed = stamp.stat().st_mtime_ns
    builder = os.fork()
    # Both: whoever asks from now on sees that it goes on.
    folder = HERE.builds / f"{UNFINISHED}{builder or os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    if not builder:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        os.nice(10)
        sys.stderr.write(beside(HERE, folder, lambda: stamp.stat().st_mtime_ns == installed, compiled))


def beside(place: Place, folder: Path, current: Callable[[], bool], make: Make) -> str:
    """What is to be said of it. `current`: nothing else has been installed since."""
    try:
        code = make(folder)
        if not current():
            return ""
        _switch(place, code.rename(place.builds / folder.name.removeprefix(UNFINISHED)), folder)
    except (CompileError, OSError) as error:
        return f"Could not be compiled: {error}. The sources go on serving, and the next start tries again.\n"
    except KeyboardInterrupt:
        return ""
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return "Compiled: that counts from the next start.\n"


def compiled(folder: Path) -> Path:
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    _call(wheel, {"KEYLESS_COMPILE": "1", "TMPDIR": str(folder)})
    (made,) = folder.glob("keyless-*.whl")
    code = folder / "code"
    with ZipFile(made) as packed:
        packed.extractall(code)
    _call([sys.executable, "-m", "compileall", "-q", str(code)], {})
    # What can't be loaded here must not be what is started next.
    loads = "import proxy.cli.run, proxy.process.build as build; assert build.running() == 'compiled'"
    _call([sys.executable, "-P", "-c", loads], {"PYTHONPATH": str(code)})
    return code


def _call(command: list[str], more: dict[str, str]) -> None:
    """Raises CompileError, with the error that it named first."""
    environment = {**os.environ, **more}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own
    if done.returncode:
        named = CAUSE.search(done.stdout + done.stderr)
        raise CompileError(named[1].strip() if named else f"exit code {done.returncode}")


def _switch(place: Place, code: Path, folder: Path) -> None:
    line = folder / place.switch.name
    line.write_text(f"import sys; sys.path.insert(0, {str(code)!r})\n", encoding="utf-8")
    line.replace(place.switch)
    builds = [one for one in place.builds.iterdir() if not one.name.startswith(UNFINISHED)]
    for old in sorted(builds, key=lambda one: one.stat().st_mtime_ns)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
