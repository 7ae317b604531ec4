"""`/-/status`: all that is known of providers, routes and workers, and no secret (report.py)."""

from __future__ import annotations

from proxy.admin.page import READ, Answer, Asked, Who
from proxy.admin.view import View

PATH = "status"
METHODS = READ
WHO = Who.OPERATOR


async def answer(_asked: Asked, view: View) -> Answer:
    return Answer.json((await view.status()).document())
