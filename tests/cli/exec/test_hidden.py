"""What other processes of the same user can see of `exec`, on Linux."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.cli.conftest import PATIENCE, ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="by /proc")

PROGRAM = """
import ctypes, json, os, subprocess, sys
from proxy.cli.exec.hidden import hide
hide(["SECRET", "NOT_SET"])
with open("/proc/self/environ", "rb") as file:
    seen = file.read().decode()
child = subprocess.run(["sh", "-c", 'echo "$SECRET"'], env=dict(os.environ), capture_output=True, text=True)
print(json.dumps({"seen": seen, "python": os.environ["SECRET"], "child": child.stdout.strip(),
                  "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)}))
"""


def test_what_it_was_started_with_is_gone() -> None:
    environ = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "SECRET": "a=real secret", "SECRET_TOO": "other"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    told = json.loads(done.stdout)
    assert "real secret" not in told["seen"]
    assert "SECRET_TOO=other" in told["seen"]  # of other variables nothing is lost
    assert told["dumpable"] == 0
    assert (told["python"], told["child"]) == ("a=real secret", "a=real secret")  # a proxy inside needs it
