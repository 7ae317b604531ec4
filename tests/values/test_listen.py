"""Listening addresses."""

import pytest

from proxy.values.listen import Listener, is_loopback, parse


@pytest.mark.parametrize(
    ("text", "listener", "loopback", "url"),
    [
        ("127.0.0.1:8080", Listener("127.0.0.1", 8080), True, "http://127.0.0.1:8080"),
        ("LOCALHOST:0", Listener("localhost", 0), True, "http://localhost:0"),
        ("127.9.9.9:65535", Listener("127.9.9.9", 65535), True, "http://127.9.9.9:65535"),
        ("[::1]:80", Listener("::1", 80), True, "http://[::1]:80"),
        ("[::]:80", Listener("::", 80), False, "http://[::]:80"),
        ("0.0.0.0:80", Listener("0.0.0.0", 80), False, "http://0.0.0.0:80"),
        ("host.example:80", Listener("host.example", 80), False, "http://host.example:80"),
        ("localhost.evil.test:80", Listener("localhost.evil.test", 80), False, "http://localhost.evil.test:80"),
        ("unix:/run/x.sock", Listener("", 0, "/run/x.sock"), True, "unix:/run/x.sock"),
    ],
)
def test_good(text: str, listener: Listener, loopback: bool, url: str) -> None:
    assert parse(text) == listener
    assert listener.loopback is loopback
    assert listener.url == url


@pytest.mark.parametrize(
    "text",
    ["", "8080", ":8080", "*:80", "::1:80", "[::1]", "[::1:80", "[nonsense]:80", "[127.0.0.1:80", "h:", "h:-1",
     "h:65536", "h:999999", "h:80\n", "h:8o", "http://h:80", "unix:", "unix:x", "unix:/a\0b", "a b:80", "h:٣"],
)  # fmt: skip
def test_bad(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse(text)


@pytest.mark.parametrize("host", ["", "127.0.0.1.evil.test", "::2", "10.0.0.1", "0", "2130706433", "localhost."])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)
