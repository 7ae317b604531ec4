"""`/-/login`, `/-/logout`: the admin key is typed once, and a pass kept in its place (passes.py)."""

from __future__ import annotations

import hashlib

from proxy.admin.access import passes
from proxy.admin.access.asking import about, is_key
from proxy.admin.dashboard import rendering
from proxy.admin.dashboard.board import root, surroundings
from proxy.admin.page import Answer, Asked, Who, missing
from proxy.admin.view import View

POST = frozenset(("POST",))


class Login:
    PATH = "login"
    METHODS = POST
    WHO = Who.ANYONE

    async def answer(self, asked: Asked, view: View) -> Answer:
        key = view.loaded.config.admin.key
        if key is None:
            raise missing("there is no admin key to ask for")
        digest = hashlib.sha256(key.encode("utf-8")).digest()
        if not is_key(asked.form.get("key", "").encode("utf-8"), digest):
            if view.audit is not None:
                view.audit.request("request_refused", None, *about(asked.request), code="client_key_required")
            around = surroundings(asked.request, view) | {"here": None, "stream": None, "title": "Sign in"}
            return Answer.html(await rendering.page("login.html", around | {"wrong": True}), 403)
        kept = passes.cookie(root(view), view.desk.passes.issue(digest), secure=asked.request.secure)
        return Answer.see(root(view), kept)


class Logout:
    PATH = "logout"
    METHODS = POST
    WHO = Who.ANYONE

    async def answer(self, asked: Asked, view: View) -> Answer:
        return Answer.see(root(view), passes.cookie(root(view), "", secure=asked.request.secure))
