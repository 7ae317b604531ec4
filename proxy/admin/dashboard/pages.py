"""The pages of `/-/` for people; a new one is a file beside this one, or in boards/, and its row below."""

from __future__ import annotations

from proxy.admin.dashboard import assets
from proxy.admin.dashboard.boards.live import LIVE
from proxy.admin.dashboard.boards.providers import PROVIDERS
from proxy.admin.dashboard.boards.reload import RELOAD, Again
from proxy.admin.dashboard.boards.routes import ROUTES
from proxy.admin.dashboard.boards.setup import SETUP
from proxy.admin.dashboard.boards.try_it import TRY, Send
from proxy.admin.dashboard.events import Events
from proxy.admin.dashboard.login import Login, Logout
from proxy.admin.page import Page

BOARDS = (PROVIDERS, ROUTES, LIVE, SETUP, TRY, RELOAD)
FOR_PEOPLE: tuple[Page, ...] = (*BOARDS, Events(BOARDS), assets, Login(), Logout(), Again(), Send())
