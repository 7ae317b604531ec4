"""Which configs want the sandbox, and what a config of lasting keys never loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from proxy.cli.kit.standby import wanted_by
from proxy.config.model import Config


@pytest.mark.parametrize(
    ("prefix", "upstream", "wanted"),
    [
        ("/sandbox", "http://127.0.0.1:8089/oauth2/api", True),
        ("/sandbox/baidu", "http://localhost:9/baidu", True),
        ("/sandbox", "http://[::1]:8089/aiob/api", True),
        ("/sandboxes", "http://127.0.0.1:8089/oauth2/api", False),
        ("/crm", "http://127.0.0.1:8089/oauth2/api", False),
        ("/sandbox", "http://127.0.0.1:8089/v1", False),
        ("/sandbox", "http://127.0.0.1:8089", False),
        ("/sandbox", "http://127.0.0.1/oauth2/api", False),
        ("/sandbox", "https://127.0.0.1:8089/oauth2/api", False),
        ("/sandbox", "http://sandbox.example.com:8089/oauth2/api", False),
    ],
)
def test_who_wants_a_sandbox(prefix: str, upstream: str, wanted: bool) -> None:
    """Only routes that can't mean anything else: no port of the user's is taken by mistake."""
    config = Config.model_validate({"routes": {prefix: {"upstream": upstream, "provider": "none"}}})
    sandbox = wanted_by(config)
    assert (sandbox is not None) is wanted
    assert sandbox is None or upstream.startswith(sandbox.url)


def test_a_process_that_calls_no_issuer_has_no_client_for_them() -> None:
    """A tenth of a second of each start, and 8 MiB."""
    program = "import sys, proxy.cli.run; print('aiohttp' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )
