"""Which of a provider's hosts a name is; that nothing else gets in is asked in tests/plan/test_elsewhere.py, too."""

from __future__ import annotations

import pytest

from proxy.auth.hosts import Hosts
from proxy.auth.keys.provider import Host

HOSTS = Hosts.compile(
    [
        Host(host="files.test", credential=True),
        Host(host="*.cdn.test", credential=False),
        Host(host="*.safe.cdn.test", credential=True),
    ]
)


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("files.test", True),
        ("a.cdn.test", False),
        ("a.safe.cdn.test", True),
        ("safe.cdn.test", False),
        *((name, None) for name in ("cdn.test", "evil.test", "files.test.", "a..cdn.test", "-a.cdn.test", "test", "")),
        ("Files.test", None),
        (f"{'a.' * 130}cdn.test", None),
    ],
)
def test_the_longest_ending_counts(name: str, sees: bool | None) -> None:
    assert HOSTS.sees(name) is sees
