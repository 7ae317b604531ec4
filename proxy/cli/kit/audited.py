"""What commands do about the audit log: lines of their own, beside those of a proxy that runs.

Must not know: what is in a line (audit/events.py).
"""

from __future__ import annotations

import getpass
import os
import sys

from proxy import clock
from proxy.audit.events import open_audit
from proxy.cli.kit.options import fail
from proxy.config.loaded import Loaded


def write_down(loaded: Loaded, event: str, provider: str, outcome: str, **facts: str | None) -> None:
    """One line, where the config asks for it. That it can't be written is said, and where it's strict, exit code 1."""
    audit = open_audit(loaded.config.audit, loaded.folder, clock.now)
    if audit is None:
        return
    audit.command(event, _user(), provider, outcome, **facts)
    audit.close()
    if audit.waiting:
        missing = f"the audit log {audit.where} can't be written, and lacks this"
        if loaded.config.audit is not None and loaded.config.audit.strict:
            fail(missing)
        print(f"warning: {missing}", file=sys.stderr)


def check_or_exit(loaded: Loaded) -> None:
    """Nobody who asks for an audit log shall be served without one: exit code 1 if it can't be written."""
    audit = open_audit(loaded.config.audit, loaded.folder, clock.now)
    if audit is None:
        return
    try:
        audit.check()
    except OSError as error:
        fail(f"the audit log can't be written: {audit.where}: {error.strerror}")
    finally:
        audit.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.geteuid())
