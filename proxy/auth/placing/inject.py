"""Where a credential goes: templates compiled once, rendered once per token.

Owns: the finished bytes for each place, safe to send (docs/traps.md 20, 22), and their way into a draft; how a query, a
cookie or a body is edited is `places.py`'s part. Must not know: routes, who sends it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from proxy.auth.keys.provider import Inject
from proxy.auth.paths import Path, as_text, compile_path
from proxy.auth.per_token import PerToken
from proxy.auth.placing import places
from proxy.auth.placing.beside import Beside, stand_beside
from proxy.auth.placing.carried import cookie_pair, header_line, safe, segment
from proxy.auth.placing.draft import Draft, Names
from proxy.auth.placing.editing import FORM, editable
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.http.grammar import OF_THE_CONNECTION, TOKEN
from proxy.values.secret import HIDDEN
from proxy.values.template import Template

Field = tuple[tuple[str, ...], str]


@dataclass(slots=True, eq=False, repr=False)
class Rendered:
    """The credential, ready for each place. All of it is secret, so its repr shows nothing.

    `headers` are finished lines, `query` and `form` encoded pairs, `cookie` is `a=b; c=d`, `json` are values by the
    keys that lead to them, `path` are the route's path templates, filled in.
    """

    headers: bytes = b""
    query: bytes = b""
    cookie: bytes = b""
    json: tuple[Field, ...] = ()
    form: bytes = b""
    path: tuple[str, ...] = ()


class _Slot(NamedTuple):
    name: str
    template: Template


@dataclass(slots=True, eq=False, repr=False)
class Injection:
    """One provider's places, on all routes that have the same: the `Placing` of a credential that is text."""

    header_names: frozenset[bytes]
    query_names: frozenset[str]
    cookie_names: frozenset[str]
    form_fields: frozenset[str]
    needs_body: bool
    _inject: Mapping[str, tuple[_Slot, ...]]
    _path: tuple[Template, ...]
    _basic: str | None
    _reply: Mapping[str, Path]
    _beside: tuple[Beside, ...] = ()
    _user: str | None = None
    _rendered: PerToken[Rendered] = field(default_factory=PerToken)

    @classmethod
    def compile(
        cls, inject: Inject, basic: str | None, path_templates: tuple[Template, ...] = (), user: str | None = None
    ) -> Injection:
        """`basic` is the base64 pair for `{basic}`; with a `user`, the token is the other half. Raises ValueError for a
        place or a template that can't be.
        """
        slots = {
            place: tuple(_Slot(name, Template.parse(text)) for name, text in written.items())
            for place, written in inject.in_place.items()
        }
        header, query, cookie, form = (slots[place] for place in ("header", "query", "cookie", "form"))
        _check_names((*inject.header, *inject.cookie), tuple(inject.header))
        templates = [slot.template for several in slots.values() for slot in several]
        return cls(
            frozenset(slot.name.lower().encode() for slot in header),
            frozenset(slot.name.lower() for slot in query),
            frozenset(slot.name.lower() for slot in cookie),
            frozenset(slot.name.lower() for slot in form),
            bool(slots["json_"] or form),
            slots,
            path_templates,
            basic,
            _reply_paths([*templates, *path_templates], basic if user is None else user),
            tuple(Beside.of(name, _constant(slot.value), slot.mode) for name, slot in inject.beside.items()),
            user,
        )

    @property
    def names(self) -> Names:
        return Names(self.header_names, self.query_names, self.cookie_names)

    @property
    def places(self) -> dict[str, dict[str, str]]:
        """By kind, then by name: what is written there. It may be secret, but for a `masked` one's."""
        taken = {
            place.removesuffix("_"): {name: "".join(template.literals) for name, template in slots}
            for place, slots in self._inject.items()
            if slots
        }
        for beside in self._beside:
            name, _, _ = beside.line.decode("ascii").partition(":")
            taken.setdefault(f"header_{beside.mode}", {})[name] = beside.value.decode("ascii")
        return taken

    def masked(self, hide: Callable[[Template], str]) -> Injection:
        """The same places, in which stands what may be shown: `hide` says what of a text. Needs nothing of a token."""
        inject = {
            place: tuple(_Slot(name, Template((hide(template),))) for name, template in slots)
            for place, slots in self._inject.items()
        }
        path = tuple(Template((template.render(lambda _: HIDDEN),)) for template in self._path)
        beside = tuple(each.masked(hide) for each in self._beside)
        return replace(self, _inject=inject, _path=path, _basic=None, _reply={}, _beside=beside, _rendered=PerToken())

    def place(self, draft: Draft, token: Token) -> None:
        """Strip, then inject (docs/traps.md 20). Raises as `Placing.place` does."""
        rendered = self._rendered.get(token) or self.render(token)
        if rendered.headers:  # the client's were dropped with the others that don't pass
            draft.lines.append(rendered.headers)
        if self._beside:
            stand_beside(draft, self._beside)
        if self.query_names:
            draft.query = places.inject_query(draft.query, self.query_names, rendered.query)
        if rendered.path:
            draft.base = rendered.path[0].encode()
        if self.cookie_names or draft.cookie is not None:
            draft.cookie = places.inject_cookie(draft.cookie, self.cookie_names, rendered.cookie)
        if self.needs_body:
            self._edit(draft, rendered)

    def _edit(self, draft: Draft, rendered: Rendered) -> None:
        body = editable(draft, b"application/json" if rendered.json else FORM)
        if not rendered.json:
            draft.body = places.inject_form(body, self.form_fields, rendered.form)
            return
        try:
            draft.body = places.inject_json(body or b"{}", rendered.json)
        except ValueError as error:
            raise Fault("bad_request", f"the credential goes into the body, which can't take it: {error}") from None

    def render(self, token: Token) -> Rendered:
        """The finished form of this token, made once. Raises ValueError, without the value, if it can't be sent."""
        return self._rendered.get(token) or self._rendered.keep(token, self._render(token))

    def _render(self, token: Token) -> Rendered:
        def lookup(name: str) -> str:
            return self._value(name, token)

        def pairs(place: str) -> list[tuple[str, str]]:
            slots = self._inject[place]
            return [(name, safe(template.render(lookup), f"{place} {name}")) for name, template in slots]

        return Rendered(
            b"".join(header_line(name, value) for name, value in pairs("header")),
            encode_query(pairs("query")),
            "; ".join(cookie_pair(name, value) for name, value in pairs("cookie")).encode(),
            tuple((tuple(name.split(".")), value) for name, value in pairs("json_")),
            encode_form(pairs("form")),
            tuple(template.render(lambda name: segment(lookup(name))) for template in self._path),
        )

    def carried(self, token: Token) -> tuple[str, ...]:
        """What is injected of the issuer's reply beside the token: as good as one."""
        return tuple(value for path in self._reply.values() if (value := as_text(path.find(token.reply))))

    def _value(self, name: str, token: Token) -> str:
        if name == "token":
            return token.value
        if name == "basic" and self._user is not None:
            return b64encode(b":".join((self._user.encode(), token.value.encode()))).decode("ascii")
        if name == "basic" and self._basic is not None:
            return self._basic
        value = as_text(self._reply[name].find(token.reply))
        if value is None:
            raise ValueError(f"the issuer's reply has no text at `{name.removeprefix('reply.')}`")
        return value


def without_parameters(query: bytes, names: Names) -> bytes:
    """A query without what a credential stands in."""
    return places.inject_query(query, names.query, b"") if names.query else query


def encode_query(pairs: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs).encode()


def encode_form(pairs: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()


def _check_names(named: tuple[str, ...], headers: tuple[str, ...]) -> None:
    for name in named:
        if not TOKEN.fullmatch(name):
            raise ValueError(f"inject: {name!r} is no name for a header or a cookie")
    framing = next((name for name in headers if name.lower() in OF_THE_CONNECTION), None)
    if framing is not None:
        raise ValueError(f"inject: the header {framing} belongs to the connection, a credential can't go there")
    names = [name.lower() for name in headers]
    if len(names) != len(set(names)):
        raise ValueError("inject: the same header is given twice")


def _constant(text: str) -> str:
    template = Template.parse(text)
    if template.names:
        raise ValueError("inject: a credential takes the place of what a client sends, it can't stand beside it")
    return template.render(str)


def _reply_paths(templates: list[Template], basic: str | None) -> dict[str, Path]:
    paths = {}
    for name in {name for template in templates for name in template.names}:
        if name == "basic" and basic is None:
            raise ValueError("inject: {basic} needs a username and a password")
        if name.startswith("reply."):
            paths[name] = compile_path(name.removeprefix("reply."))
    return paths
