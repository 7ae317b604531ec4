"""What a start must not wait for, nor an idle worker hold: modules that a plain config has no use for."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.cli.conftest import crm, written
from tests.ports import free_port

_ENDS = """
import json, os, signal, socket, sys, threading, urllib.request
import proxy.cli

def tell():
    told.recv(100)  # READY=1, as systemd hears it
    try:
        if asked:
            urllib.request.urlopen(asked).read()
        print(json.dumps([name for name, there in sys.modules.copy().items() if there]), file=sys.stderr)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)

told, asked = socket.socket(fileno=int(sys.argv.pop(1))), sys.argv.pop(1)
threading.Thread(target=tell).start()
proxy.cli.main()
"""

STATIC = "  a: {scheme: static, token: not-a-secret}\n"
OAUTH2 = STATIC + "  b: {scheme: oauth2, token_url: 'http://127.0.0.1:9/', client_id: c, client_secret: not-a-secret}\n"

UNUSED = {
    **{f"proxy.auth.schemes.{name}": "no provider is of that kind" for name in ("login", "jwt", "signed", "exec")},
    **{f"proxy.auth.schemes.{name}": "no provider is of that kind" for name in ("http_digest", "mcp")},
    "proxy.auth.signing.vendors": "nothing is signed",
    "proxy.admin.dashboard": "nobody looks at a page",
    "jinja2": "nobody looks at a page",
    "prometheus_client": "nobody asks for figures",
    "cryptography": "nothing is sealed or opened, and no certificate read: 8 MiB",
    "joserfc": "no JWT is made or read",
    "limits": "there are no quotas",
    "redis": "the store is memory; and it brings opentelemetry where that is installed",
    "opentelemetry": "no traces go out: 30 MiB",
    "rich": "no table is drawn: 3 MiB",
    "aiohttp.web": "no login by a person, no sandbox",
    "requests": "no secret lies in a vault",
    "botocore": "no secret lies in AWS",
    "keyring": "no secret lies in a keyring",
    "proxy.config.proof": "presets are proved by `keyless check --presets` alone",
    "proxy.library": "this is no program that uses the library",
    "proxy.config.written.preset": "no preset is used",
    "proxy.auth.schemes.oauth2.authorize": "nobody logs in",
    "proxy.auth.schemes.oauth2.device": "nobody logs in",
    "dotenv": "there is no .env",
    "jmespath": "no path is more than names",
    "xml.sax": "no error is told in XML",
    "proxy.sandbox": "no route leads there",
}
NO_ISSUER = {"aiohttp": "nobody is asked for a token: 10 MiB", "aiocache": "no record is kept"}


@pytest.mark.parametrize(("providers", "unused"), [(OAUTH2, UNUSED), (STATIC, UNUSED | NO_ISSUER)])
def test_a_plain_start_imports_nothing_that_it_does_not_use(
    tmp_path: Path, providers: str, unused: Collection[str]
) -> None:
    config = tmp_path / "config.yaml"
    routes = "".join(f"  /{name}: {{upstream: 'http://127.0.0.1:9/', provider: {name}}}\n" for name in "ab")
    used = [line for line in routes.splitlines(keepends=True) if f"  {line[3]}:" in providers]
    config.write_text(f"listen: 127.0.0.1:0\nproviders:\n{providers}routes:\n{''.join(used)}")
    config.chmod(0o600)
    imported = modules_at_ready(config, tmp_path / "ready")
    assert "proxy.serve.forward" in imported
    assert {name for name in unused if name in imported} == set()


def test_a_first_token_brings_no_more_than_it_needs(folder: Path, issuer: str) -> None:
    port = free_port()
    config = Path(written(folder, **(crm(issuer) | {"listen": f"127.0.0.1:{port}"})))
    imported = modules_at_ready(config, folder / "ready", f"http://127.0.0.1:{port}/crm/echo")
    assert {"aiohttp", "aiocache"} < imported
    assert {name for name in UNUSED if name in imported} == set()


def modules_at_ready(config: Path, told: Path, asked: str = "") -> set[str]:
    """Of `keyless run`, once it has said that it is ready, and answered."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(told))  # without a timeout, which would count for the other process, too
        argv = [sys.executable, "-c", _ENDS, str(heard.fileno()), asked, "run", "-c", str(config)]
        environment = {**os.environ, "NOTIFY_SOCKET": str(told), "XDG_RUNTIME_DIR": str(config.parent)}
        done = subprocess.run(
            argv, env=environment, pass_fds=[heard.fileno()], capture_output=True, text=True, timeout=60, check=False
        )
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(lines) == 1, done.stderr
    return set(json.loads(lines[0]))
