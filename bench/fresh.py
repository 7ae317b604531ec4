"""A stranger's first minute: a fresh clone, `make run`, and the first answer."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from bench import turns
from bench.load import Shot
from bench.measure import Sample
from bench.peers import keyless
from bench.peers.peer import Setting
from bench.process import Process, StartError, free_port
from bench.stand import Contender, Running, Stand

ROOT = Path(__file__).parent.parent
PATIENCE = 600.0
LOOK = 0.1
FIRST = Shot("/get500")


def first_answer(stand: Stand, contender: Contender) -> Sample:
    """Seconds from `make run` on; what pip has to download, it has downloaded before. Raises StartError, OSError."""
    folder = stand.site.folder / "fresh"
    folder.mkdir()
    setting = Setting(stand.site, folder, free_port(), stand.site.fast)
    config = setting.write(keyless.CONFIG, json.dumps(keyless.config(setting)))
    clone = folder / "clone"
    _clone(clone)
    env = {"KEYLESS_CONFIG": str(config), "MAKEFLAGS": "", "SSL_CERT_FILE": str(stand.site.authority)}
    argv, log = ["make", "-C", str(clone), "run"], folder / "log"
    begun = time.monotonic()
    with Process(argv, stand.proxy_cpus | stand.load_cpus, log, env) as process:
        process.wait_listening(setting.port, PATIENCE, LOOK)
        listens = time.monotonic() - begun
        answer = turns.ask(Running(contender, process, setting.port, folder), FIRST, stand.site.authority)
        if not answer.startswith("200 "):
            raise StartError(f"answered {answer}")
        return {"listens_s": listens, "first_answer_s": time.monotonic() - begun, "cpu_s": process.cpu_seconds()}


def _clone(folder: Path) -> None:
    """What is committed. Raises StartError."""
    try:
        argv = ["git", "clone", "--quiet", str(ROOT), str(folder)]
        subprocess.run(argv, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise StartError(f"git clone: {error.stderr.strip()[-300:]}") from None
