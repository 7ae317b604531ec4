"""What a crowd leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from proxy import memory

SCATTERED = """
from proxy import memory
def resident():
    return int(open("/proc/self/statm").read().split()[1])
kept = [bytes(100) for _ in range(400_000)]
full = resident()
kept = kept[::1000]
before = resident()
print(memory.give_back(), full, before, resident())
"""

KEPT_FOR_LATER = """
import gc, sys
from proxy import memory
gc.disable()
if FROZEN:
    gc.freeze()

class Asked:
    pass

def blocks():
    return sys.getallocatedblocks()

before = blocks()
names = [f"a name of its own {number}" for number in range(4000)]
for name in names:
    hasattr(Asked, name)
del name, names
kept = blocks() - before
print(memory.give_back(), kept, blocks() - before)
"""
"""The names that were looked up last: some of them in each MiB that a crowd has used."""


@pytest.mark.parametrize(
    ("most", "left", "gone"),
    [
        (0, 0, False),
        (memory.CROWD - 1, 0, False),
        (memory.CROWD, 0, True),
        (4 * memory.CROWD, memory.CROWD, True),
        (4 * memory.CROWD, memory.CROWD + 1, False),
        (memory.CROWD, memory.CROWD, False),
    ],
)
def test_when_a_crowd_has_gone(most: int, left: int, gone: bool) -> None:
    assert memory.has_gone(most, left) is gone


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_lies_between_blocks_in_use_is_given_back() -> None:
    environ = os.environ | {"PYTHONMALLOC": "malloc"}
    said = subprocess.run([sys.executable, "-c", SCATTERED], env=environ, capture_output=True, text=True, check=True)
    worked, full, before, after = said.stdout.split()
    if worked == "False":
        pytest.skip("this C library gives nothing back on request")
    assert int(before) > 0.7 * int(full)  # pages: freeing alone gives hardly any back
    assert int(after) < 0.5 * int(before)


@pytest.mark.parametrize("frozen", [False, True])
def test_what_python_keeps_for_later_goes_but_not_from_a_program_that_is_not_ours(frozen: bool) -> None:
    code = KEPT_FOR_LATER.replace("FROZEN", str(frozen))
    said = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    worked, kept, left = said.stdout.split()
    if worked == "False":
        pytest.skip("this C library gives nothing back on request")
    assert int(kept) > 200
    assert (int(left) < 100) == frozen
