"""What lies under `/-/`: the pages of pages/, for those who may see them.

Owns: that every request is looked at by the guard first, is led to its page, and is written down where it is refused.
Must not know: what a page says, how requests are forwarded.
"""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from proxy.admin.asking import about, check_operator
from proxy.admin.page import Asked, Page, Who, missing, names_in
from proxy.admin.pages import PAGES
from proxy.admin.view import View
from proxy.config import model
from proxy.errors import Fault
from proxy.plan.admission.guard import Guard
from proxy.plan.target import split_path
from proxy.serve.sessions import refuse_session_key
from proxy.wire.inbound import own
from proxy.wire.inbound.request import Request


class Admin:
    """One per plan. `admin.key` opens it from anywhere; without one only this machine may look."""

    def __init__(self, config: model.Admin, view: View, pages: tuple[Page, ...] = PAGES) -> None:
        self._view = view
        self._pages = pages
        self._path = config.path
        self._prefix = config.path.encode("ascii")
        self._key = None if config.key is None else hashlib.sha256(config.key.encode("utf-8")).digest()

    def takes(self, target: bytes) -> bool:
        return target.startswith(self._prefix)

    async def handle(self, request: Request, guard: Guard) -> None:
        page = None
        try:
            guard.host(request.known)
            guard.origin(request.known)
            page, names = self._lookup(request)
            if page.WHO is not Who.ANYONE:
                refuse_session_key(request.known)
            if page.WHO is Who.OPERATOR:
                check_operator(request, guard, self._key)
            answer = await page.answer(Asked(request, names), self._view)
        except Fault as fault:
            if page is None or page.WHO is not Who.ITS_OWN:
                self._write_down(request, fault)
            return own.fault(request, fault, None)
        return own.reply(request, answer.status, list(answer.headers), answer.content_type, answer.body)

    def _lookup(self, request: Request) -> tuple[Page, list[str]]:
        path = split_path(request.target)[0].decode("latin-1")
        parts = [unquote(part) for part in path.removeprefix(self._path).split("/")]
        for page in self._pages:
            names = names_in(parts, page.PATH)
            if names is not None and request.method in page.METHODS:
                return page, names
        raise missing(f"nothing lies at {path}")

    def _write_down(self, request: Request, fault: Fault) -> None:
        if self._view.audit is not None and fault.refuses:
            self._view.audit.request("request_refused", None, *about(request), code=fault.code)
