"""URLs in JSON strings: which become the proxy's, in all spellings, over all splittings; and that nothing else changes.

The reference reads JSON byte by byte, as the code never does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.auth.placing.draft import Names
from proxy.plan.replies.json_urls import JsonUrls, UrlStream, in_string
from proxy.plan.replies.links import Links
from proxy.plan.replies.rewrite import Rewrite
from proxy.plan.target import Target

OWN = b"http://127.0.0.1:8080"
HOSTS = ("files.test", "*.cdn.test")


def urls(upstream: str = "https://api.test/v1", *hosts: str, kept: bytes = b"", prefix: bytes = b"/api") -> JsonUrls:
    return Rewrite(Links(Target.parse(upstream), prefix, Names(), kept=kept), hosts or HOSTS)._urls


URLS = urls()


def through(text: bytes, *cuts: int, of: JsonUrls = URLS) -> bytes:
    stream = UrlStream(of, OWN)
    ends = [*sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return b"".join(map(stream.feed, pieces)) + stream.end()


def local(text: str, of: JsonUrls = URLS) -> str:
    """What becomes of one string."""
    changed = json.loads(through(json.dumps(text).encode(), of=of))
    assert isinstance(changed, str)
    return changed


# ------------------------------------------------------------------------------------------- which


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://api.test/v1", "/api"),
        ("https://api.test/v1/x?a=1#b", "/api/x?a=1#b"),
        ("https://api.test/v1?a=1", "/api?a=1"),
        ("https://api.test/v1#x", "/api#x"),
        ("https://api.test/v1{?page}", "/api{?page}"),
        ("https://api.test/v1/https://api.test/v1/x", "/api/https://api.test/v1/x"),
        ("http://api.test/v1/x", "/api/x"),
        ("https://api.test:443/v1/x", "/api/x"),
        ("http://api.test:80/v1/x", "/api/x"),
        ("HTTPS://API.Test/v1/x", "/api/x"),
        ("https://files.test", "/api/~files.test"),
        ("https://files.test/a/b?c", "/api/~files.test/a/b?c"),
        ("https://Files.Test:443/a", "/api/~files.test/a"),
        ("https://files.test{/name}", "/api/~files.test{/name}"),
        ("https://a.cdn.test/x", "/api/~a.cdn.test/x"),
        ("https://A.b-c.cdn.test:443/x", "/api/~a.b-c.cdn.test/x"),
        ("https://api.test/v1/中文", "/api/中文"),
    ],
)
def test_the_apis(url: str, path: str) -> None:
    assert local(url) == OWN.decode() + path


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://api.test",
            "https://api.test/",
            "https://api.test/v2",
            "https://api.test/v10",
            "https://api.test/V1",
        ),
        *("https://api.test.evil.test/v1", "https://api.test@evil.test/v1", "https://u:p@api.test/v1"),
        *("https://api.test:8443/v1", "https://api.test:/v1", "ftp://api.test/v1", "//api.test/v1", "/v1/x"),
        *(" https://api.test/v1", "see https://api.test/v1", "api.test/v1", "https:/api.test/v1", "https://", ""),
        *("https://cdn.test/x", "https://.cdn.test/x", "https://-.cdn.test/x", "https://a..cdn.test/x"),
        *("http://files.test/x", "https://files.test:80/x", "https://files.test.", "https://xfiles.test/"),
        *("https://\u212a.cdn.test/x", "https://api.test/v1\\x", "\ud83d\ude00", "https://api.test/v1\n"),
        "https://" + "a" * 250 + ".cdn.test/x",
    ],
)
def test_others(url: str) -> None:
    text = json.dumps(url).encode()
    assert through(text) == text


def test_a_base_that_takes_the_prefix_along() -> None:
    kept = urls(kept=b"/api")
    assert local("https://api.test/v1/api/x", kept) == "http://127.0.0.1:8080/api/x"
    assert local("https://api.test/v1/x", kept) == "https://api.test/v1/x"


def test_a_port_of_its_own() -> None:
    near = urls("http://127.0.0.1:9", "files.test")
    assert local("http://127.0.0.1:9/x", near) == "http://127.0.0.1:8080/api/x"
    assert local("http://files.test:9/x", near) == "http://127.0.0.1:8080/api/~files.test/x"
    for other in ("http://127.0.0.1:98/x", "http://127.0.0.1/x", "http://files.test/x", "https://files.test:9/x"):
        assert local(other, near) == other


def test_the_root_and_a_route_without_a_prefix() -> None:
    assert local("https://api.test", urls("https://api.test", prefix=b"")) == "http://127.0.0.1:8080"
    assert local("https://api.test/x", urls("https://api.test/", prefix=b"")) == "http://127.0.0.1:8080/x"


def test_a_token_in_the_path_stays_where_it_is() -> None:
    bot = urls("https://api.test/bot{token}", "files.test")
    assert local("https://api.test/botSECRET/x", bot) == "https://api.test/botSECRET/x"
    assert local("https://files.test/x", bot) == "http://127.0.0.1:8080/api/~files.test/x"


@pytest.mark.parametrize(
    ("raw", "changed"),
    [
        (rb'"https:\/\/api.test\/v1\/x\/y"', rb'"http://127.0.0.1:8080/api\/x\/y"'),
        (rb'"\u0068ttps:\u002f\u002Fapi.test/v1\u002fx"', rb'"http://127.0.0.1:8080/api\u002fx"'),
        (rb'"https://a\u002ecdn.test/x"', rb'"http://127.0.0.1:8080/api/~a.cdn.test/x"'),
        (rb'["https://api.test/v1","a"]', rb'["http://127.0.0.1:8080/api","a"]'),
        (rb'{"https://api.test/v1/k" : "https://files.test"}', None),
        (rb'"\"https://api.test/v1/x\""', rb'"\"https://api.test/v1/x\""'),
        (rb'"\\"', rb'"\\"'),
        (rb'["\\","https://files.test/\\"]', rb'["\\","http://127.0.0.1:8080/api/~files.test/\\"]'),
        (rb'"https:\\/\\/api.test/v1/x"', rb'"https:\\/\\/api.test/v1/x"'),
        (rb'"\uD83D\u0068ttps://api.test/v1/x"', rb'"\uD83D\u0068ttps://api.test/v1/x"'),
        (b'"https://api.test/v1/x', b'"http://127.0.0.1:8080/api/x'),
        (b'"https://api.test/v', b'"https://api.test/v'),
        (b'"\xff\xfe', b'"\xff\xfe'),
    ],
)
def test_as_it_is_spelled(raw: bytes, changed: bytes | None) -> None:
    if changed is None:
        changed = raw.replace(b"https://api.test/v1", OWN + b"/api").replace(
            b"https://files.test", OWN + b"/api/~files.test"
        )
    for cut in range(len(raw)):
        assert through(raw, cut) == changed
    assert through(raw, *range(len(raw))) == changed


def test_an_address_that_a_client_made_up_stays_within_its_string() -> None:
    assert in_string(b'http://a"b\\\xe9') == rb"http://a\"b\\\u00e9"


# ------------------------------------------------------------------------------------------- what waits


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        (b'{"a":"https://api.test/v', True),
        (b'{"a":"', True),
        (b'{"a":"ht', True),
        (b'{"a":"\\u00', True),
        (b'{"a":"https://a.b.c', True),
        (b'{"a":"https://api.test/v1', True),
        (b'{"a":"https://api.test/v1/', False),
        (b'{"a":"hello', False),
        (b'{"a":"https://other.org/', False),
        (b'{"a":"x"}', False),
        (b'{"a":"x"}\n', False),
        (b'{"a":"\\"', False),
        (b'{"a":"https://' + b"a" * 300, False),
        (b'"' + b'\\"' * 5000, False),
    ],
)
def test_only_what_is_undecided_waits(text: bytes, waits: bool) -> None:
    stream = UrlStream(URLS, OWN)
    out = stream.feed(text)
    assert (len(stream._held) > 0) is waits
    assert len(stream._held) < 2048
    assert (out + stream.end() == text) or not waits


# ------------------------------------------------------------------------------------------- over all splittings

TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def reference(text: bytes) -> bytes:
    """String by string, each decoded whole."""
    return TOKENS.sub(lambda found: one(found[0]), text)


def one(raw: bytes) -> bytes:
    units = re.findall(rb"\\u[0-9a-fA-F]{4}|\\.|.", raw[1:-1], re.DOTALL)
    for size in range(len(units) + 1):
        place = own_place(decoded(units[:size]))
        if place is not None and (size == len(units) or decoded(units[size : size + 1])[:1] in ("/", "?", "#", "{")):
            return b'"%b%b%b"' % (OWN, place, b"".join(units[size:]))
    return raw


def decoded(units: list[bytes]) -> str:
    return str(json.loads(b'"%b"' % b"".join(units).decode("latin-1").encode(), strict=False))


def own_place(url: str) -> bytes | None:
    found = re.fullmatch(r"(?i:https?://api\.test(?::443)?|http://api\.test:80)/v1", url, re.ASCII)
    if found:
        return b"/api"
    found = re.fullmatch(r"(?i:https://(files\.test|[a-z0-9.]+\.cdn\.test)(?::443)?)", url, re.ASCII)
    if found and ".." not in found[1] and not found[1].startswith("."):
        return b"/api/~" + found[1].lower().encode()
    return None


PARTS = st.sampled_from(
    [
        *("https://api.test/v1", "http://api.test/v1", "https://files.test", "https://a.cdn.test", "https://api.test"),
        *("/x", "?a", "#", "{b}", "/", ":443", "\\", '"', "h", "https:", "//", "中", "é", "\x01", "😀", ".", "a"),
    ]
)
STRINGS = st.lists(PARTS, max_size=5).map("".join)
VALUES = st.recursive(
    st.none() | st.integers() | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=10,
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """JSON, spelled in many ways."""
    text = json.dumps(
        draw(VALUES), ensure_ascii=draw(st.booleans()), separators=draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    )
    if draw(st.booleans()):
        text = text.replace("/", "\\/")
    if draw(st.booleans()):
        text = "".join(spelled(text, draw(st.integers(0, 2**32))))
    return text.encode("utf-8", "surrogatepass")


def spelled(text: str, seed: int) -> Iterator[str]:
    """Some letters as escapes; not behind a backslash, where they may be part of one."""
    for at, letter in enumerate(text):
        plain = letter in "htpsaifles:.:1" and text[max(0, at - 6) : at].count("\\") == 0 and in_a_string(text, at)
        yield f"\\u{ord(letter):04x}" if plain and (seed >> (at % 32)) & 1 else letter


def in_a_string(text: str, at: int) -> bool:
    return text[:at].replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1


@given(texts(), st.lists(st.integers(0, 400), max_size=6))
@example(b'["https://api.test/v1","https://files.test"]', [1, 5, 22])
def test_any_text_in_any_pieces(text: bytes, cuts: list[int]) -> None:
    changed = reference(text)
    assert through(text, *(cut for cut in cuts if cut < len(text))) == changed
    assert through(text, *range(len(text))) == changed
    json.loads(changed)


@given(st.binary(max_size=60) | st.text(alphabet='"\\hu006ts:/api.v1', max_size=60).map(str.encode), st.integers(0, 60))
def test_what_is_no_json_comes_through_in_one_way(text: bytes, cut: int) -> None:
    """However it is cut; and nothing is lost."""
    assert through(text, min(cut, len(text))) == through(text) == through(text, *range(len(text)))
    if b"://" not in text:
        assert through(text) == text


def test_a_large_body_waits_in_no_part() -> None:
    stream = UrlStream(URLS, OWN)
    piece = json.dumps([{"url": "https://api.test/v1/x", "text": 'say "https://api.test/v1"' * 50}] * 40).encode()
    total = sum(len(stream.feed(piece)) for _ in range(50)) + len(stream.end())
    assert total == 50 * len(reference(piece))
