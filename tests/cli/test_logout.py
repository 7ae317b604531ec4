from __future__ import annotations

from pathlib import Path

import pytest

from tests.authority import Authority
from tests.cli.conftest import Outcome, keyless
from tests.cli.test_login import authority, config

__all__ = ["authority"]


def logged_in(authority: Authority, folder: Path) -> str:
    authority.interval = 0.01
    path = config(authority, folder, grant="device_code")
    assert keyless("login", "mail", "-c", path).code == 0
    return path


def test_both_tokens_are_revoked_and_gone(authority: Authority, tmp_path: Path) -> None:
    path = logged_in(authority, tmp_path)
    done = keyless("logout", "mail", "-c", path)
    assert done == Outcome(0, "mail: logged out, the tokens are removed and revoked\n", "")
    assert [kind for kind, _ in authority.revoked] == ["refresh_token", "access_token"]
    assert "login_required" in keyless("token", "mail", "-c", path).err
    assert keyless("logout", "mail", "-c", path).out == "mail: nobody was logged in\n"


@pytest.mark.parametrize("status", [404, 503])
def test_a_failing_revocation_is_told(authority: Authority, tmp_path: Path, status: int) -> None:
    path = logged_in(authority, tmp_path)
    authority.revokes = status
    done = keyless("logout", "mail", "-c", path)
    assert (done.code, done.out) == (0, "mail: logged out, the tokens are removed\n")
    assert f"the issuer answered {status}" in done.err
    assert not [token for token in [*authority.issued, *authority.refresh_tokens] if token in done.err]
    assert keyless("logout", "mail", "-c", path, "--json").json == {
        "provider": "mail",
        "logged_out": False,
        "revoked": False,
    }
