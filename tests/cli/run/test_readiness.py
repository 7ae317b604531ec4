"""Words to systemd."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from proxy.cli.run.readiness import READY, VARIABLE, notify


def told(path: str, environ: dict[str, str]) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(path)
        ear.settimeout(5)
        notify(READY, environ)
        return ear.recv(100)


def test_it_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    assert told(path, {VARIABLE: path}) == b"READY=1"


def test_also_at_an_abstract_address(tmp_path: Path) -> None:
    assert told(f"\0keyless-test{tmp_path}", {VARIABLE: f"@keyless-test{tmp_path}"}) == b"READY=1"


@pytest.mark.parametrize("address", ["", "vsock:1:2", "/nowhere/at/all"])
def test_nobody_to_tell_is_no_reason_to_fail(address: str) -> None:
    notify(READY, {VARIABLE: address} if address else {})
