"""What an issuer may say of where its API is: a stranger's text decides where a token goes, or rather does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.hosts import Hosts
from proxy.auth.keys.provider import Host
from proxy.auth.reading.upstream import named_upstream

HOSTS = Hosts.compile(
    [
        Host(host="*.my.api.test", credential=True),
        Host(host="api.test", credential=True),
        Host(host="*.cdn.test", credential=False),
        Host(host="10.0.0.7", credential=True),
    ]
)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("https://one.my.api.test", "one.my.api.test"),
        ("HTTPS://One.My.API.test/", "one.my.api.test"),
        ("https://one.my.api.test:443/a/b-c_d~e.f/", "one.my.api.test/a/b-c_d~e.f"),
        ("one.two.my.api.test", "one.two.my.api.test"),
        ("api.test/v2", "api.test/v2"),
    ],
)
def test_a_host_of_the_list(said: str, named: str) -> None:
    assert named_upstream(said, HOSTS) == named


@pytest.mark.parametrize(
    "said",
    [
        *("http://one.my.api.test", "ws://one.my.api.test", "file:///etc/passwd", "javascript:443", "https:api.test"),
        *("https://evil.test", "https://my.api.test.evil.test", "https://evilapi.test", "https://my.api.test"),
        *("https://a.cdn.test", "//api.test", "https:///api.test", "https://", "https://api.test.", ""),
        *(
            "https://user@api.test",
            "https://user:pass@api.test",
            "https://api.test@evil.test",
            "https://api.test\\@x.y",
        ),
        *("https://api.test:8443", "https://api.test:80", "https://api.test:", "https://api.test:443:443"),
        *("https://10.0.0.7", "https://127.0.0.1", "https://0x7f.1", "https://2130706433", "https://[::1]"),
        *("https://[::ffff:10.0.0.7]", "https://localhost", "https://169.254.169.254/latest"),
        *("https://api.test/..", "https://api.test/a/../b", "https://api.test/.", "https://api.test/%2e%2e"),
        *("https://api.test//evil.test", "https://api.test/a//b", "https://api.test/a\\b", "https://api.test/{token}"),
        *("https://api.test?x=1", "https://api.test/#x", "https://api.test/a b", "https://api.test\r\nX: y"),
        *(" https://api.test", "https://api.test ", "https://api.test\n", "https://api.test\x00", "https://ăpi.test"),
        *("https://api。test", "https://api.test/ä", "https://api.test/" + "a" * 600, "https://" + "a." * 200 + "test"),
        *(None, 7, True, ["https://api.test"], {"url": "https://api.test"}),
    ],
)
def test_anything_else_is_refused_and_not_repeated(said: Any) -> None:
    with pytest.raises(ValueError, match=r"^the reply names") as refused:
        named_upstream(said, HOSTS)
    assert not (isinstance(said, str) and said.strip() and said.strip() in str(refused.value))


@given(st.text(max_size=40), st.sampled_from(["https://", "https://api.test", "https://a.my.api.test/", ""]))
def test_whatever_is_said_the_host_is_one_of_the_list(said: str, before: str) -> None:
    try:
        named = named_upstream(before + said, HOSTS)
    except ValueError:
        return
    host, _, path = named.partition("/")
    assert HOSTS.sees(host)
    assert not {"..", "."} & set(path.split("/"))
    assert named.isascii()
    assert not set("?#@\\%:{} ") & set(named)
