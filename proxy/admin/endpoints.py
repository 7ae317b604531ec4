"""What lies under `/-/`: the pages of pages/ and, for people, of dashboard/, for those who may see them.

Owns: that every request is looked at by the guard first, is led to its page, carries a button's token where it changes
something, and is written down where it is refused. Must not know: what a page says, how requests are forwarded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

from proxy.admin import streams
from proxy.admin.access.asking import about, check_operator, reads_html
from proxy.admin.page import READ, Answer, Asked, Page, Streaming, Who, missing, names_in
from proxy.admin.pages import PAGES
from proxy.admin.view import View
from proxy.config import model
from proxy.errors import Fault
from proxy.plan.admission.guard import Guard
from proxy.plan.target import split_path
from proxy.serve.body import Body
from proxy.serve.sessions import refuse_session_key
from proxy.wire.inbound import own
from proxy.wire.inbound.request import Request

_FORM = b"application/x-www-form-urlencoded"
LONGEST_FORM = 1024 * 1024


class Admin:
    """One per plan and kind of door. `admin.key` opens it from anywhere; without one only this machine may look."""

    def __init__(self, config: model.Admin, view: View, pages: Iterable[Page] = PAGES) -> None:
        self._view = view
        self._pages = pages
        self._path = config.path
        self.prefix = config.path.encode("ascii")
        self._key = None if config.key is None else hashlib.sha256(config.key.encode("utf-8")).digest()

    def takes(self, request: Request) -> bool:
        """Also a browser that asks for nothing in particular: it is shown the way."""
        target = request.target
        return target.startswith(self.prefix) or (target == b"/" and reads_html(request) and self._welcomes())

    def _welcomes(self) -> bool:
        return "/" not in self._view.plan.routes and any(page.PATH == "" for page in self._pages)

    async def handle(self, request: Request, guard: Guard) -> None:
        page, ours = None, False
        try:
            guard.host(request.known)
            guard.origin(request.known)
            ours = True
            page, names = self._lookup(request)
            await self._admit(request, page, guard)
            answer = await page.answer(Asked(request, names, await self._form(request, page)), self._view)
            if isinstance(answer, Streaming):
                return await streams.write(request, answer.pieces)
        except Fault as fault:
            if page is None or page.WHO is not Who.ITS_OWN:
                self._write_down(request, fault)
            # Under another's name or from another's page, no page of ours; nor behind what has begun.
            if not ours or request.connection.answered or not reads_html(request):
                return own.fault(request, fault, None)
            from proxy.admin.dashboard.refused import refused  # noqa: PLC0415 -- with the pages for people

            answer = await refused(request, fault, self._view)
        return own.reply(request, answer.status, list(answer.headers), answer.content_type, answer.body)

    def _lookup(self, request: Request) -> tuple[Page, list[str]]:
        path = split_path(request.target)[0].decode("latin-1")
        parts = [unquote(part) for part in path.removeprefix(self._path).split("/")]
        for page in self._pages:
            names = names_in(parts, page.PATH)
            if names is not None and request.method in page.METHODS:
                return page, names
        if path == "/":
            return Welcome(self._path), []
        raise missing(f"nothing lies at {path}")

    async def _admit(self, request: Request, page: Page, guard: Guard) -> None:
        if page.WHO is not Who.ANYONE:
            refuse_session_key(request.known)
        if page.WHO is Who.OPERATOR:
            check_operator(request, guard, self._key, self._view.desk.passes)

    async def _form(self, request: Request, page: Page) -> dict[str, str]:
        """What was sent. A browser must have had it from one of our pages. Raises Fault."""
        if request.method in READ:
            return {}
        fields: dict[str, str] = {}
        kind = (request.header(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind == _FORM and (body := await Body.of(request, 0, LONGEST_FORM, whole=True)) is not None:
            text = (body.whole or b"").decode("utf-8", "replace")
            fields = dict(parse_qsl(text, keep_blank_values=True))
        if page.WHO is not Who.ITS_OWN:
            self._view.desk.passes.check_button(request.known, fields)
        return fields

    def _write_down(self, request: Request, fault: Fault) -> None:
        if self._view.audit is not None and fault.refuses:
            self._view.audit.request("request_refused", None, *about(request), code=fault.code)


class Welcome:
    """To who asked for nothing in particular."""

    PATH = "/"
    METHODS = READ
    WHO = Who.ANYONE

    def __init__(self, path: str) -> None:
        self._path = path

    async def answer(self, _asked: Asked, _view: View) -> Answer:
        return Answer.see(self._path)
