"""A request in the making: what a credential may stand in, or be computed from."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from proxy.auth.keys.provider import Inject
from proxy.auth.placing.draft import Draft, Names
from proxy.auth.placing.inject import Injection
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.values.now import Now
from proxy.values.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.auth.placing.draft import Placing

TOKEN = Token.eternal("s3cr3t", Now(0.0, 0.0))


def drafted(*lines: bytes, base: bytes = b"/v1", rest: bytes = b"/x", query: bytes = b"", method: str = "GET") -> Draft:
    made = Draft(method, Origin(True, "api.test", 443), base, rest, list(lines))
    made.query = query
    return made


def placed(draft: Draft, path: tuple[str, ...] = (), **places: Any) -> Draft:
    Injection.compile(Inject.model_validate(places), None, tuple(map(Template.parse, path))).place(draft, TOKEN)
    return draft


@pytest.mark.parametrize(
    ("base", "rest", "path"),
    [
        (b"/", b"", b"/"),
        (b"/", b"/x", b"/x"),
        (b"/v1", b"", b"/v1"),
        (b"/v1/", b"", b"/v1/"),
        (b"/v1/", b"/", b"/v1/"),
        (b"/v1/", b"/x", b"/v1/x"),
        (b"/bot1:a", b"/getMe", b"/bot1:a/getMe"),
        (b"/bot1:a", b"", b"/bot1:a"),
    ],
)
def test_what_stood_behind_the_prefix_goes_behind_the_base(base: bytes, rest: bytes, path: bytes) -> None:
    assert drafted(base=base, rest=rest).target == path


@pytest.mark.parametrize(
    ("own", "query", "target"),
    [(b"", b"", b"/v1/x"), (b"a=1", b"", b"/v1/x?a=1"), (b"", b"b", b"/v1/x?b"), (b"a=1", b"b", b"/v1/x?a=1&b")],
)
def test_the_upstreams_query_comes_first(own: bytes, query: bytes, target: bytes) -> None:
    draft = drafted(query=query)
    draft.own_query = own
    assert draft.target == target


@pytest.mark.parametrize(("own", "target"), [(b"", b"/v1/x?"), (b"a=1", b"/v1/x?a=1")])
def test_a_lone_question_mark_stays(own: bytes, target: bytes) -> None:
    draft = drafted()
    draft.own_query, draft.lone = own, True
    assert draft.target == target


def test_fields_are_what_the_lines_hold_however_they_are_bundled() -> None:
    draft = drafted(b"A: 1\r\n", b"B: x: y\r\nC: \r\n")
    assert draft.fields == [(b"A", b"1"), (b"B", b"x: y"), (b"C", b"")]


def test_each_place_of_an_injection() -> None:
    draft = placed(
        drafted(b"Accept: a\r\n", query=b"key=theirs&a=1"),
        header={"X-Key": "{token}"},
        query={"key": "{token}"},
        cookie={"sid": "{token}"},
    )
    assert draft.lines == [b"Accept: a\r\n", b"X-Key: s3cr3t\r\n"]
    assert draft.target == b"/v1/x?a=1&key=s3cr3t"
    assert draft.cookie == b"sid=s3cr3t"
    assert draft.body is None


def test_cookies_of_the_client_stay_but_for_the_one_that_is_filled() -> None:
    draft = drafted()
    draft.cookie = b"a=1; SID=theirs"
    assert placed(draft, cookie={"sid": "{token}"}).cookie == b"a=1; sid=s3cr3t"


def test_a_path_with_a_credential_takes_the_place_of_the_base() -> None:
    assert placed(drafted(base=b"/bot"), ("/bot{token}",)).target == b"/bots3cr3t/x"


@pytest.mark.parametrize(
    ("lines", "body", "places", "sent", "kind"),
    [
        ((), b"", {"json": {"k": "{token}"}}, b'{"k":"s3cr3t"}', b"application/json"),
        ((), b"a=1", {"form": {"k": "{token}"}}, b"a=1&k=s3cr3t", b"application/x-www-form-urlencoded"),
        (
            (b"Content-Type: application/json; charset=x\r\n",),
            b"{}",
            {"json": {"k": "{token}"}},
            b'{"k":"s3cr3t"}',
            None,
        ),
        ((b"content-type: text/plain\r\n",), b"", {"form": {"k": "{token}"}}, b"k=s3cr3t", None),
    ],
)
def test_a_body_gets_its_type_where_the_client_named_none(
    lines: tuple[bytes, ...], body: bytes, places: dict[str, Any], sent: bytes, kind: bytes | None
) -> None:
    draft = drafted(*lines, method="POST")
    draft.body = body
    assert placed(draft, **places).body == sent
    added = draft.lines[len(lines) :]
    assert added == ([] if kind is None else [b"Content-Type: " + kind + b"\r\n"])


@pytest.mark.parametrize(
    ("line", "body", "places", "why"),
    [
        (b"Content-Type: text/plain\r\n", b"a=1", {"form": {"k": "{token}"}}, "expected a form"),
        (b"Content-Encoding: gzip\r\n", b"\x1f\x8b", {"form": {"k": "{token}"}}, "not whole gzip"),
        (b"A: b\r\n", b"[1]", {"json": {"k": "{token}"}}, "expected a JSON object"),
    ],
)
def test_a_body_that_can_not_take_it_is_the_clients_fault(
    line: bytes, body: bytes, places: dict[str, Any], why: str
) -> None:
    draft = drafted(line)
    draft.body = body
    with pytest.raises(Fault, match=why) as refused:
        placed(draft, **places)
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize(
    ("kind", "body", "places", "sent"),
    [
        (b"application/json", b'{"a":1}', {"json": {"k": "{token}"}}, b'{"a":1,"k":"s3cr3t"}'),
        (b"application/x-www-form-urlencoded", b"a=1", {"form": {"k": "{token}"}}, b"a=1&k=s3cr3t"),
    ],
)
def test_a_compressed_body_is_opened_and_what_was_said_of_its_bytes_goes(
    kind: bytes, body: bytes, places: dict[str, Any], sent: bytes
) -> None:
    draft = drafted(b"Content-Encoding: gzip\r\nA: b\r\n", b"Content-Type: " + kind + b"\r\n", b"Content-MD5: x\r\n")
    draft.body = gzip.compress(body)
    assert placed(draft, **places).body == sent
    assert draft.lines == [b"A: b\r\n", b"Content-Type: " + kind + b"\r\n"]


def test_a_masked_injection_places_stars_and_needs_no_token() -> None:
    secret = Inject.model_validate({"header": {"A": "Bearer {reply.x}", "B": "lit3ral"}, "query": {"k": "{basic}"}})
    made = Injection.compile(secret, "czNjcjN0", (Template.parse("/bot{token}"),)).masked(lambda _: "***")
    draft = drafted(base=b"/bot")
    made.place(draft, TOKEN)
    assert draft.lines == [b"A: ***\r\nB: ***\r\n"]
    assert draft.target == b"/bot***/x?k=%2A%2A%2A"
    assert made.places == {"header": {"A": "***", "B": "***"}, "query": {"k": "***"}}


class Signed:
    """A placing of another kind: all that a signature is made of is at hand."""

    names = Names(headers=frozenset((b"x-signature",)))
    needs_body = True
    places: dict[str, dict[str, str]] = {}  # noqa: RUF012 -- never written to

    def place(self, draft: Draft, token: Token) -> None:
        digest = hashlib.sha256(draft.body or b"").hexdigest()[:8]
        held = " ".join(sorted(name.decode() for name, _ in draft.fields))
        text = f"{draft.method} {draft.origin.authority} {draft.target.decode()} {held} {digest} "
        text += f"{draft.clock().wall:.0f} "
        draft.lines.append(b"X-Signature: %b\r\n" % (text + token.value).encode())

    def masked(self, hide: Callable[[Template], str]) -> Placing:
        return self

    def carried(self, token: Token) -> tuple[str, ...]:
        return ()


def test_a_signature_is_placed_like_a_header() -> None:
    draft = drafted(b"Accept: a\r\n", query=b"b=2", method="POST")
    draft.body, draft.clock = b"{}", lambda: Now(0.0, 1700000000.0)
    signed: Placing = Signed()
    signed.place(draft, TOKEN)
    assert draft.lines[-1] == b"X-Signature: POST api.test /v1/x?b=2 Accept 44136fa3 1700000000 s3cr3t\r\n"
