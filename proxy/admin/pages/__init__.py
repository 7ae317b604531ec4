"""The pages of `/-/`, one file for each; a new one is a file here, for people in dashboard/, and its row below."""

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
from proxy.admin.pages import healthz, metrics, providers, readyz, status, token

FOR_ALL: tuple[Page, ...] = (healthz, readyz, token)
"""Whoever asks comes by the listeners that serve routes."""

BOARDS = (PROVIDERS, ROUTES, LIVE, SETUP, TRY, RELOAD)
FOR_OPERATORS: tuple[Page, ...] = (
    status,
    metrics,
    providers,
    *BOARDS,
    Events(BOARDS),
    assets,
    Login(),
    Logout(),
    Again(),
    Send(),
)
"""With `admin.listen` these are there alone."""

PAGES = (*FOR_ALL, *FOR_OPERATORS)
