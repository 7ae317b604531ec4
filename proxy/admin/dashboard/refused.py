"""What a person sees in place of a page: that the admin key is asked for, or why not and what to do.

Must not know: pages that are shown.
"""

from __future__ import annotations

from proxy.admin.dashboard import rendering
from proxy.admin.dashboard.board import surroundings
from proxy.admin.page import Answer
from proxy.admin.view import View
from proxy.errors import Fault
from proxy.wire.inbound.request import Request


async def refused(request: Request, fault: Fault, view: View) -> Answer:
    around = surroundings(request, view) | {"here": None, "stream": None}
    if fault.code == "client_key_required":
        page = await rendering.page("login.html", around | {"title": "Sign in", "wrong": False})
    else:
        page = await rendering.page("refused.html", around | {"title": "Not here", "problem": fault.problem()})
    answer = Answer.html(page, fault.status)
    return answer._replace(headers=(*answer.headers, ("X-Keyless-Error", fault.code)))
