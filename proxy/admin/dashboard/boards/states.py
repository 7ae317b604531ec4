"""What a credential's state means, in words, and what a person should do about it. Pure.

Owns: the words. Must not know: cells, templates.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.admin.report import ProviderReport

GOOD: Final = "good"
BUSY: Final = "busy"
BAD: Final = "bad"
IDLE: Final = "idle"


class Words(NamedTuple):
    """`tone`: GOOD, BUSY (it mends itself), BAD (someone has to do something) or IDLE."""

    tone: str
    label: str
    meaning: str


STATES: Final[dict[str, Words]] = {
    "static": Words(GOOD, "fixed key", "A key that does not expire; it is sent as it is."),
    "fresh": Words(GOOD, "fresh", "A live token is at hand."),
    "stale": Words(GOOD, "renewing early", "The token is good; the next one is fetched in the background."),
    "due": Words(BUSY, "about to expire", "Calls wait for the next token, or take this one while it lives."),
    "empty": Words(IDLE, "no token yet", "The first call that needs one fetches it."),
    "expired": Words(IDLE, "expired", "Nobody has asked for a while; the next call fetches another one."),
    "refused": Words(BUSY, "refused by the API", "The token died early; the next call brings another one."),
    "backing_off": Words(BUSY, "waiting for the issuer", "The issuer failed. Until it is asked again calls get a 503."),
    "latched": Words(BAD, "credential refused", "The issuer says that id or secret is wrong. Calls get a 424."),
    "login_required": Words(BAD, "login needed", "A person has to log in. Calls get a 424."),
    "unconfigured": Words(BAD, "asleep", "A secret is missing. Calls get a 424."),
}


def words(report: ProviderReport) -> Words:
    if report.state == "static" and report.last_error is not None:
        return Words(BAD, "refused by the API", "The API takes this key no more. Calls get its refusal.")
    if report.state in ("empty", "expired") and report.last_error is not None:
        return Words(BUSY, "issuer failed", "The next call that needs a token asks it again.")
    return STATES.get(report.state, Words(IDLE, report.state.replace("_", " "), ""))


def advice(name: str, report: ProviderReport) -> str | None:
    """What to do, in a sentence; None where nothing is to be done."""
    if report.state == "unconfigured":
        return "Set it in the environment or in .env beside the config; what is saved there counts at once."
    if report.state == "login_required":
        return f"Run: keyless login {name}"
    if report.last_error is None:
        return None
    if report.state == "static":
        return "Put another key where this one is; what is saved there counts at once."
    if report.state == "latched":
        return report.hint or "Correct id and secret where they are set; what is saved there is tried at once."
    return report.hint
