"""The pages of `/-/`, one file for each; a new one is a file here and its row below."""

from __future__ import annotations

from proxy.admin.page import Page
from proxy.admin.pages import healthz, metrics, providers, readyz, status, token

PAGES: tuple[Page, ...] = (healthz, readyz, status, metrics, token, providers)
