"""LiteLLM's pass-through endpoint with one worker, no database, no authentication of its own."""

from __future__ import annotations

import json
import subprocess
from functools import cache

from bench.install import install, program
from bench.peers.peer import TOKEN, Command, Peer, Setting

PATH = "/bench"


def command(setting: Setting) -> Command:
    endpoint = {
        "path": PATH,
        "target": setting.origin.url,
        "headers": {"Authorization": f"Bearer {TOKEN}"},
        "auth": False,
        "include_subpath": True,
    }
    config = {"model_list": [], "general_settings": {"pass_through_endpoints": [endpoint]}}
    file = setting.write("litellm.yaml", json.dumps(config))
    argv = [str(program("litellm", "litellm")), "--config", str(file), "--host", "127.0.0.1"]
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "LITELLM_LOG": "ERROR"}
    env["LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY"] = "true"  # it starts without a key only if told so
    return Command([*argv, "--port", str(setting.port), "--num_workers", "1", "--telemetry", "False"], env)


def version() -> str:
    code = "from importlib.metadata import version; print(version('litellm'))"
    argv = [str(program("litellm", "python")), "-c", code]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@cache
def missing() -> str | None:
    return install("litellm")


PEER = Peer(
    "litellm",
    "LiteLLM, pass-through",
    missing,
    version,
    command,
    prefix=PATH,
    slow=True,
    once=True,
    start_seconds=90.0,
)
