"""The URL of a Redis: what is taken, what is refused, and that a value in it stays a value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.values.redis_url import ONE_PRIMARY, RedisUrl, joined


@pytest.mark.parametrize(
    ("text", "where", "rest"),
    [
        ("redis://h", "redis://h:6379", (0, None, None)),
        ("rediss://h:1/", "rediss://h:1", (0, None, None)),
        ("redis://:p%2Fw%41@h/3", "redis://h:6379", (3, None, "p/wA")),
        ("redis://u:p:w@[::1]:7/0", "redis://[::1]:7", (0, "u", "p:w")),
        ("redis://u@h", "redis://h:6379", (0, "u", None)),
    ],
)
def test_parts(text: str, where: str, rest: tuple[int, str | None, str | None]) -> None:
    url = RedisUrl.parse(text)
    assert url.where == where
    assert (url.database, url.user, url.password) == rest
    assert "p/wA" not in repr(url)


def test_options_are_redis_pys() -> None:
    url = RedisUrl.parse("rediss://h?ssl_ca_certs=/etc/ca%20s.pem&ssl_check_hostname=no&protocol=2")
    assert url.options == {"ssl_ca_certs": "/etc/ca s.pem", "ssl_check_hostname": False, "protocol": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("redis://:secret@h:port", "the port is a number"),
        ("redis://:secret@h:99999", "the port is a number"),
        ("redis://:secret@[::1", "the host is missing"),
        ("redis://:secret@", "the host is missing"),
        ("redis://:sec/ret@h", "%2F"),
        ("redis://:sec?ret@h", "%3F"),
        ("redis://:sec#ret@h", "%23"),
        ("redis://h/secret", "the database is a number"),
        ("redis://h?secret=1", "unknown option"),
        ("redis://h?protocol=9", "expected one of 2, 3"),
        ("redis+sentinel://:secret@h", ONE_PRIMARY),
        ("redis://:secret@a:1,b:2", ONE_PRIMARY),
        ("http://secret", "expected redis://"),
    ],
)
def test_refused_in_words_that_quote_nothing(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as refused:
        RedisUrl.parse(text)
    assert says in str(refused.value)
    assert "secret" not in str(refused.value)


@given(st.text(min_size=1))
def test_a_password_is_a_value_whatever_it_holds(password: str) -> None:
    try:
        password.encode()
    except UnicodeEncodeError:
        return
    url = RedisUrl.parse(joined([("redis://:", False), (password, True), ("@h:1/2", False)]))
    assert (url.password, url.host, url.port, url.database) == (password, "h", 1, 2)


def test_what_a_reference_brings() -> None:
    both = RedisUrl.parse(joined([("redis://", False), ("u/1:p@w", True), ("@h", False)]))
    assert (both.user, both.password) == ("u/1", "p@w")
    assert joined([("redis://:p%2Fw@h", True)]) == "redis://:p%2Fw@h", "whole, it is a URL already"
    assert joined([("redis://:", False), ("a@b", True), ("@", False), ("h:1/2", True)]) == "redis://:a%40b@h:1/2"
    assert joined([("file:", False), ("a b@", True)]) == "file:a b@"
