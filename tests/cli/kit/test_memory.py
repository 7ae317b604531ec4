"""How the process that serves holds its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHUNKS = """
import resource
from proxy.cli.kit.memory import keep_freed_memory

def pass_chunks(count):
    for _ in range(count):
        bytes(256 * 1024), bytes(200 * 1024)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

keep_freed_memory()
pass_chunks(10)
before = faults()
pass_chunks(1000)
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_chunks_of_large_bodies_take_memory_that_is_there() -> None:
    """Else each of them takes its pages from the system anew: 112 page faults in every round."""
    done = subprocess.run([sys.executable, "-c", CHUNKS], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 1000
