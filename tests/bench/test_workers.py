"""Which processes are workers, and what they hold; how pairs are compared."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.workers import _compared, children, pss_mib


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_children_and_their_memory() -> None:
    hold = "import sys; held = bytearray(b'x' * 32 * 1024 * 1024); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        assert child.pid in children(os.getpid())
        assert children(child.pid) == []
        assert 32 <= pss_mib(child.pid) < 64
        child.stdin.close()


def test_a_ratio_is_that_of_pairs() -> None:
    """A machine that slows down between two pairs changes nothing of it."""
    turned = [
        ({"cpu_us": cost, "rps": 1.0, "failed": 0.0}, {"cpu_us": 1.1 * cost, "rps": 10.0, "failed": 1.0})
        for cost in (20.0, 30.0, 50.0)
    ]
    compared = _compared(turned)
    assert compared["ratio"] == pytest.approx(1.1)
    assert compared["ratio_give"] == pytest.approx(0.0, abs=1e-9)
    assert (compared["alone_us"], compared["several_us"]) == (30.0, pytest.approx(33.0))
    assert (compared["requests"], compared["failed"]) == (30.0, 3.0)
