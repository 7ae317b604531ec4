"""`/-/healthz`: this process answers. Nothing else is looked at."""

from __future__ import annotations

from proxy.admin.page import READ, Answer, Asked, Who
from proxy.admin.view import View

PATH = "healthz"
METHODS = READ
WHO = Who.ANYONE


async def answer(_asked: Asked, _view: View) -> Answer:
    return Answer.json({"status": "ok"})
