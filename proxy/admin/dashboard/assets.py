"""`/-/static/NAME`: what pages load. Nothing else is in that folder but its licences."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from proxy.admin.page import READ, Answer, Asked, Who, missing
from proxy.admin.view import View

PATH = "static/*"
METHODS = READ
WHO = Who.ANYONE

FOLDER = Path(__file__).parent / "static"
_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


async def answer(asked: Asked, _view: View) -> Answer:
    (name,) = asked.names
    content = _assets().get(name)
    if content is None:
        raise missing(f"no page loads {name}")
    return Answer.asset(content, _KINDS[Path(name).suffix])


@cache
def _assets() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in _KINDS}
