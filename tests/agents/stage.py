"""One agent on its stage: a folder with the task, a home that is empty, a config, and `keyless exec`.

Owns: what surrounds the agent. Must not know: which agents there are.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.agents.programs import Agent
from tests.agents.turns import BEFORE, FILE
from tests.cli.conftest import ROOT

SECRET = "made-up-secret-of-the-operator"
NOWHERE = "http://127.0.0.1:9"
"""A proxy that refuses: no agent is to reach the world from here."""


class Ended(NamedTuple):
    """`code` is None where it had to be ended. `lines`: what it said, each after how many seconds."""

    code: int | None
    lines: list[tuple[float, str]]

    @property
    def said(self) -> str:
        return "".join(line for _, line in self.lines)

    def shown(self, words: str) -> float | None:
        """After how many seconds it had said this, wherever its lines break; what `exec` says at the end is not its."""
        text = ""
        for seconds, line in self.lines:
            text += "" if line.startswith("keyless: ") else line
            if squeezed(words) in squeezed(text):
                return seconds
        return None


def squeezed(text: str) -> str:
    """Without colours, spaces and the strokes of boxes, with which programs break words."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\s│┃|\\]", "", text)


def provider_of(preset: str, url: str) -> dict[str, Any]:
    """The vendor's API as a gateway with OAuth2 has it: the preset's wire, tokens of an issuer."""
    oauth2 = {"scheme": "oauth2", "token_url": f"{url}/token", "client_id": "made-up", "client_secret": "${MADE_UP}"}
    inject = {"header": {"Authorization": "Bearer {token}"}}
    return {"use": preset, "token": None, "dead": None, "inject": inject, "refused": [{"status": 401}]} | oauth2


def written(folder: Path, agent: Agent, url: str, provider: Mapping[str, Any]) -> Path:
    """The config of one route, to the API at this URL."""
    prefix = f"/{agent.speaks}"
    route = {"upstream": url, "provider": "vendor", "plain_http": True}
    config = {"providers": {"vendor": dict(provider)}, "routes": {prefix: route}, "log": {"access": False}}
    path = folder / "keyless.yaml"
    path.write_text(yaml.safe_dump({"listen": "127.0.0.1:0"} | config, sort_keys=False))
    return path


def prepared(folder: Path, agent: Agent) -> None:
    for name in ("work", "home", "run"):
        (folder / name).mkdir(mode=0o700)
    (folder / "work" / FILE).write_text(BEFORE)
    for command in (["init", "--quiet"], ["add", FILE]):  # to aider a file is there once it is tracked
        subprocess.run(["git", "-C", str(folder / "work"), *command], check=True)
    for name, text in agent.home.items():
        path = folder / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{work}", str(folder / "work")))


def run(folder: Path, name: str, agent: Agent, config: Path, paths: list[Path], patience: float) -> Ended:
    """`exec` of the agent, which gets so many seconds. `paths`: where it and Node lie."""
    model = [] if agent.model is None else ["--model", agent.model]
    words = [sys.executable, "-m", "proxy", "exec", "-c", str(config), *model, "--", name, *agent.command]
    path = os.pathsep.join([*map(str, paths), os.defpath])
    own = {"PATH": path, "HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder / "run"), "TERM": "dumb"}
    if agent.named == "node":
        own["NODE_PATH"] = str(paths[0].parent)
    keys = {"PYTHONPATH": str(ROOT), "MADE_UP": SECRET, "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE}
    started = time.monotonic()
    lines: list[tuple[float, str]] = []
    with subprocess.Popen(
        words,
        env=own | keys | agent.environ,
        cwd=folder / "work",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as popen:
        end = threading.Timer(patience, os.killpg, (popen.pid, signal.SIGKILL))
        end.start()
        assert popen.stdout is not None
        lines += ((time.monotonic() - started, line) for line in popen.stdout)
        late = not end.is_alive()
        end.cancel()
    return Ended(None if late else popen.returncode, lines)
