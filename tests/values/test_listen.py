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
        ("http://127.0.0.1:80", Listener("127.0.0.1", 80), True, "http://127.0.0.1:80"),
        ("HTTPS://[::1]:80", Listener("::1", 80, tls=True), True, "https://[::1]:80"),
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
     "h:65536", "h:999999", "h:80\n", "h:8o", "ftp://h:80", "http://", "http://h:80/", "http://unix:/x", "://h:80",
     "unix:", "unix:x", "unix:/a\0b", "a b:80", "h:٣"],
)  # fmt: skip
def test_bad(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse(text)


@pytest.mark.parametrize("host", ["", "127.0.0.1.evil.test", "::2", "10.0.0.1", "0", "2130706433", "localhost."])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(("text", "tls"), [("h:1", True), ("http://h:1", False), ("https://h:1", True)])
def test_a_scheme_beats_what_holds_for_all(text: str, tls: bool) -> None:
    assert parse(text, tls=True).tls is tls


@pytest.mark.parametrize(
    ("one", "two", "meet"),
    [
        ("127.0.0.1:80", "https://127.0.0.1:80", True),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("127.0.0.1:80", "127.0.0.2:80", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("0.0.0.0:80", "127.0.0.1:80", True),
        ("0.0.0.0:80", "[::]:80", False),
        ("[::]:80", "[0:0::1]:80", True),
        ("localhost:80", "127.0.0.1:80", True),
        ("localhost:80", "[::1]:80", True),
        ("localhost:80", "127.0.0.2:80", False),
        ("a.example:80", "A.example:80", True),
        ("a.example:80", "b.example:80", False),
        ("unix:/a", "unix:/a", True),
        ("unix:/a", "unix:/b", False),
        ("unix:/a", "127.0.0.1:80", False),
    ],
)
def test_two_of_one_address(one: str, two: str, meet: bool) -> None:
    assert parse(one).meets(parse(two)) is meet
    assert parse(two).meets(parse(one)) is meet
